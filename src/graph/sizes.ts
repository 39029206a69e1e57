/** @file The sizes that operations mention beside the shapes of their nodes: ranges of indices, offsets, padding, repeats, depths. */
import type { Dim } from "../schema/report"
import type { Op } from "./op"

/** The operation with every size replaced. */
export function mapSizes(op: Op, map: (d: Dim) => Dim): Op {
  switch (op.kind) {
    case "input":
      return op.range === undefined ? op : { ...op, range: map(op.range) }
    case "slice":
      return { ...op, begin: op.begin.map(map) }
    case "pad":
      return { ...op, before: op.before.map(map), after: op.after.map(map) }
    case "tile":
      return { ...op, repeats: op.repeats.map(map) }
    case "oneHot":
      return { ...op, depth: map(op.depth) }
    default:
      return op
  }
}

export function sizesIn(op: Op): readonly Dim[] {
  const found: Dim[] = []
  mapSizes(op, (d) => {
    found.push(d)
    return d
  })
  return found
}
