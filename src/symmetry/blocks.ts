/**
 * @file Blocks of tensors and how their atoms are numbered: positions in a choice of segments, broadcasting, emitting values over labels.
 */
import { segmentsOf } from "../axes/tree"
import type { NodeId } from "../graph/graph"
import { keyOf } from "./lowering"
import type { Block, Choice, Lowering } from "./lowering"
import type { LowOp, Use } from "./program"

export type Blocks = ReadonlyMap<string, Block>

export function atomsOf(choice: Choice): string[] {
  const atoms: string[] = []
  for (const s of choice) atoms.push(...s.atoms)
  return atoms
}

/** First position of each axis in the atom sequence of a choice. */
export function startsOf(choice: Choice): number[] {
  const starts: number[] = []
  let next = 0
  for (const s of choice) {
    starts.push(next)
    next += s.atoms.length
  }
  return starts
}

/** One block for every choice of segments of the node. */
export function eachChoice(lowering: Lowering, id: NodeId, make: (choice: Choice) => Block): Blocks {
  const blocks = new Map<string, Block>()
  for (const choice of lowering.choices(id)) blocks.set(keyOf(choice), make(choice))
  return blocks
}

/** The operand's block for a choice of the result under broadcasting, with positions of the result. */
export function broadcastBlock(lowering: Lowering, operand: NodeId, node: NodeId, choice: Choice): Block {
  const own = lowering.network.axes[operand],
    out = lowering.network.axes[node],
    shift = out.length - own.length
  if (shift === 0 && own.every((tree, i) => tree === out[i])) return lowering.conformed(operand, out)(choice)
  const stretched = own.map((tree, i) => tree.kind === "unit" && out[i + shift].kind !== "unit")
  const targets = own.map((tree, i) => (stretched[i] ? tree : out[i + shift]))
  const ownChoice = own.map((tree, i) => (stretched[i] ? segmentsOf(tree)[0] : choice[i + shift]))
  const block = lowering.conformed(operand, targets)(ownChoice)
  const from = startsOf(ownChoice),
    to = startsOf(choice)
  const position = (p: number): number => {
    const axis = axisAt(ownChoice, from, p)
    return to[axis + shift] + p - from[axis]
  }
  return { value: block.value, positions: block.positions.map(position) }
}

export function axisAt(choice: Choice, starts: readonly number[], position: number): number {
  for (let i = choice.length - 1; i >= 0; i--) if (choice[i].atoms.length > 0 && starts[i] <= position) return i
  return 0
}

export const useOf = (block: Block): Use => ({ value: block.value, labels: block.positions })

/** Labels that any operand has, in order, with their size names. */
export function unionLabels(uses: readonly Use[], atoms: readonly string[]): number[] {
  const seen: boolean[] = []
  for (const use of uses) for (const l of use.labels) seen[l] = true
  const labels: number[] = []
  for (let i = 0; i < atoms.length; i++) if (seen[i]) labels.push(i)
  return labels
}

export function emitOver(
  lowering: Lowering,
  node: NodeId,
  op: LowOp,
  uses: readonly Use[],
  labels: readonly number[],
  atoms: readonly string[],
): Block {
  return lowering.emit(
    node,
    op,
    uses,
    labels,
    labels.map((l) => atoms[l]),
  )
}

export function lowerMap(lowering: Lowering, node: NodeId, block: Block, op: LowOp): Block {
  const value = lowering.value(block.value)
  return lowering.emit(node, op, [{ value: block.value, labels: block.positions }], block.positions, value.atoms)
}

export function isZero(lowering: Lowering, block: Block): boolean {
  const op = lowering.value(block.value).op
  return op.kind === "fill" && op.value === 0
}
