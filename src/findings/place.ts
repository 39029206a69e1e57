/** @file Comparing places. */
import type { Place, Pos } from "../schema/report"

const samePos = (a: Pos, b: Pos): boolean => a.file === b.file && a.line === b.line && a.column === b.column

/** Two places that are both missing are the same. */
export const samePlaceAs = (a: Place | undefined, b: Place | undefined): boolean =>
  a === undefined || b === undefined ? a === b : samePos(a.start, b.start) && samePos(a.end, b.end)

export const comparePlaces = (a: Place, b: Place): number =>
  (a.start.file ?? "").localeCompare(b.start.file ?? "") || a.start.line - b.start.line || a.start.column - b.start.column
