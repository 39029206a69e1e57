/** @file Which site of a report a position means, for every editor in the same way. */
import type { FileReport, Place, Pos, Site } from "../schema/report"

/** The smallest site of this very file that contains the position, ends included (a cursor may stand behind the last letter). */
export function siteAt(report: FileReport, position: Pos): Site | null {
  let best: Site | null = null
  for (const site of report.models.flatMap(model => model.sites)) {
    if (isInThisFile(report, site) && contains(site, position) && (!best || isInside(site, best))) best = site
  }
  return best
}

/** Places may lie in another file: a weight of a class that is imported. */
export const isInThisFile = (report: FileReport, place: Place): boolean => place.start.file === undefined || place.start.file === report.path

export const contains = (place: Place, position: Pos): boolean => !isBefore(position, place.start) && !isBefore(place.end, position)

const isInside = (inner: Place, outer: Place): boolean => contains(outer, inner.start) && contains(outer, inner.end)

const isBefore = (a: Pos, b: Pos): boolean => a.line < b.line || (a.line === b.line && a.column < b.column)
