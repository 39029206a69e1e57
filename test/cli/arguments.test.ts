/** @file The command line as data: what is understood, and what is refused with one line. */
import { describe, expect, test } from "vitest"
import { helpText, parseCommand, UsageError } from "../../src/hosts/cli/arguments"

const parse = (line: string) => parseCommand(line.split(" ").filter((word) => word !== ""))

describe("understood", () => {
  test("analyze with defaults", () => {
    const rest = { model: null, format: "text", failOn: "never", stdin: null }
    expect(parse("analyze a.ts b/*.js")).toEqual({ kind: "analyze", patterns: ["a.ts", "b/*.js"], ...rest })
  })
  test("verify with every option, flags anywhere", () => {
    expect(parse("--seed 7 verify a.ts --optimizer sgd --lr 0.01 --weight-decay 0 --model Net --format json")).toEqual({
      kind: "verify",
      patterns: ["a.ts"],
      model: "Net",
      format: "json",
      failOn: "never",
      stdin: null,
      seed: 7,
      optimizer: "sgd",
      learningRate: 0.01,
      sizes: {},
      depth: null,
      weightDecay: 0,
    })
  })
  test("the severity that fails", () => {
    expect(parse("analyze a.ts --fail-on warning")).toMatchObject({ failOn: "warning" })
  })
  test("stdin", () => {
    expect(parse("analyze --stdin")).toMatchObject({ stdin: "stdin.ts", patterns: [] })
    expect(parse("analyze --stdin --stdin-filename net.js")).toMatchObject({ stdin: "net.js" })
  })
  test("sizes of a replica add up over options", () => {
    expect(parse("verify a.ts --size 768=16,batch=2 --size n64_2=5 --depth 4")).toMatchObject({ sizes: { 768: 16, batch: 2, n64_2: 5 }, depth: 4 })
    expect(parse("verify a.ts")).toMatchObject({ sizes: {}, depth: null })
  })
  test("a negative number is a value, which then may be refused", () => {
    expect(() => parse("verify a.ts --optimizer sgd --lr -0.1")).toThrow(new UsageError("--lr -0.1: expected a number above 0"))
    expect(() => parse("verify a.ts --seed -1")).toThrow(new UsageError("--seed -1: expected a whole number from 0"))
  })
  test.each(["", "help", "--help", "-h", "analyze --help"])("'%s' is help", (line) => expect(parse(line)).toEqual({ kind: "help" }))
  test.each(["--version analyze", "-v", "version"])("'%s' is the version", (line) => expect(parse(line)).toEqual({ kind: "version" }))
  test("stats", () => {
    expect(parse("stats src")).toEqual({ kind: "stats", patterns: ["src"], format: "text" })
    expect(parse("stats src --format json")).toEqual({ kind: "stats", patterns: ["src"], format: "json" })
  })
})

test.each([
  ["analyze", "no file, folder or glob given, see --help"],
  ["analyse a.ts", "unknown command 'analyse', expected analyze, verify or stats"],
  ["model.ts --format json", "unknown command 'model.ts', did you mean 'noether-lens analyze model.ts'?"],
  ["--stdin", "no command given, expected analyze, verify or stats"],
  ["--format json", "no command given, expected analyze, verify or stats"],
  ["diff", "the command diff does not exist yet"],
  ["diff HEAD", "the command diff does not exist yet"],
  ["monitor a.ts --out b.mjs", "the command monitor does not exist yet"],
  ["analyze a.ts --shard 1/2", "--shard does not exist yet"],
  ["analyze a.ts --out b.mjs", "--out does not exist yet"],
  ["analyze a.ts --format sarif", "--format sarif does not exist yet, expected text or json"],
  ["stats a --format markdown", "--format markdown does not exist yet, expected text or json"],
  ["analyze a.ts --format xml", "--format xml: expected text or json"],
  ["analyze a.ts --format=", "--format '': expected text or json"],
  ["analyze a.ts --fail-on error", "--fail-on error: expected info, warning or never"],
  ["analyze a.ts --baseline b", "unknown option '--baseline', see --help"],
  ["analyze a.ts -x", "unknown option '-x', see --help"],
  ["analyze a.ts --seed 1", "--seed belongs to verify, not to analyze"],
  ["stats a --model M", "--model belongs to analyze and verify, not to stats"],
  ["stats a --optimizer sgd", "--optimizer belongs to verify, not to stats"],
  ["stats --stdin", "--stdin belongs to analyze and verify, not to stats"],
  ["analyze --stdin a.ts", "--stdin takes no files"],
  ["analyze --stdin-filename a.ts", "--stdin-filename needs --stdin"],
  ["analyze --stdin --stdin-filename a.txt", "--stdin-filename a.txt: expected a name ending in .ts .tsx .mts .cts .js .jsx .mjs .cjs .html"],
  ["verify a.ts --seed x", "--seed x: expected a whole number from 0"],
  ["verify a.ts --optimizer sgd --lr 0", "--lr 0: expected a number above 0"],
  ["verify a.ts --optimizer sgd --weight-decay=-1", "--weight-decay -1: expected a number from 0"],
  ["verify a.ts --lr 0.1", "--lr needs an --optimizer other than flow"],
  ["verify a.ts --optimizer flow --weight-decay 0.1", "--weight-decay needs an --optimizer other than flow"],
  ["verify a.ts --optimizer lion", "--optimizer lion: expected flow, sgd, momentum, nesterov, adam or adamw"],
  ["verify a.ts --seed", "--seed needs a value, see --help"],
  ["analyze a.ts --format --model", "--format needs a value, see --help"],
  ["analyze a.ts --stdin=yes", "--stdin takes no value"],
  ["stats", "no file, folder or glob given, see --help"],
  ["verify a.ts --size 768", "--size 768: expected NAME=N, a whole number from 1"],
  ["verify a.ts --size 768=0", "--size 768=0: expected NAME=N, a whole number from 1"],
  ["verify a.ts --depth 1", "--depth 1: expected a whole number from 2"],
  ["analyze a.ts --depth 3", "--depth belongs to verify, not to analyze"],
])("'%s' is refused", (line, message) => {
  expect(() => parse(line)).toThrow(new UsageError(message))
})

test("an empty name is no folder", () => {
  expect(() => parseCommand(["analyze", ""])).toThrow(new UsageError("a file, folder or glob cannot be empty text"))
})

test("the help starts with examples and fits 100 columns", () => {
  expect(helpText.indexOf("Examples")).toBeLessThan(helpText.indexOf("Commands"))
  expect(Math.max(...helpText.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})
