/** @file The independent sizes of a network, shared by symmetry, laws and verification. */
import type { Dim } from "../schema/report"

/**
 * One independent size. The generic graph and the laws write every shape as an expression in size names, so a smaller
 * replica of the same architecture is the same data with other numbers.
 */
export interface SizeVariable {
  readonly name: string
  /** The size in the source: a number, or a symbol nobody knows. */
  readonly declared: Dim
  /** "fixed" sizes keep their declared value: geometry of kernels and strides, constants with data, structure nobody could resolve. */
  readonly shrink: "free" | "fixed"
  /** The smallest size that keeps the architecture what it is: 3 for normalized axes and classes, 2 for heads, … */
  readonly minimum: number
}
