/**
 * @file A verification in a worker of its own. Cancelling ends the worker: the numbers never have to look up, and nothing of a cancelled run
 * can arrive later.
 */
import workerSource from "inline-worker:./worker"
import type { Verification } from "../src/schema/report"
import type { VerificationTask } from "../src/verification/task"
import type { Series } from "./charts"
import type { Settings } from "./state"

export interface RunRequest {
  readonly task: VerificationTask
  readonly settings: Settings
}

export type FromWorker =
  /** `fraction` from 0 to 1; the series as far as it is known. */
  | { readonly kind: "progress"; readonly fraction: number; readonly phase: string; readonly series: Series | null }
  | { readonly kind: "done"; readonly verification: Verification; readonly series: Series }
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
