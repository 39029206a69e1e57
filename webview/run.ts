/**
 * @file A verification in a worker of its own. Cancelling ends the worker: the numbers never have to look up, and nothing of a cancelled run
 * can arrive later.
 */
import workerSource from "inline-worker:./worker"
import type { VerificationTask } from "../src/verification/task"
import type { VerificationProgress, VerificationRun } from "../src/verification/verify"
import type { Settings } from "./state"

export interface RunRequest {
  readonly task: VerificationTask
  readonly settings: Settings
}

export type FromWorker =
  | { readonly kind: "progress"; readonly progress: VerificationProgress }
  | { readonly kind: "done"; readonly run: VerificationRun }
  | { readonly kind: "failed"; readonly message: string }

export interface Run {
  readonly cancel: () => void
}

/** Workers of other origins are forbidden in a webview, those from a blob are not. */
export function startRun(request: RunRequest, onMessage: (message: FromWorker) => void): Run {
  const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }))
  const worker = new Worker(address)
  const finish = (): void => {
    worker.terminate()
    URL.revokeObjectURL(address)
  }
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind !== "progress") finish()
    onMessage(data)
  }
  worker.onerror = event => {
    finish()
    onMessage({ kind: "failed", message: event.message || "the worker did not start" })
  }
  worker.postMessage(request)
  return { cancel: finish }
}
