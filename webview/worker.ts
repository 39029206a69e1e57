/** @file The worker: runs the verification and reports what the page draws. */
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
    ...optionsOf(settings),
    onProgress: progress => {
      if (performance.now() - last < interval) return
      last = performance.now()
      self.postMessage({ kind: "progress", progress })
    },
  })
  self.postMessage({ kind: "done", run })
}

function optionsOf({ optimizer, seed, step, learningRate, weightDecay }: Settings): VerifyOptions {
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text))
  const settings = { kind: optimizer, learningRate: number(learningRate), weightDecay: number(weightDecay) }
  return { seed: number(seed), step: number(step), optimizer: settings }
}
