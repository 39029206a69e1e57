/**
 * @file Benchmarks, `npm run bench`: gradients beside other engines, certificates, verification of the examples process to process. Prints tables and
 * writes them between the markers of README.md. `--engine name` times one engine of this process and prints JSON, `--inference` inference by depth.
 */
import { timeEngine } from "./gradients"

const at = process.argv.indexOf("--engine")
if (at > 0) process.stdout.write(`${JSON.stringify(await timeEngine(process.argv[at + 1]))}\n`)
else if (process.argv.includes("--inference")) {
  const { timeInference } = await import("./inference")
  process.stdout.write(`${JSON.stringify(timeInference(process.argv.includes("--quick") ? 1 : 3))}\n`)
} else {
  const { runBenchmarks } = await import("./report")
  await runBenchmarks(process.argv.includes("--quick"))
}
