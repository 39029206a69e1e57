/** @file Sizes that nobody states but the code counts with: they get a small number, and the reader is told. */
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import { assume, resolveDim } from "../context"
import { evaluateDim, symbolsOf } from "../../graph/dim"

/** How often a loop over a size that nobody states goes round. */
const unrolledSize = 3

/**
 * A size that has to be a number, and that nobody states: its symbols get the smallest power of two that makes it whole and at least 2. The number,
 * or null where none up to 64 does.
 */
export function settleCount(context: Context, d: Dim, what: string): number | null {
  const size = resolveDim(context, d)
  if (typeof size === "number") return size
  const open = symbolsOf(size)
  for (let n = 2; n <= 64; n *= 2) {
    const count = evaluateDim(size, Object.fromEntries(open.map((symbol) => [symbol, n])))
    if (!Number.isInteger(count) || count < 2) continue
    for (const symbol of open) context.state.solution.set(symbol, n)
    const named = open.map((symbol) => symbol.replace(/\u00b7\d+$/, "")).join(" and ")
    assume(context, `${named} ${open.length === 1 ? "is" : "are"} taken to be ${n}, so that ${what} ${count}`, { symbols: open })
    return count
  }
  return null
}

/** Gives every open symbol of a size that small number; true when one was given. */
export function settleSymbols(context: Context, d: Dim): boolean {
  const open = symbolsOf(resolveDim(context, d)).filter((symbol) => !context.state.solution.has(symbol))
  for (const symbol of open) {
    context.state.solution.set(symbol, unrolledSize)
    assume(context, `the loop over ${symbol.replace(/\u00b7\d+$/, "")} is read for ${unrolledSize} rounds`, { symbols: [symbol] })
  }
  return open.length > 0
}
