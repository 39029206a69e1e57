/** @file Which files the command line reads, and how pages become programs. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { displayPath, findFiles } from "../../src/hosts/cli/files"
import { scriptsOf } from "../../src/hosts/cli/pages"
import { createPrograms } from "../../src/hosts/cli/program"

let folder = ""
const write = (name: string, text = ""): void => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  fs.writeFileSync(path.join(folder, name), text)
}

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-files-"))
  for (const name of [
    "a.ts",
    "b.jsx",
    "types.d.ts",
    "notes.md",
    "lib/c.mjs",
    "lib/deep/d.cts",
    "node_modules/x/e.js",
    "dist/bundle.js",
    "lib/dist/bundle.js",
    ".git/hooks/hook.js",
    "lib/node_modules/y/f.ts",
    "page.html",
  ])
    write(name)
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

describe("finding files", () => {
  const find = async (...patterns: string[]): Promise<string[]> => (await findFiles(patterns, folder)).map((file) => displayPath(file, folder))
  test("folders are searched, without packages, outputs, hidden folders and declarations", async () => {
    expect(await find(".")).toEqual(["a.ts", "b.jsx", "lib/c.mjs", "lib/deep/d.cts", "page.html"])
  })
  test("a folder that is named is read, whatever its name", async () => {
    expect(await find("dist")).toEqual(["dist/bundle.js"])
  })
  test("links are followed, each folder once: a link to a folder above ends", async () => {
    write("linked/inside/g.ts")
    fs.symlinkSync("..", path.join(folder, "linked/inside/up"))
    fs.symlinkSync("inside", path.join(folder, "linked/other"))
    fs.symlinkSync("nowhere.ts", path.join(folder, "linked/broken.ts"))
    const found = await find("linked")
    fs.rmSync(path.join(folder, "linked"), { recursive: true })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^linked\/(inside|other)\/g\.ts$/)
  })
  test("the search says how far it is", async () => {
    const said: string[] = []
    await findFiles(["lib"], folder, (folders, files) => said.push(`${folders} ${files}`))
    expect(said).toEqual(["1 1", "2 2"])
  })
  test.runIf(fs.existsSync("/dev/null"))("what is no file and no folder is called what it is", async () => {
    fs.symlinkSync("nowhere", path.join(folder, "broken"))
    await expect(find("broken")).rejects.toThrow("broken: a link to nothing")
    fs.rmSync(path.join(folder, "broken"))
    await expect(find("/dev/null")).rejects.toThrow("/dev/null: a device, expected a file or a folder")
  })
  test("globs, files, each once", async () => {
    expect(await find("lib/**/*.mjs", "lib", "lib/c.mjs")).toEqual(["lib/c.mjs", "lib/deep/d.cts"])
  })
  test.each([
    ["none.ts", "none.ts: no such file or folder"],
    ["*.rs", "*.rs: matches no file"],
    ["notes.md", "notes.md: expected a file ending in"],
  ])("%s is refused", async (pattern, message) => {
    await expect(find(pattern)).rejects.toThrow(message)
  })
})

describe("programs", () => {
  test("the nearest tsconfig gives the options, and what the analysis needs wins", () => {
    write(
      "project/tsconfig.json",
      '{ "compilerOptions": { "target": "ES2020", "strict": true, "noEmit": false, "allowJs": false }, "include": ["nothing"] }',
    )
    write("project/m.js", "export const a = 1")
    write("n.ts", "export const b = 2")
    const [m, n] = createPrograms([path.join(folder, "project/m.js"), path.join(folder, "n.ts")])
    expect(m.program.getCompilerOptions()).toMatchObject({ strict: true, noEmit: true, allowJs: true })
    expect(m.program.getSourceFile(m.name)?.text).toBe("export const a = 1")
    expect(n.program.getCompilerOptions().strict).toBeUndefined()
  })
  test("a config that only points at others has the options of the first", () => {
    write("parts/tsconfig.json", '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.node.json" }] }')
    write("parts/tsconfig.app.json", '{ "compilerOptions": { "paths": { "@base/*": ["./lib/*"] } }, "include": ["lib"] }')
    write("parts/lib/a.ts", "export const a = 1")
    write("parts/lib/b.ts", 'import { a } from "@base/a"\nexport const b = a')
    const [{ program }] = createPrograms([path.join(folder, "parts/lib/b.ts")])
    expect(program.getSourceFiles().map(({ fileName }) => path.basename(fileName))).toContain("a.ts")
  })
  test("text on stdin replaces the file, which need not exist", () => {
    const file = path.join(folder, "piped.ts")
    const [{ program, name }] = createPrograms([file], new Map([[file, "export const piped = 3"]]))
    expect(program.getSourceFile(name)?.text).toBe("export const piped = 3")
  })
  test("a page is its scripts, at the same lines and columns", () => {
    const page =
      '<p>x</p>\n<script src="tf.js"></script>\n<script type="module">\n  const a = 1\n</script><script type="text/x-template">b</script>\n'
    const script = scriptsOf(page)
    expect(script.length).toBe(page.length)
    expect(script.trim()).toBe("const a = 1")
    expect(script.indexOf("const")).toBe(page.indexOf("const"))
    write("page.html", page)
    const [{ program, name }] = createPrograms([path.join(folder, "page.html")])
    expect(program.getSourceFile(name)?.text).toBe(script)
  })
  test("handlers of a page that speak of tfjs are functions", () => {
    const page = '<b onclick="hide()">x</b>\n<b id="a" onclick="{\n tf.ready() }" class="c">y</b><script>const a = 1</script>'
    const script = scriptsOf(page)
    expect(script.length).toBe(page.length)
    expect(script.replace(/[ ]+/g, " ").trim()).toBe(";()=>{{\n tf.ready() }} const a = 1")
    expect(script.indexOf("tf.ready")).toBe(page.indexOf("tf.ready"))
  })
  test("scripts inside comments of a page are not read", () => {
    const page =
      "<!-- a <script> tag\nwould do, or <script>bad</script> --><b>x</b><script>const a = 1 // <!-- here it is code -->\n</script><!--<script>c"
    expect(scriptsOf(page).trim()).toBe("const a = 1 // <!-- here it is code -->")
  })
})
