/** @file Groups of cells along axes: the cells that one result of a reduction comes from. */
import { offsetsOf, stridesOf } from "./kernel"

export interface Groups {
  /** First cell of each group, groups in row-major order of the remaining axes. */
  readonly start: Int32Array
  /** Offsets of a group's cells from its first. */
  readonly member: Int32Array
}

export function groupCells(shape: readonly number[], axes: readonly number[]): Groups {
  const strides = stridesOf(shape),
    inside = shape.map((_, i) => i).filter((i) => axes.includes(i)),
    outside = shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const cells = (some: readonly number[]): Int32Array =>
    offsetsOf(
      some.map((i) => shape[i]),
      some.map((i) => strides[i]),
    )
  return { start: cells(outside), member: cells(inside) }
}
