/** @file The command line as data. Commands and flags that do not exist are refused with one line that says so; nothing is guessed. */
import { parseArgs } from "node:util"

export type OptimizerKind = "flow" | "sgd" | "momentum" | "nesterov" | "adam" | "adamw"

export type FailOn = "info" | "warning" | "never"

export interface AnalyzeCommand {
  readonly kind: "analyze"
  readonly patterns: readonly string[]
  readonly model: string | null
  readonly format: "text" | "json"
  /** The least severity of a finding that makes the exit code 1. */
  readonly failOn: FailOn
  /** Name of the file whose text comes on stdin. */
  readonly stdin: string | null
}

export interface VerifyCommand extends Omit<AnalyzeCommand, "kind"> {
  readonly kind: "verify"
  readonly seed: number | null
  readonly optimizer: OptimizerKind
  readonly learningRate: number | null
  readonly weightDecay: number | null
}

export interface StatsCommand {
  readonly kind: "stats"
  readonly patterns: readonly string[]
  readonly format: "text" | "json"
}

export type Command = AnalyzeCommand | VerifyCommand | StatsCommand | { readonly kind: "help" } | { readonly kind: "version" }

/** Misuse of the command line: exit code 2 and this one line. */
export class UsageError extends Error {}

const optimizers: readonly OptimizerKind[] = ["flow", "sgd", "momentum", "nesterov", "adam", "adamw"]
const formats = ["text", "json"] as const
const severities = ["info", "warning", "never"] as const
const later: Readonly<Record<string, string>> = {
  diff: "the command diff does not exist yet",
  monitor: "the command monitor does not exist yet",
  markdown: "--format markdown does not exist yet, expected text or json",
  sarif: "--format sarif does not exist yet, expected text or json",
  github: "--format github does not exist yet, expected text or json",
}

const flags = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
  model: { type: "string" },
  format: { type: "string" },
  "fail-on": { type: "string" },
  stdin: { type: "boolean" },
  "stdin-filename": { type: "string" },
  seed: { type: "string" },
  optimizer: { type: "string" },
  lr: { type: "string" },
  "weight-decay": { type: "string" },
} as const

/**
 * Reads the arguments after the program's name.
 * @throws UsageError for anything it does not understand.
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parseFlags(argv)
  if (values.help) return { kind: "help" }
  if (values.version) return { kind: "version" }
  const [command, ...patterns] = positionals
  if (command === undefined) return { kind: "help" }
  switch (command) {
    case "help":
      return { kind: "help" }
    case "analyze":
      for (const flag of ["seed", "optimizer", "lr", "weight-decay"] as const)
        if (values[flag] !== undefined) throw new UsageError(`--${flag} belongs to verify, not to analyze`)
      return { kind: "analyze", ...subject(patterns, values) }
    case "verify":
      return {
        kind: "verify",
        ...subject(patterns, values),
        seed: numberOf("--seed", values.seed, (n) => Number.isInteger(n) && n >= 0, "a whole number from 0"),
        optimizer: oneOf("--optimizer", values.optimizer ?? "flow", optimizers),
        learningRate: numberOf("--lr", values.lr, (n) => n > 0, "a number above 0"),
        weightDecay: numberOf("--weight-decay", values["weight-decay"], (n) => n >= 0, "a number from 0"),
      }
    case "stats":
      if (patterns.length === 0) throw new UsageError("stats: no folder given")
      return { kind: "stats", patterns, format: formatOf(values) }
    default:
      throw new UsageError(later[command] ?? `unknown command '${command}', expected analyze, verify or stats`)
  }
}

type Values = ReturnType<typeof parseFlags>["values"]

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: true })
  } catch (error) {
    const [unknown] = /'--?[^']+'/.exec(error instanceof Error ? error.message : "") ?? []
    if (unknown !== undefined && /unknown option/i.test(String(error))) throw new UsageError(`unknown option ${unknown}, see --help`)
    throw new UsageError(`${error instanceof Error ? error.message.split("\n")[0] : String(error)}`)
  }
}

function subject(patterns: readonly string[], values: Values): Omit<AnalyzeCommand, "kind"> {
  const stdin = values.stdin ? (values["stdin-filename"] ?? "stdin.ts") : null
  if (values["stdin-filename"] !== undefined && !values.stdin) throw new UsageError("--stdin-filename needs --stdin")
  if (stdin !== null && patterns.length > 0) throw new UsageError("--stdin takes no files")
  if (stdin === null && patterns.length === 0) throw new UsageError("no file, folder or glob given, see --help")
  const failOn = oneOf("--fail-on", values["fail-on"] ?? "never", severities)
  return { patterns, stdin, model: values.model ?? null, format: formatOf(values), failOn }
}

function formatOf(values: Values): AnalyzeCommand["format"] {
  const format = values.format ?? "text"
  if (format in later) throw new UsageError(later[format])
  return oneOf("--format", format, formats)
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value)
  if (found === undefined) throw new UsageError(`${flag} ${value}: expected ${allowed.join(", ")}`)
  return found
}

function numberOf(flag: string, text: string | undefined, isAllowed: (n: number) => boolean, expected: string): number | null {
  if (text === undefined) return null
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || !isAllowed(value)) throw new UsageError(`${flag} ${text}: expected ${expected}`)
  return value
}

export const helpText = `Noether Lens reads tfjs networks in TypeScript and JavaScript, without running them, and says what
gradient descent can never change: symmetries, conservation laws, what your optimizer does to them.

Examples
  noether-lens analyze src/model.ts              laws of every model in a file, and why
  noether-lens analyze src "lib/**/*.js"         folders and globs
  noether-lens analyze model.ts --format json    the same as JSON, for other programs
  noether-lens analyze src --fail-on warning     exit 1 where training would fail, for CI
  noether-lens verify src/model.ts               runs the gradient flow and measures every law
  noether-lens verify model.ts --model Encoder --optimizer sgd --lr 0.01
  cat model.ts | noether-lens analyze --stdin --stdin-filename model.ts

Commands
  analyze <file|folder|glob>...   models, laws, reasons
  verify  <file|folder|glob>...   the same, checked numerically on a small replica
  stats   <folder>...             counts: models, operations, how much could be read, time

Options
  --model NAME          only the model of this name
  --format text|json    json: schema 1, on stdout
  --fail-on LEVEL       info|warning|never: exit 1 for a finding at or over it
                        (default never)
  --seed N              verify: seed of data and weights
  --optimizer KIND      verify: ${optimizers.join(", ")}
                        (default flow: the gradient flow itself)
  --lr X                verify: learning rate
  --weight-decay X      verify: weight decay
  --stdin               read the source from stdin; --stdin-filename says its name
  -h, --help  -v, --version

Reads .ts .tsx .mts .cts .js .jsx .mjs .cjs and the scripts of .html.
NO_COLOR and FORCE_COLOR are respected.
Exit code 0: fine; 1: a law failed its verification, or a finding at or over --fail-on;
2: bad usage or unreadable input.
`
