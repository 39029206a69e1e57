/** @file Runs the verification of one model with the options of the command line. */
import type { Verification } from "../../schema/report"
import type { VerificationTask } from "../../verification/task"
import { verify } from "../../verification/verify"
import type { VerifyCommand } from "./arguments"

/** @param progress called with the phase and how much of it is done; with "" when all is done. */
export async function verifyModel(
  task: VerificationTask,
  { seed, optimizer, learningRate, weightDecay }: VerifyCommand,
  progress: (phase: string, fraction: number | null) => void,
): Promise<Verification> {
  const run = await verify(task, {
    seed: seed ?? undefined,
    optimizer: { kind: optimizer, learningRate: learningRate ?? undefined, weightDecay: weightDecay ?? undefined },
    onProgress: ({ phase, fraction }) => progress(phase, fraction),
  })
  progress("", null)
  return run.verification
}
