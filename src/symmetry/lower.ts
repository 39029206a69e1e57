/**
 * @file Lowers a generic network to blocks: walks the nodes that outputs depend on, cuts every tensor at its segments and turns shape
 * operations into renamings.
 */
import type { GenericNetwork } from "../axes/generalize"
import { lowerNode } from "./lowerings"
import { Lowering } from "./lowering"
import type { Lowered } from "./lowering"
import type { Program } from "./program"

export function lowerNetwork(network: GenericNetwork): Lowered {
  const plain = new Set<number>()
  for (;;) {
    const lowered = new Lowering(network, lowerNode, plain).run()
    const torn = tornParameters(lowered.program)
    if (torn.length === 0) return lowered
    for (const parameter of torn) plain.add(parameter)
  }
}

/** Parameters with a block that is read both as W + c and otherwise: those are no two parameters, so W + c must stay a sum. */
function tornParameters({ values }: Program): number[] {
  const offsets = new Map<string, string>(),
    torn = new Set<number>()
  // Most parameters are read as they are, and need no names.
  const moved = new Set<number>()
  for (const { op } of values) if (op.kind === "parameter" && op.offset !== 0) moved.add(op.parameter)
  for (const { op } of moved.size > 0 ? values : []) {
    if (op.kind !== "parameter" || !moved.has(op.parameter)) continue
    const block = `${op.parameter}:${JSON.stringify(op.view)}`,
      offset = JSON.stringify(op.offset)
    if (offsets.has(block) && offsets.get(block) !== offset) torn.add(op.parameter)
    offsets.set(block, offset)
  }
  return [...torn]
}
