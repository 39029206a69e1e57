/** @file Numbers as people read them. */

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

/** 0.0123 → "0.012", 3.2e-14 → "3.2·10⁻¹⁴", 0 → "0", not measured → "–". Two significant digits: these are magnitudes to compare. */
export function formatMagnitude(value: number): string {
  if (value === 0) return "0"
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞"
  const size = Math.abs(value)
  if (size >= 0.001 && size < 10_000) return minus(String(Number(value.toPrecision(2))))
  const [digits = "", exponent = "0"] = value.toExponential(1).split("e")
  return minus(`${digits.replace(/\.0$/, "")}·10${superscript(Number(exponent))}`)
}

/** A tick of a linear axis: round already, so that all its digits count. */
export const formatTick = (value: number): string => {
  const size = Math.abs(value)
  return value === 0 || (size >= 1e-4 && size < 1e6) ? minus(String(Number(value.toPrecision(6)))) : formatMagnitude(value)
}

/** "10⁻¹²" for ticks of a logarithmic axis. */
export const formatPower = (exponent: number): string => `10${superscript(exponent)}`

const superscript = (exponent: number): string =>
  (exponent < 0 ? "⁻" : "") + [...String(Math.abs(exponent))].map(digit => superscripts[Number(digit)]).join("")

const minus = (text: string): string => text.replace(/^-/, "−")

export const formatDuration = (milliseconds: number): string =>
  milliseconds < 950 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`
