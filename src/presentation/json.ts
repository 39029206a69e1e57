/** @file The report as JSON text: schema 1, two spaces, a line break at the end. */
import type { FileReport, LawVerification, Model, Report, VerifiedModel } from "../schema/report"

export const makeReport = (files: readonly FileReport[]): Report => ({ schema: 1, files })

/** A law that could not be measured has no numbers: it is listed apart, with the reason. One without a control has null there, and its verdict. */
export const jsonText = (report: Report): string => `${JSON.stringify({ ...report, files: report.files.map(measuredOnly) }, null, 2)}\n`

const measuredOnly = (file: FileReport): FileReport => ({
  ...file,
  models: file.models.map((model) => (isVerified(model) ? setApart(model) : model)),
})
const isVerified = (model: Model): model is VerifiedModel => "verification" in model

function setApart(model: VerifiedModel): VerifiedModel {
  const { verification } = model, { laws, ownLoss } = verification
  const unmeasured = laws.filter((law) => !isMeasured(law)).map(({ law, detail = "not measured" }) => ({ law, detail }))
  // What its own loss did not measure has a verdict under the squared error.
  const own = ownLoss === undefined ? {} : { ownLoss: { ...ownLoss, laws: ownLoss.laws.filter(isMeasured) } }
  const apart = unmeasured.length === 0 ? {} : { unmeasured }
  return { ...model, verification: { ...verification, laws: laws.filter(isMeasured), ...apart, ...own } }
}

const isMeasured = ({ rate, drift }: LawVerification): boolean => Number.isFinite(rate) && Number.isFinite(drift)
