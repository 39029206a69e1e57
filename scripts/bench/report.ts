/** @file Runs all benchmarks, prints the tables, and writes them into README.md. */
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import { gradientCases, median } from "./cases"
import { certifyNet, eleven, randomNets } from "./certificates"
import { timeEngines, type EngineResult } from "./gradients"
import { inferenceTable, type InferenceTimes } from "./inference"

const readme = "README.md",
  opening = "<!-- bench -->",
  closing = "<!-- /bench -->"

/** @param quick one round, and nothing is written. */
export async function runBenchmarks(quick: boolean): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`),
    rounds = quick ? 1 : 3
  tell(`gradients, ${rounds} rounds`)
  const engines = timeEngines(rounds, tell)
  tell("certificates")
  const certificates = certificateTable(rounds)
  tell("inference by depth")
  const inference = inferenceLines(quick)
  tell("verification of the examples")
  const verification = verificationTable(rounds)
  const text = [
    machine(),
    "",
    "Gradient of a mean squared error, microseconds, and how many times longer than here:",
    "",
    ...gradientTable(engines),
    "",
    ...certificates,
    "",
    ...inference,
    "",
    ...verification,
    "",
    ...remarks,
  ].join("\n")
  process.stdout.write(`${text}\n`)
  if (!quick) writeBetween(text)
}

/** What profiles showed; docs/bench.md has them. */
const remarks: readonly string[] = [
  "Products of matrices are three fifths of a gradient at width 32 and run at some 19 GFLOP/s in double precision, two lanes a vector; the others",
  "compute in float32, four lanes a vector. [docs/bench.md](docs/bench.md) takes the times apart.",
]

const machine = (): string =>
  `Medians on ${os.cpus().length} cores (${os.cpus()[0]?.model.trim() ?? "unknown"}), Node ${process.versions.node}; made by \`npm run bench\`.`

function gradientTable(engines: readonly EngineResult[]): string[] {
  const own = engines[0].times ?? {}
  const cell = (e: EngineResult, name: string): string => {
    if (e.times === null) return "–"
    const time = e.times[name]
    return e === engines[0] ? digits(time) : `${digits(time)} (${digits(time / own[name])}×)`
  }
  return [
    `| | ${engines.map((e) => `${e.engine}, ${e.note}`).join(" | ")} |`,
    `|---|${engines.map(() => "---:|").join("")}`,
    ...gradientCases.map(({ name }) => `| ${name} | ${engines.map((e) => cell(e, name)).join(" | ")} |`),
  ]
}

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x.toPrecision(2))

/** The eleven are timed in a fresh state of the compiler first: nobody verifies a network a thousand times. */
function certificateTable(rounds: number): string[] {
  const cold = eleven.map(certifyNet),
    sum = (of: readonly { readonly milliseconds: number }[]): number => of.reduce((s, c) => s + c.milliseconds, 0)
  const warm = Array.from({ length: rounds }, () => sum(eleven.map(certifyNet))),
    hundred = randomNets(1).map(certifyNet),
    complete = (of: readonly { readonly complete: boolean }[]): string => `${of.filter((c) => c.complete).length} of ${of.length} complete`
  return [
    "| completeness certificates | time | |",
    "|---|---:|---|",
    `| eleven nets of Marcotte, Gribonval and Peyré (their Sage program: 30 s) | ${seconds(sum(cold))} | ${complete(cold)} |`,
    `| the same, compiled code warm | ${seconds(median(warm))} | |`,
    `| 50 linear and 50 ReLU nets, 2–4 layers, widths 2–5 and 2–9 | ${seconds(sum(hundred))} | ${complete(hundred)}, D up to ${
      Math.max(...hundred.map((c) => c.parameters))} |`,
  ]
}

/** In a process of its own, so that nothing is compiled before. */
function inferenceLines(quick: boolean): string[] {
  const options = ["--inference", ...(quick ? ["--quick"] : [])],
    { status, stdout, stderr } = spawnSync(process.execPath, [process.argv[1], ...options], { encoding: "utf8" })
  if (status !== 0) throw new Error(`inference: exit code ${status}\n${stderr}`)
  return inferenceTable(JSON.parse(stdout) as InferenceTimes)
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`

function verificationTable(rounds: number): string[] {
  const files = fs.readdirSync("examples").filter((f) => f.endsWith(".ts") && !f.endsWith(".d.ts"))
  const rows = files.map((file) => {
    const runs = Array.from({ length: rounds }, () => verifyExample(`examples/${file}`)),
      middle = (of: (run: Run) => number): number => median(runs.map(of))
    const cells = [seconds(middle((r) => r.milliseconds)), seconds(middle((r) => r.processor)), `${middle((r) => r.megabytes).toFixed(0)} MB`]
    return `| verify examples/${file} | ${cells.join(" | ")} |`
  })
  return ["| process to process | time | of the processor | memory |", "|---|---:|---:|---:|", ...rows]
}

interface Run {
  readonly milliseconds: number
  readonly processor: number
  readonly megabytes: number
}

/** @throws when the command line fails. */
function verifyExample(file: string): Run {
  const began = performance.now(),
    tell = "const u = process.resourceUsage(); process.stderr.write('\\n' + u.maxRSS + ' ' + (u.userCPUTime + u.systemCPUTime))",
    flags = ["--import", `data:text/javascript,${encodeURIComponent(`process.on('exit', () => { ${tell} })`)}`],
    { status, stderr } = spawnSync(process.execPath, [...flags, "dist/cli.mjs", "verify", file], { encoding: "utf8" })
  const milliseconds = performance.now() - began
  if (status !== 0) throw new Error(`verify ${file}: exit code ${status}\n${stderr}`)
  const [kilobytes, microseconds] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number)
  return { milliseconds, processor: microseconds / 1000, megabytes: kilobytes / 1024 }
}

function writeBetween(text: string): void {
  const page = fs.readFileSync(readme, "utf8"),
    from = page.indexOf(opening),
    to = page.indexOf(closing)
  if (from < 0 || to < from) throw new Error(`${readme}: no place for the table, expected ${opening} and ${closing}`)
  fs.writeFileSync(readme, `${page.slice(0, from + opening.length)}\n${text}\n${page.slice(to)}`)
}
