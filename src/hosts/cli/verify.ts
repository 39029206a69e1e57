/** @file Runs the verification of one model with the options of the command line. */
import type { Verification } from "../../schema/report"
import type { VerificationTask } from "../../verification/task"
import { verify } from "../../verification/verify"
import { readSizes } from "../../verification/sizes"
import { UsageError, type VerifyCommand } from "./arguments"

/** @throws UsageError for a size that no model to be verified has. */
export function checkSizes(tasks: readonly VerificationTask[], { sizes }: Pick<VerifyCommand, "sizes">): void {
  if (tasks.length === 0) return
  const read = tasks.map((task) => readSizes(task.graph, task.sizes, sizes))
  const [missing] = Object.keys(sizes).filter((name) => read.every(({ unknown }) => unknown.includes(name)))
  if (missing === undefined) return
  const possible = [...new Set(read.flatMap((r) => r.possible))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
  const found = possible.length === 0 ? "none" : possible.join(", ")
  throw new UsageError(`--size ${missing}=${sizes[missing]}: no such size that can be chosen, found ${found}`)
}

/** @param progress called with the phase and how much of it is done; with "" when all is done. */
export async function verifyModel(
  task: VerificationTask,
  { seed, optimizer, learningRate, weightDecay, sizes, depth }: VerifyCommand,
  progress: (phase: string, fraction: number | null) => void,
): Promise<Verification> {
  const run = await verify(task, {
    seed: seed ?? undefined,
    sizes: readSizes(task.graph, task.sizes, sizes).sizes,
    depth: depth ?? undefined,
    optimizer: { kind: optimizer, learningRate: learningRate ?? undefined, weightDecay: weightDecay ?? undefined },
    onProgress: ({ phase, fraction }) => progress(phase, fraction),
  })
  progress("", null)
  return run.verification
}
