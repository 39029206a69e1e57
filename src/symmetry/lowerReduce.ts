/**
 * @file Lowers normalizations, reductions and operations along one axis.
 */
import type { Segment } from "../axes/tree"
import type { Node, NodeId } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, eachChoice, emitOver, isZero, startsOf, unionLabels, useOf } from "./blocks"
import { keyOf } from "./lowering"
import type { Block, Choice, Lowering } from "./lowering"
import { lowerStill } from "./lowerData"
import { contract, scaledBlock, scaledByData, sumBlocks } from "./lowerSum"
import { oneHotAxis } from "./oneHot"
import type { Use, ValueId } from "./program"

interface OverBlocks {
  readonly uses: readonly Use[]
  readonly over: readonly number[]
}

/** All blocks of the operand along `axes`; the one of `choice` has the result's labels, the others new ones along `axes`. */
function blocksOver(lowering: Lowering, operand: NodeId, axes: readonly number[], choice: Choice, sameBlock: boolean): OverBlocks {
  const starts = startsOf(choice),
    atoms = atomsOf(choice)
  let combinations: Choice[] = [choice]
  for (const axis of axes)
    combinations = combinations.flatMap((c) => lowering.segments(operand, axis).map((s) => c.map((old, i) => (i === axis ? s : old))))
  let next = atoms.length
  const over = new Set<number>()
  const uses = combinations.map((own): Use => {
    const from = startsOf(own),
      shared = sameBlock && keyOf(own) === keyOf(choice)
    const labelStart = own.map((s, i) => {
      if (!axes.includes(i) || shared) return starts[i]
      next += s.atoms.length
      return next - s.atoms.length
    })
    for (const axis of axes) own[axis].atoms.forEach((_, k) => over.add(labelStart[axis] + k))
    const block = lowering.block(operand, keyOf(own)) ?? lowering.allBlocks(operand)[0]
    return {
      value: block.value,
      labels: block.positions.map((p) => {
        const axis = axisAt(own, from, p)
        return labelStart[axis] + p - from[axis]
      }),
    }
  })
  return { uses, over: [...over] }
}

interface Normalization {
  readonly name: string
  readonly centered: boolean
  readonly scaleFree: "exactly" | "nearly" | "no"
  readonly sumsToOne: boolean
  readonly epsilon: number
}

export function lowerNormalize(
  lowering: Lowering,
  node: Node,
  operand: NodeId,
  axes: readonly number[],
  { name, centered, scaleFree, sumsToOne, epsilon }: Normalization,
): Blocks {
  if (scaleFree === "exactly" && axes.length === 1 && oneHotAxis(lowering.graph, operand) === axes[0]) return lowerStill(lowering, node, [operand])
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const { uses, over } = blocksOver(lowering, operand, axes, choice, true)
    // Over a single cell a softmax is 1, a centered norm 0 and a norm without ε ±1: no gradient.
    if (over.length === 0 && uses.length === 1) {
      if (centered || sumsToOne) return lowering.emit(node.id, { kind: "fill", value: sumsToOne ? 1 : 0 }, [], [], [])
      if (scaleFree === "exactly") return emitOver(lowering, node.id, { kind: "still" }, uses, unionLabels(uses, atoms), atoms)
    }
    const labels = [...new Set([...unionLabels(uses, atoms), ...over.filter((l) => l < atoms.length)])].sort((a, b) => a - b)
    // Over single cells each result is one share of several.
    const share = sumsToOne && over.length === 0 ? { share: shareOf(choice, axes) } : {}
    return emitOver(lowering, node.id, { kind: "normalize", over, name, centered, scaleFree, sumsToOne, epsilon, ...share }, uses, labels, atoms)
  })
}

/** Which softmax of the node it is, and which of its entries. */
function shareOf(choice: Choice, axes: readonly number[]): { readonly of: string; readonly place: string } {
  const keys = (within: boolean): string => choice.map(({ key }, i) => (axes.includes(i) === within ? key : "")).join("|")
  return { of: keys(false), place: keys(true) }
}

/** Over an axis in several segments the statistic ties them together: then only a common factor passes. */
export function lowerCenter(lowering: Lowering, node: Node, operand: NodeId, axes: readonly number[], by: "mean" | "extreme"): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const { uses, over } = blocksOver(lowering, operand, axes, choice, true)
    if (uses.length > 1) return lowering.barrier(node.id, lowering.allBlocks(operand), atoms)
    if (over.length === 0) return lowering.emit(node.id, { kind: "fill", value: 0 }, [], [], [])
    const labels = [...new Set([...unionLabels(uses, atoms), ...over])].sort((a, b) => a - b)
    return emitOver(lowering, node.id, { kind: "center", over, by }, uses, labels, atoms)
  })
}

export function lowerReduce(lowering: Lowering, node: Node, op: OpOf<"reduce">): Blocks {
  const operand = node.operands[0],
    rank = lowering.network.axes[operand].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    let next = 0
    const full: Segment[] = Array.from({ length: rank }, (_, i) => {
      if (!op.axes.includes(i)) return op.keepDims ? choice[i] : choice[next++]
      return lowering.segments(operand, i)[0]
    })
    const { uses } = blocksOver(lowering, operand, op.axes, full, false)
    // Positions of `full` that stay are the result's positions, in order; the labels of reduced axes are new already.
    const starts = startsOf(full),
      offset = atomsOf(full).length
    const kept = full.flatMap((s, i) => (op.axes.includes(i) ? [] : s.atoms.map((_, k) => starts[i] + k)))
    const relabel = (l: number): number => (l < offset ? kept.indexOf(l) : l - offset + atoms.length)
    const fn =
      op.fn === "sum" ? "sum" : op.fn === "mean" ? (uses.length === 1 ? "mean" : "sum") : op.fn === "max" || op.fn === "min" ? "max" : "product"
    const most = op.axes.reduce((sum, axis) => sum + Math.max(...lowering.segments(operand, axis).map((own) => own.atoms.length)), 0)
    const parts = uses.map((u): Block => {
      const labels = u.labels.map(relabel),
        over = labels.filter((l) => l >= atoms.length)
      if (isZero(lowering, { value: u.value, positions: labels }) && fn !== "product") return { value: u.value, positions: [] }
      // Over one cell, or over copies of a value, a mean and an extreme are the value; over one cell a sum and a product, too; over
      // several cells a sum adds them.
      const single = op.axes.every((axis) => lowering.segments(operand, axis).every((s) => s.atoms.length === 0))
      const isItself = uses.length === 1 ? single || fn === "max" || fn === "mean" : single && op.fn === "sum"
      if (over.length === 0 && isItself) return { value: u.value, positions: labels }
      const product = fn === "sum" || fn === "mean" ? summedProduct(lowering, node, u.value, labels, atoms) : null
      // A label that the value lacks is one of copies, of which a sum has several.
      if (product !== null) return op.fn === "sum" && over.length === most ? product : scaledByData(lowering, node.id, product, atoms)
      const outLabels = labels.filter((l) => l < atoms.length).sort((a, b) => a - b)
      return emitOver(lowering, node.id, { kind: "reduce", fn, over }, [{ value: u.value, labels }], outLabels, atoms)
    })
    if (parts.length === 1) return parts[0]
    if (fn === "sum") return sumBlocks(lowering, node.id, parts, atoms)
    const all = parts.map(useOf)
    if (fn === "max") return emitOver(lowering, node.id, { kind: "choose", conditional: false, masked: false }, all, unionLabels(all, atoms), atoms)
    return emitOver(lowering, node.id, { kind: "opaque", reason: "a product over an axis that is cut" }, all, unionLabels(all, atoms), atoms)
  })
}

/** The sum over an axis that both factors of a product have is a contraction of the two; null for other values. `labels`: of the value's atoms. */
function summedProduct(lowering: Lowering, node: Node, id: ValueId, labels: readonly number[], atoms: readonly string[]): Block | null {
  const value = lowering.value(id)
  if (value.op.kind === "map" && value.op.slope !== null) {
    const product = summedProduct(lowering, node, value.uses[0].value, labels, atoms)
    return product === null ? null : scaledBlock(lowering, node.id, product, value.op.slope)
  }
  if (value.op.kind !== "contract") return null
  const shared = (k: number): boolean => value.uses.every((u) => u.labels.includes(value.labels[k]))
  if (!labels.some((l, k) => l >= atoms.length && shared(k))) return null
  // Labels of the product that its own result lacks come after all others.
  const inner = Math.max(atoms.length, ...labels) + 1
  const uses = value.uses.map((u) => ({
    value: u.value,
    labels: u.labels.map((l) => (value.labels.includes(l) ? labels[value.labels.indexOf(l)] : inner + l)),
  }))
  return contract(lowering, node.id, uses, atoms)
}

/** An operation along one axis that keeps the shape. */
export function lowerAlong(lowering: Lowering, node: Node, axes: readonly number[], how: { keepsConstants: boolean; maximal: boolean }): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    const cell = cellwise(lowering, node, choice)
    if (cell !== null) return cell
    if (axes.some((axis) => lowering.segments(node.operands[0], axis).length > 1))
      return lowering.barrier(node.id, lowering.allBlocks(node.operands[0]), atoms)
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
    const over = axes.flatMap((axis) => choice[axis].atoms.map((_, k) => starts[axis] + k))
    const labels = [...new Set([...block.positions, ...over])].sort((a, b) => a - b)
    return emitOver(lowering, node.id, { kind: "mix", over, ...how }, [useOf(block)], labels, atoms)
  })
}

/** Where an axis is cut into single cells: what stands at the other end, what has been summed up to here, what a band keeps; null elsewhere. */
function cellwise(lowering: Lowering, { id, op, operands: [operand] }: Node, choice: Choice): Block | null {
  const atoms = atomsOf(choice), at = (axis: number): number => Number(choice[axis].offset)
  const isCut = (axis: number): boolean => {
    const own = lowering.segments(operand, axis)
    return own.length > 1 && own.every((s) => s.atoms.length === 0 && typeof s.offset === "number")
  }
  const cell = (axis: number, place: number): Block =>
    lowering.conformed(operand, lowering.network.axes[operand])(choice.map((s, i) => (i === axis ? lowering.segments(operand, axis)[place] : s)))
  switch (op.kind) {
    case "reverse": {
      const [axis] = op.axes
      return op.axes.length === 1 && isCut(axis) ? cell(axis, lowering.segments(operand, axis).length - 1 - at(axis)) : null
    }
    case "cumsum": {
      if (!isCut(op.axis)) return null
      const places = lowering.segments(operand, op.axis).map((_, i) => i), here = at(op.axis)
      const before = places.filter((i) => (op.reverse ? i > here : i < here) || (!op.exclusive && i === here))
      return sumBlocks(lowering, id, before.map((i) => cell(op.axis, i)), atoms)
    }
    case "bandPart": {
      const [row, column] = [choice.length - 2, choice.length - 1]
      if (!isCut(row) || !isCut(column)) return null
      const below = at(row) - at(column), kept = (op.lower < 0 || below <= op.lower) && (op.upper < 0 || -below <= op.upper)
      return kept ? cell(row, at(row)) : lowering.emit(id, { kind: "fill", value: 0 }, [], [], [])
    }
    default:
      return null
  }
}

export function lowerTopK(lowering: Lowering, node: Node, op: OpOf<"topK">): Blocks {
  if (op.output === "indices") return lowerStill(lowering, node)
  const operand = node.operands[0],
    last = lowering.network.axes[operand].length - 1
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const full = choice.map((s, i) => (i === last ? lowering.segments(operand, last)[0] : s))
    const { uses } = blocksOver(lowering, operand, [last], full, false)
    const shift = atomsOf(full).length,
      starts = startsOf(choice)
    const selected = choice[last].atoms.map((_, k) => starts[last] + k)
    const parts = uses.map((u): Block => {
      const labels = u.labels.map((l) => (l < shift ? l : l - shift + atoms.length))
      const over = [...labels.filter((l) => l >= atoms.length), ...selected]
      const out = [...new Set([...labels.filter((l) => l < atoms.length), ...selected])].sort((a, b) => a - b)
      return emitOver(lowering, node.id, { kind: "mix", over, keepsConstants: true, maximal: true }, [{ value: u.value, labels }], out, atoms)
    })
    if (parts.length === 1) return parts[0]
    const all = parts.map(useOf)
    return emitOver(lowering, node.id, { kind: "choose", conditional: false, masked: false }, all, unionLabels(all, atoms), atoms)
  })
}
