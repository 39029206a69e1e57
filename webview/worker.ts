/** @file The worker: runs the verification and reports what the page draws. */
import { parseSizes, readSizes } from "../src/verification/sizes"
import type { VerificationTask } from "../src/verification/task"
import { verify } from "../src/verification/verify"
import type { VerifyOptions } from "../src/verification/verify"
import type { FromWorker, RunRequest } from "./run"
import type { Settings } from "./state"

declare const self: {
  onmessage: ((event: MessageEvent<RunRequest>) => void) | null
  postMessage: (message: FromWorker) => void
}

/** The page redraws for every message: ten a second look continuous. */
const interval = 100

self.onmessage = ({ data }) => {
  runVerification(data).catch((error: unknown) => {
    self.postMessage({ kind: "failed", message: error instanceof Error ? error.message : String(error) })
  })
}

async function runVerification({ task, settings }: RunRequest): Promise<void> {
  let last = 0
  const run = await verify(task, {
    ...optionsOf(settings, task),
    onProgress: progress => {
      if (performance.now() - last < interval) return
      last = performance.now()
      self.postMessage({ kind: "progress", progress })
    },
  })
  self.postMessage({ kind: "done", run })
}

function optionsOf({ optimizer, seed, step, learningRate, weightDecay, sizes, depth }: Settings, task: VerificationTask): VerifyOptions {
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text))
  const settings = { kind: optimizer, learningRate: number(learningRate), weightDecay: number(weightDecay) }
  const { sizes: chosen, unknown, possible } = readSizes(task.graph, task.sizes, parseSizes(sizes) ?? {})
  if (unknown.length > 0) throw new Error(`No size ${unknown[0]} that can be chosen, found ${possible.join(", ") || "none"}.`)
  return { seed: number(seed), step: number(step), optimizer: settings, sizes: chosen, depth: number(depth) }
}
