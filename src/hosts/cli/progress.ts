/**
 * @file Says how far a run is, on the stream for complaints. A terminal has one line that is written over; elsewhere a line every few seconds says
 * that the program is alive and does not drown the log.
 */

/** What of the world of a run it needs. */
interface Screen {
  readonly isTerminal: { readonly stderr: boolean }
  readonly writeError: (text: string) => void
}

/** @param stage what is done now; "" when all is done. @param fraction of the whole, or null where nobody knows it. */
export type Progress = (stage: string, fraction: number | null) => void

/** Milliseconds between two lines. */
const terminalPause = 100
const logPause = 5_000

/** @param now milliseconds; the first line comes after the first pause, so that short runs are silent. */
export function slowProgress(subject: string, screen: Screen, now: () => number = () => performance.now()): Progress {
  const { stderr } = screen.isTerminal
  const pause = stderr ? terminalPause : logPause
  let last = now(),
    shown = false
  return (stage, fraction) => {
    if (stage === "") {
      if (shown && stderr) screen.writeError("\r\u001b[K")
      shown = false
      return
    }
    if (now() - last < pause) return
    last = now()
    shown = true
    const line = `${subject}: ${fraction === null ? "" : `${Math.round(100 * fraction)}% `}${stage}`
    screen.writeError(stderr ? `\r\u001b[K${line.slice(0, terminalWidth)}` : `${line}\n`)
  }
}

/** A line that is longer than the window would not be written over. */
const terminalWidth = 79
