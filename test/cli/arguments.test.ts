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
  test.each(["", "help", "--help", "-h", "analyze --help"])("'%s' is help", (line) => expect(parse(line)).toEqual({ kind: "help" }))
  test("version wins over a command", () => expect(parse("--version analyze")).toEqual({ kind: "version" }))
  test("stats", () => {
    expect(parse("stats src")).toEqual({ kind: "stats", patterns: ["src"], format: "text" })
    expect(parse("stats src --format json")).toEqual({ kind: "stats", patterns: ["src"], format: "json" })
  })
})

test.each([
  ["analyze", "no file, folder or glob given, see --help"],
  ["analyse a.ts", "unknown command 'analyse', expected analyze, verify or stats"],
  ["diff HEAD", "the command diff does not exist yet"],
  ["monitor a.ts", "the command monitor does not exist yet"],
  ["analyze a.ts --format sarif", "--format sarif does not exist yet, expected text or json"],
  ["analyze a.ts --format xml", "--format xml: expected text, json"],
  ["analyze a.ts --fail-on error", "--fail-on error: expected info, warning, never"],
  ["analyze a.ts --baseline b", "unknown option '--baseline', see --help"],
  ["analyze a.ts --seed 1", "--seed belongs to verify, not to analyze"],
  ["analyze --stdin a.ts", "--stdin takes no files"],
  ["analyze --stdin-filename a.ts", "--stdin-filename needs --stdin"],
  ["verify a.ts --seed x", "--seed x: expected a whole number from 0"],
  ["verify a.ts --lr 0", "--lr 0: expected a number above 0"],
  ["verify a.ts --weight-decay=-1", "--weight-decay -1: expected a number from 0"],
  ["verify a.ts --optimizer lion", "--optimizer lion: expected flow, sgd, momentum, nesterov, adam, adamw"],
  ["stats", "stats: no folder given"],
])("'%s' is refused", (line, message) => {
  expect(() => parse(line)).toThrow(new UsageError(message))
})

test("a flag without its value is one line too", () => {
  expect(() => parse("verify a.ts --seed")).toThrow(UsageError)
  try {
    parse("verify a.ts --seed")
  } catch (error) {
    expect((error as Error).message).not.toContain("\n")
  }
})

test("the help starts with examples and fits 100 columns", () => {
  expect(helpText.indexOf("Examples")).toBeLessThan(helpText.indexOf("Commands"))
  expect(Math.max(...helpText.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})
