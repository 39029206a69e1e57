/** @file Names that the text of a file stores the results of a call in, against the same said as one expression. */
import { expect, test } from "vitest"
import { namesStoring } from "../../src/source/stored"

test("names are found before calls, constructions and awaited ones, with and without types", () => {
  const text = `
    const a = maker(1), b: Net = new maker ( 2 )
    this.c = await maker(3)
    let d
      : Promise<Net> = this.maker(4)
    e
      = await new this.maker(5)
    f == maker(6); g = other(7); maker(8); h += maker(9); i.maker = 10; j = remaker(11)
    k = (maker)(12)
  `
  expect(namesStoring(text, "maker")).toEqual(["a", "b", "c", "d", "e"])
  expect(namesStoring("x = $f(1); y = f(2)", "$f")).toEqual(["x"])
  expect(namesStoring("= maker(1)", "maker")).toEqual([])
})

test("every text gives what one expression over all of it gives", () => {
  const parts = ["maker", "maker(", "=", " = ", "\n", " ", ":", ": T", "a", "b$", "await ", "new ", "this.", ";", "(", "=>", "==", ".", "\t\n  "]
  let state = 7
  const draw = (): number => (state = (state * 48271) % 2147483647)
  const whole = /(?<![\w$])([\w$]+)\s*(?::[^=;\n]+)?=\s*(?:await\s+)?(?:new\s+)?(?:this\.)?maker\s*\(/g
  let found = 0
  for (let round = 0; round < 5_000; round++) {
    const text = Array.from({ length: 24 }, () => parts[draw() % parts.length]).join("")
    const expected = Array.from(text.matchAll(whole), (match) => match[1])
    expect(namesStoring(text, "maker"), JSON.stringify(text)).toEqual(expected)
    found += expected.length
  }
  expect(found).toBeGreaterThan(200)
})
