/** @file The report as JSON text: schema 1, two spaces, a line break at the end. */
import type { FileReport, Report } from "../schema/report"

export const makeReport = (files: readonly FileReport[]): Report => ({ schema: 1, files })

/** Numbers that JSON lacks become null: a rate that could not be measured is unknown, not zero. */
export const jsonText = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`
