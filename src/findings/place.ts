/** @file Comparing places. */
import type { Place, Pos } from "../schema/report"

const samePos = (a: Pos, b: Pos): boolean => a.file === b.file && a.line === b.line && a.column === b.column

/** Two places that are both missing are the same. */
export const samePlaceAs = (a: Place | undefined, b: Place | undefined): boolean =>
  a === undefined || b === undefined ? a === b : samePos(a.start, b.start) && samePos(a.end, b.end)

export const comparePlaces = (a: Place, b: Place): number =>
  compareFiles(a.start.file ?? "", b.start.file ?? "") || a.start.line - b.start.line || a.start.column - b.start.column

/** Nearly all places are in one file, and comparing by locale is slow. */
const compareFiles = (a: string, b: string): number => (a === b ? 0 : a.localeCompare(b))
