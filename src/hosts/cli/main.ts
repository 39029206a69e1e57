#!/usr/bin/env node
/** @file The program noether-lens: hands the process's arguments, streams and environment to `run` and exits with its code. */
import { text } from "node:stream/consumers"
import { run } from "./run"

// A reader that stops early (`| head`) closes the pipe; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2))

process.exitCode = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  isTerminal: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
  writeOut: (chunk) => void process.stdout.write(chunk),
  writeError: (chunk) => void process.stderr.write(chunk),
  readInput: () => text(process.stdin),
})
