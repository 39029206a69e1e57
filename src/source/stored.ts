/** @file Which names the text of a file stores the results of a function or class in, whatever their scope. */

/** Everything between the sign of an assignment and the name that is called. */
const between = "=\\s*(?:await\\s+)?(?:new\\s+)?(?:this\\.)?"
/** The name and its type, just before that sign. */
const stored = /(?<![\w$])([\w$]+)\s*(?::[^=;\n]+)?$/

/**
 * "a" for `const a: T = await new maker(…)` and for `this.a = this.maker(…)`. Calls are looked for before names: there are few of them, and to try
 * every name of a long file takes longer than following it.
 */
export function namesStoring(text: string, maker: string): readonly string[] {
  if (!text.includes(maker)) return []
  const calls = text.matchAll(new RegExp(`${between}${maker.replace(/\$/g, "\\$")}\\s*\\(`, "g"))
  return Array.from(calls, ({ index }) => stored.exec(text.slice(lineBefore(text, index), index))?.[1] ?? []).flat()
}

/** Where the line of the last sign before a place and its line's start begins: a name may stand above its type. */
function lineBefore(text: string, at: number): number {
  let above = text.lastIndexOf("\n", at - 1)
  while (above >= 0 && /\s/.test(text[above])) above--
  return above < 0 ? 0 : text.lastIndexOf("\n", above) + 1
}
