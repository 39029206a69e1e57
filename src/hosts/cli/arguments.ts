/** @file The command line as data. Commands and flags that do not exist are refused with one line that says so; nothing is guessed. */
import { parseArgs } from "node:util"
import { parseSizes } from "../../verification/sizes"
import { endingsText, isSource } from "./sources"

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
  /** Sizes of the replica, by number or symbol of the source. */
  readonly sizes: Readonly<Record<string, number>>
  /** How many equal blocks or steps are run. */
  readonly depth: number | null
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
const commands = ["analyze", "verify", "stats"] as const
/** What the help will name one day. Said apart from misspellings, so that nobody looks for the right spelling. */
const later = { commands: ["diff", "monitor"], formats: ["markdown", "sarif", "github"], flags: ["shard", "out"] } as const

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
  size: { type: "string", multiple: true },
  depth: { type: "string" },
  shard: { type: "string" },
  out: { type: "string" },
} as const

type Flag = keyof typeof flags

/** The commands an option belongs to; those without an entry belong to all. */
const owners: Readonly<Partial<Record<Flag, readonly (typeof commands)[number][]>>> = {
  model: ["analyze", "verify"],
  "fail-on": ["analyze", "verify"],
  stdin: ["analyze", "verify"],
  "stdin-filename": ["analyze", "verify"],
  seed: ["verify"],
  optimizer: ["verify"],
  lr: ["verify"],
  "weight-decay": ["verify"],
  size: ["verify"],
  depth: ["verify"],
}

/**
 * Reads the arguments after the program's name.
 * @throws UsageError for anything it does not understand.
 */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parseFlags(argv)
  if (values.help) return { kind: "help" }
  if (values.version) return { kind: "version" }
  const [command, ...patterns] = positionals
  if (command === undefined) {
    if (argv.length === 0) return { kind: "help" }
    throw new UsageError(`no command given, expected ${listOf(commands)}`)
  }
  if (command === "help" || command === "version") return { kind: command }
  if (later.commands.some((name) => name === command)) throw new UsageError(`the command ${command} does not exist yet`)
  const kind = commands.find((name) => name === command)
  if (kind === undefined) {
    const meant = isSource(command) ? `, did you mean 'noether-lens analyze ${command}'?` : `, expected ${listOf(commands)}`
    throw new UsageError(`unknown command '${command}'${meant}`)
  }
  checkFlags(kind, values)
  if (patterns.includes("")) throw new UsageError("a file, folder or glob cannot be empty text")
  switch (kind) {
    case "analyze":
      return { kind, ...subject(patterns, values) }
    case "verify":
      return {
        kind,
        ...subject(patterns, values),
        seed: numberOf("--seed", values.seed, (n) => Number.isInteger(n) && n >= 0, "a whole number from 0"),
        ...optimizerOf(values),
        sizes: sizesOf(values.size ?? []),
        depth: numberOf("--depth", values.depth, (n) => Number.isInteger(n) && n >= 2, "a whole number from 2"),
      }
    case "stats":
      if (patterns.length === 0) throw new UsageError("no file, folder or glob given, see --help")
      return { kind, patterns, format: formatOf(values) }
  }
}

type Values = ReturnType<typeof parseFlags>["values"]

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: joinNegativeNumbers(argv), options: flags, allowPositionals: true })
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    const [name] = /--?[\w-]+(?= <value>|')/.exec(message) ?? []
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") throw new UsageError(`unknown option '${name ?? message}', see --help`)
    if (code !== "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") throw error
    throw new UsageError(/does not take/.test(message) ? `${name} takes no value` : `${name} needs a value, see --help`)
  }
}

/** "--lr -1" as one word: a number is a value, and then a refusal can say which are allowed. */
function joinNegativeNumbers(argv: readonly string[]): string[] {
  const takesValue = (word: string | undefined): boolean =>
    Object.entries(flags).some(([name, { type }]) => type === "string" && word === `--${name}`)
  return argv.flatMap((word, k) => {
    if (/^-\.?\d/.test(word) && takesValue(argv[k - 1])) return []
    const next = argv[k + 1] ?? ""
    return takesValue(word) && /^-\.?\d/.test(next) ? [`${word}=${next}`] : [word]
  })
}

/** @throws UsageError for an option of another command, and for one that does not exist yet. */
function checkFlags(command: (typeof commands)[number], values: Values): void {
  for (const flag of later.flags) if (values[flag] !== undefined) throw new UsageError(`--${flag} does not exist yet`)
  for (const [flag, owning] of Object.entries(owners))
    if (values[flag as Flag] !== undefined && !owning.includes(command))
      throw new UsageError(`--${flag} belongs to ${owning.join(" and ")}, not to ${command}`)
}

function subject(patterns: readonly string[], values: Values): Omit<AnalyzeCommand, "kind"> {
  const stdin = values.stdin ? (values["stdin-filename"] ?? "stdin.ts") : null
  if (values["stdin-filename"] !== undefined && !values.stdin) throw new UsageError("--stdin-filename needs --stdin")
  if (stdin !== null && !isSource(stdin)) throw new UsageError(`--stdin-filename ${stdin}: expected a name ending in ${endingsText}`)
  if (stdin !== null && patterns.length > 0) throw new UsageError("--stdin takes no files")
  if (stdin === null && patterns.length === 0) throw new UsageError("no file, folder or glob given, see --help")
  const failOn = oneOf("--fail-on", values["fail-on"] ?? "never", severities)
  return { patterns, stdin, model: values.model ?? null, format: formatOf(values), failOn }
}

function formatOf(values: Values): AnalyzeCommand["format"] {
  const format = values.format ?? "text"
  if (later.formats.some((name) => name === format)) throw new UsageError(`--format ${format} does not exist yet, expected ${listOf(formats)}`)
  return oneOf("--format", format, formats)
}

/** @throws UsageError for numbers of a discrete optimizer where the gradient flow itself is integrated. */
function optimizerOf(values: Values): Pick<VerifyCommand, "optimizer" | "learningRate" | "weightDecay"> {
  const optimizer = oneOf("--optimizer", values.optimizer ?? "flow", optimizers)
  const learningRate = numberOf("--lr", values.lr, (n) => n > 0, "a number above 0")
  const weightDecay = numberOf("--weight-decay", values["weight-decay"], (n) => n >= 0, "a number from 0")
  const [needless] = (["lr", "weight-decay"] as const).filter((flag) => values[flag] !== undefined)
  if (optimizer === "flow" && needless !== undefined) throw new UsageError(`--${needless} needs an --optimizer other than flow`)
  return { optimizer, learningRate, weightDecay }
}

/** @throws UsageError for anything but NAME=N. */
function sizesOf(given: readonly string[]): Readonly<Record<string, number>> {
  const read = given.map((text) => {
    const sizes = text.trim() === "" ? null : parseSizes(text)
    if (sizes === null) throw new UsageError(`--size ${text === "" ? "''" : text}: expected NAME=N, a whole number from 1`)
    return sizes
  })
  return Object.assign({}, ...read) as Readonly<Record<string, number>>
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value)
  if (found === undefined) throw new UsageError(`${flag} ${value === "" ? "''" : value}: expected ${listOf(allowed)}`)
  return found
}

function numberOf(flag: string, text: string | undefined, isAllowed: (n: number) => boolean, expected: string): number | null {
  if (text === undefined) return null
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || !isAllowed(value)) throw new UsageError(`${flag} ${text === "" ? "''" : text}: expected ${expected}`)
  return value
}

/** "text or json", "info, warning or never". */
const listOf = (names: readonly string[]): string => `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`

export const helpText = `Noether Lens reads tfjs networks in TypeScript and JavaScript, without running them, and says what
gradient descent can never change: symmetries, conservation laws, what your optimizer does to them.

Examples
  noether-lens analyze src/model.ts              laws of every model in a file, and why
  noether-lens analyze src "lib/**/*.js"         folders (no packages, dist, hidden ones) and globs
  noether-lens analyze model.ts --format json    the same as JSON, for other programs
  noether-lens analyze src --fail-on warning     exit 1 where training would fail, for CI
  noether-lens verify src/model.ts               runs the gradient flow and measures every law
  noether-lens verify model.ts --model Encoder --optimizer sgd --lr 0.01
  noether-lens verify gpt.ts --size 768=16 --size batch=2 --depth 4
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
  --size NAME=N         verify: run at this size instead of the one chosen; NAME is a number of the
                        source (768: every size that is 768) or a symbol (batch); more than once
  --depth N             verify: how many of equal blocks, or of the steps of a recurrence, are run
  --stdin               read the source from stdin; --stdin-filename says its name
  -h, --help  -v, --version

Reads .ts .tsx .mts .cts .js .jsx .mjs .cjs and the scripts of .html.
NO_COLOR and FORCE_COLOR are respected.
Exit code 0: fine; 1: a law failed its verification, or a finding at or over --fail-on;
2: bad usage or unreadable input.
`
