/**
 * @file Builds everything: dist (command line and API), build/extension (the exact content of the VSIX, also an extension development path)
 * and, with --package, build/noether-lens.vsix. --watch rebuilds the bundles. Fails when a bundle outgrows its budget.
 *
 * The VSIX is packed from a staging folder because tsserver loads plugins only by bare package name from the extension's node_modules,
 * and npm ci in the project must neither remove nor duplicate that package.
 */
import * as esbuild from "esbuild"
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"

const root = import.meta.dirname
process.chdir(root)
const manifest = JSON.parse(fs.readFileSync("package.json", "utf8"))
const pluginName = "noether-lens-ts-plugin"
const stage = "build/extension"
const watching = process.argv.includes("--watch")

/** Largest size of each bundle in kilobytes: the size of the first complete build plus a fifth. */
const budgets = { "cli.mjs": 990, "api.mjs": 920, "extension.js": 16, "webview.js": 700, "index.js": 890 }

/** `import source from "inline-worker:./worker"` gives the bundled worker as text: a webview may only start workers from blobs. */
const inlineWorker = {
  name: "inline-worker",
  setup(build) {
    build.onResolve({ filter: /^inline-worker:/ }, args => ({
      path: path.resolve(args.resolveDir, `${args.path.slice("inline-worker:".length)}.ts`),
      namespace: "inline-worker",
    }))
    build.onLoad({ filter: /.*/, namespace: "inline-worker" }, async args => {
      const result = await esbuild.build({ ...browser, entryPoints: [args.path], write: false, metafile: true, sourcemap: false })
      return { contents: result.outputFiles[0].text, loader: "text", watchFiles: Object.keys(result.metafile.inputs).map(file => path.resolve(file)) }
    })
  },
}

/**
 * TypeScript by a loader: importing a CommonJS package makes Node search its nine megabytes for names first, which takes longer than running it,
 * and only a loader can hand V8 the code that it has compiled before.
 */
const loadTypeScript = {
  name: "load-typescript",
  setup(build) {
    build.onResolve({ filter: /^typescript$/ }, () => ({ path: path.resolve("src/hosts/cli/bundled.ts") }))
  },
}

const output = { minify: !watching, legalComments: "none", charset: "utf8", metafile: true, sourcemap: watching ? "linked" : false }
const common = { ...output, bundle: true, logLevel: "warning" }
const node = { ...common, platform: "node", target: "node20" }
const browser = { ...common, platform: "browser", format: "iife", target: "es2022" }
// Bundled CommonJS packages may call require, which ES modules lack.
const requireBanner = { js: "import { createRequire as __createRequire } from \"node:module\"; const require = __createRequire(import.meta.url);" }

const bundles = [
  { ...node, format: "esm", entryPoints: ["src/hosts/cli/main.ts"], outfile: "dist/cli.mjs", plugins: [loadTypeScript], banner: requireBanner },
  { ...node, format: "esm", entryPoints: ["src/hosts/api.ts"], outfile: "dist/api.mjs", external: ["typescript"], banner: requireBanner },
  { ...node, format: "cjs", entryPoints: ["src/hosts/vscode/extension.ts"], outfile: `${stage}/dist/extension.js`, external: ["vscode"] },
  { ...browser, entryPoints: ["webview/main.ts"], outfile: `${stage}/dist/webview.js`, plugins: [inlineWorker] },
  {
    ...node, format: "cjs", entryPoints: ["src/hosts/tsserver/plugin.ts"], outfile: `${stage}/node_modules/${pluginName}/index.js`,
    external: ["typescript"],
    // tsserver calls what the module itself is.
    footer: { js: "module.exports = module.exports.init;" },
  },
]

function writeStage() {
  const { devDependencies: _dev, scripts: _scripts, dependencies: _run, bin: _bin, exports: _exports, files: _files, type: _type, ...kept } = manifest
  const { version, license } = manifest
  const plugin = { name: pluginName, version, license, description: "TypeScript server plugin of Noether Lens.", main: "index.js" }
  writeJson(`${stage}/package.json`, { ...kept, dependencies: { [pluginName]: manifest.version } })
  writeJson(`${stage}/node_modules/${pluginName}/package.json`, plugin)
  // The folder is the package: nothing is left out, and vsce need not say so.
  fs.writeFileSync(`${stage}/.vscodeignore`, "")
  fs.cpSync("media", `${stage}/media`, { recursive: true })
  for (const file of ["README.md", "CHANGELOG.md", "LICENSE"]) if (fs.existsSync(file)) fs.copyFileSync(file, `${stage}/${file}`)
}

function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

/** Throws when a bundle is over its budget; a bundle without one is a mistake too. */
function checkBudgets(results) {
  for (const [file, { bytes }] of results.flatMap(result => Object.entries(result.metafile.outputs))) {
    if (!file.endsWith("js")) continue
    const budget = budgets[path.basename(file)]
    if (budget === undefined) throw new Error(`${file}: no byte budget in build.mjs`)
    if (bytes > budget * 1000) throw new Error(`${file}: ${Math.round(bytes / 1000)} kB, expected at most ${budget} kB`)
  }
}

/** The vector kernels, from their text into the sources; nothing is written where nothing has changed. */
async function compileKernels() {
  const outfile = "build/simd.mjs"
  await esbuild.build({ ...node, format: "esm", entryPoints: ["scripts/simd/main.ts"], outfile, packages: "external" })
  execFileSync(process.execPath, [outfile], { stdio: "inherit" })
}

/** Compiled code of TypeScript for the Node that builds; the package leaves it out, since another Node refuses it. */
async function writeCodeCache() {
  const outfile = "dist/codeCache.mjs"
  await esbuild.build({ ...node, format: "esm", entryPoints: ["scripts/codeCache.ts"], outfile, plugins: [loadTypeScript], banner: requireBanner })
  execFileSync(process.execPath, [outfile], { stdio: ["ignore", "ignore", "inherit"] })
  fs.rmSync(outfile, { force: true })
}

function packVsix() {
  const vsce = path.resolve("node_modules/@vscode/vsce/vsce")
  const target = path.resolve("build/noether-lens.vsix")
  // The manifest names no repository, so links of README to files of the project stay as they are.
  const flags = ["--allow-missing-repository", "--no-rewrite-relative-links", "--skip-license"]
  execFileSync(process.execPath, [vsce, "package", ...flags, "-o", target], { cwd: stage, stdio: ["ignore", "pipe", "inherit"] })
  console.log(`build/noether-lens.vsix  ${Math.round(fs.statSync(target).size / 1000)} kB`)
}

await compileKernels()
if (watching) {
  writeStage()
  const contexts = await Promise.all(bundles.map(bundle => esbuild.context({ ...bundle, logLevel: "info" })))
  await Promise.all(contexts.map(context => context.watch()))
} else {
  for (const folder of ["dist", stage]) fs.rmSync(folder, { recursive: true, force: true })
  const results = await Promise.all(bundles.map(bundle => esbuild.build(bundle)))
  checkBudgets(results)
  writeStage()
  await writeCodeCache()
  if (process.argv.includes("--package")) packVsix()
}
