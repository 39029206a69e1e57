/** @file Runs every engine in a process of its own, in turn, several rounds; medians over rounds. What is not installed is skipped with a note. */
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { gradientCases, measure, median } from "./cases"

export interface EngineResult {
  readonly engine: string
  /** Microseconds by case; null where the engine is missing. */
  readonly times: Readonly<Record<string, number>> | null
  readonly note: string
}

interface Engine {
  readonly name: string
  readonly note: string
  readonly command: () => readonly string[]
}

/** Where `npm i --prefix build/peers node@24 @jax-js/jax` puts what only benchmarks need. */
const peers = path.resolve("build/peers"),
  self = (engine: string) => (): readonly string[] => [process.execPath, path.resolve(process.argv[1]), "--engine", engine]
const newerNode = path.join(peers, "node_modules/node/bin/node"),
  python = fs.existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3"

const engines: readonly Engine[] = [
  { name: "Noether Lens", note: "float64", command: self("own") },
  { name: "without WebAssembly", note: "float64", command: self("plain") },
  { name: "PyTorch", note: "eager, float64, one thread", command: () => [python, "scripts/bench/peers/pytorch.py", JSON.stringify(gradientCases)] },
  { name: "tfjs cpu", note: "float32", command: self("cpu") },
  { name: "tfjs wasm", note: "float32", command: self("wasm") },
  {
    name: "jax-js", note: "jit, WebAssembly, float32",
    command: () => [newerNode, "scripts/bench/peers/jax.mjs", JSON.stringify(gradientCases), peers],
  },
]

/** One engine of this process: microseconds by case. */
export async function timeEngine(engine: string): Promise<Record<string, number>> {
  const { ownGradient, tfjsGradient, useBackend } = await import("./engines")
  const own = engine === "own" ? "fitting" : engine === "plain" ? "plain" : null
  if (own === null) await useBackend(engine === "wasm" ? "wasm" : "cpu")
  return Object.fromEntries(gradientCases.map((c) => [c.name, measure(own === null ? tfjsGradient(c) : ownGradient(c, own))]))
}

export function timeEngines(rounds: number, tell: (line: string) => void): readonly EngineResult[] {
  const found = engines.map((): Record<string, number>[] => []),
    missing = engines.map(() => "")
  for (let round = 0; round < rounds; round++)
    engines.forEach((engine, k) => {
      if (missing[k] !== "") return
      try {
        const [program, ...rest] = engine.command()
        const out = execFileSync(program, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
        found[k].push(JSON.parse(lastLine(out)) as Record<string, number>)
      } catch (error) {
        missing[k] = "not installed"
        tell(`${engine.name}: skipped (${error instanceof Error ? lastLine(error.message) : "it does not start"})`)
      }
    })
  return engines.map((engine, k) => ({
    engine: engine.name,
    note: missing[k] === "" ? engine.note : missing[k],
    times: missing[k] === "" ? Object.fromEntries(gradientCases.map((c) => [c.name, median(found[k].map((f) => f[c.name]))])) : null,
  }))
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? ""
