/** @file Sizes that nobody states but the code counts with: they get a small number, and the reader is told. */
import type { Context } from "../context"
import type { Dim } from "../../schema/report"
import { assume, resolveDim } from "../context"
import { symbolsOf } from "../../graph/dim"

/** How often a loop over a size that nobody states goes round. */
const unrolledSize = 3

/** Gives every open symbol of a size that small number; true when one was given. */
export function settleSymbols(context: Context, d: Dim): boolean {
  const open = symbolsOf(resolveDim(context, d)).filter((symbol) => !context.state.solution.has(symbol))
  for (const symbol of open) {
    context.state.solution.set(symbol, unrolledSize)
    assume(context, `the loop over ${symbol.replace(/\u00b7\d+$/, "")} is read for ${unrolledSize} rounds`)
  }
  return open.length > 0
}
