/**
 * @file Lowers convolutions and pools. Spatial positions of input, kernel and result are three different labels: no action on one of them passes.
 */
import { joinKeys, sameTree, segmentsOf } from "../axes/tree"
import type { Segment } from "../axes/tree"
import type { Node } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, eachChoice, emitOver, isZero, startsOf } from "./blocks"
import { keyOf } from "./lowering"
import type { Block, Choice, Lowering } from "./lowering"
import { sumBlocks } from "./lowerSum"
import type { Use } from "./program"

export function lowerConvolve(lowering: Lowering, node: Node, op: OpOf<"convolve">): Blocks {
  const [x, kernel] = node.operands,
    rank = op.strides.length
  const inAxis = rank,
    outAxis = rank + 1
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    const channel = choice[rank + 1]
    const barrier = (): Block => lowering.barrier(node.id, [...lowering.allBlocks(x), ...lowering.allBlocks(kernel)], atoms)
    // Channels that are cut differently would pair wrong blocks, or leave some out.
    if (!sameTree(lowering.tree(x, rank + 1), lowering.tree(kernel, inAxis))) return barrier()
    const parts: Block[] = []
    let isPadding = false
    for (const xChoice of lowering.choices(x)) {
      if (xChoice[0].key !== choice[0].key) continue
      for (const kChoice of lowering.choices(kernel)) {
        if (kChoice[inAxis].key !== xChoice[rank + 1].key || kChoice[inAxis].atoms.join() !== xChoice[rank + 1].atoms.join()) continue
        const produced = op.variant === "depthwise" ? joinKeys(kChoice[inAxis].key, kChoice[outAxis].key) : kChoice[outAxis].key
        if (produced !== channel.key) continue
        // Cells of zeros (padding) add nothing.
        if (isZero(lowering, lowering.block(x, keyOf(xChoice))!)) isPadding = true
        else parts.push(convolveBlock(lowering, node, op, choice, starts, atoms, xChoice, kChoice))
      }
    }
    return parts.length === 0 && !isPadding ? barrier() : sumBlocks(lowering, node.id, parts, atoms)
  })
}

function convolveBlock(
  lowering: Lowering,
  node: Node,
  op: OpOf<"convolve">,
  choice: Choice,
  starts: readonly number[],
  atoms: readonly string[],
  xChoice: Choice,
  kChoice: Choice,
): Block {
  const [x, kernel] = node.operands,
    rank = op.strides.length
  let next = atoms.length
  const take = (s: Segment): number => {
    next += s.atoms.length
    return next - s.atoms.length
  }
  const depthwise = op.variant === "depthwise"
  const xStart = xChoice.map((s, i) => (i === 0 ? starts[0] : i <= rank ? take(s) : depthwise ? starts[rank + 1] : take(s)))
  const kStart = kChoice.map((s, i) => {
    if (i < rank) return take(s)
    if (i === rank) return xStart[rank + 1]
    return starts[rank + 1] + (depthwise ? kChoice[rank].atoms.length : 0)
  })
  const use = (id: number, own: Choice, first: readonly number[]): Use => {
    const block = lowering.block(id, keyOf(own))!
    const from = startsOf(own)
    return {
      value: block.value,
      labels: block.positions.map((p) => {
        const axis = axisAt(own, from, p)
        return first[axis] + p - from[axis]
      }),
    }
  }
  const moving = new Set<number>()
  for (let i = 1; i <= rank; i++) {
    xChoice[i].atoms.forEach((_, k) => moving.add(xStart[i] + k))
    kChoice[i - 1].atoms.forEach((_, k) => moving.add(kStart[i - 1] + k))
    choice[i].atoms.forEach((_, k) => moving.add(starts[i] + k))
  }
  const uses = [use(x, xChoice, xStart), use(kernel, kChoice, kStart)]
  const labels = [
    ...new Set([...uses.flatMap((u) => u.labels).filter((l) => l < atoms.length), ...[...moving].filter((l) => l < atoms.length)]),
  ].sort((a, b) => a - b)
  // What is constant over a piece of the input is not constant over all of it.
  const isWhole = xChoice.every((_, i) => i === 0 || i > rank || lowering.segments(x, i).length === 1)
  // Which positions of which pieces meet, and how: alike in two convolutions that do the same with a kernel.
  const spatial = [choice.slice(1, rank + 1), xChoice.slice(1, rank + 1), kChoice.slice(0, rank)],
    cuts = [lowering.cuts(x, 1, rank + 1), lowering.cuts(kernel, 0, rank), lowering.cuts(node.id, 1, rank + 1)],
    form = JSON.stringify([op, spatial.map((own) => own.map(({ key }) => key)), cuts])
  return emitOver(
    lowering,
    node.id,
    { kind: "convolve", moving: [...moving], valid: isWhole && op.padding === "valid" && op.variant !== "transposed", form },
    uses,
    labels,
    atoms,
  )
}

export function lowerPool(lowering: Lowering, node: Node, op: OpOf<"pool">): Blocks {
  const operand = node.operands[0],
    rank = op.window.length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    const spatial = Array.from({ length: rank }, (_, i) => segmentsOf(lowering.tree(operand, i + 1)))
    const pieces = combinations(spatial).map((cells) => choice.map((s, i) => (i > 0 && i <= rank ? cells[i - 1] : s)))
    const barrier = (): Block => lowering.barrier(node.id, lowering.allBlocks(operand), atoms)
    if (pieces.some((piece) => lowering.block(operand, keyOf(piece)) === undefined)) return barrier()
    // Beside zeros (padding) one piece may be pooled: it scales, though constants over it are constants no more.
    const filled = pieces.filter((piece) => !isZero(lowering, lowering.block(operand, keyOf(piece))!))
    if (filled.length === 0) return lowering.emit(node.id, { kind: "fill", value: 0 }, [], [], [])
    if (filled.length > 1) return barrier()
    const [own] = filled, block = lowering.block(operand, keyOf(own))!
    let next = atoms.length
    const first = own.map((s, i) => {
      if (i === 0 || i > rank) return starts[i]
      next += s.atoms.length
      return next - s.atoms.length
    })
    const from = startsOf(own)
    const labels = block.positions.map((p) => {
      const axis = axisAt(own, from, p)
      return first[axis] + p - from[axis]
    })
    const pooled = choice.flatMap((s, i) => (i > 0 && i <= rank ? s.atoms.map((_, k) => starts[i] + k) : []))
    const over = [...labels.filter((l) => l >= atoms.length), ...pooled]
    const out = [...new Set([...labels.filter((l) => l < atoms.length), ...pooled])].sort((a, b) => a - b)
    return emitOver(
      lowering,
      node.id,
      { kind: "mix", over, keepsConstants: pieces.length === 1, maximal: op.fn === "max" },
      [{ value: block.value, labels }],
      out,
      atoms,
    )
  })
}

/** One segment of each axis, in every way. */
const combinations = (axes: readonly (readonly Segment[])[]): readonly (readonly Segment[])[] =>
  axes.reduce<readonly (readonly Segment[])[]>((made, segments) => made.flatMap((front) => segments.map((s) => [...front, s])), [[]])
