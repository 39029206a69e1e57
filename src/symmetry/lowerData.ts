/**
 * @file Lowers what carries no gradient: data, constants, opaque code, results of comparisons.
 */
import type { Node, NodeId } from "../graph/graph"
import type { BinaryFunction, ConstantValue } from "../graph/op"
import type { Dim } from "../schema/report"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, broadcastBlock, eachChoice, emitOver, startsOf, unionLabels, useOf } from "./blocks"
import { functionTraits } from "./functions"
import { keyOf } from "./lowering"
import type { Block, Choice, Lowering } from "./lowering"
import { parameterView } from "./parameterView"
import type { LowOp, ParameterBlock, Use } from "./program"

export const dataOp: LowOp = { kind: "data", sumsToOne: [], sumsToZero: [], lookup: false }

/** What comparisons of a value with itself say. */
export const ofEqualArguments: Readonly<Partial<Record<BinaryFunction, number>>> = {
  equal: 1, greaterEqual: 1, lessEqual: 1, notEqual: 0, greater: 0, less: 0, logicalXor: 0,
}

/** Whatever does not depend on trainable parameters: it varies along the axes its operands vary along. */
export function lowerData(lowering: Lowering, node: Node): Blocks {
  if (lowering.choices(node.id).length === 0) return new Map([["!", lowering.emit(node.id, dataOp, [], [], [])]])
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const elementwise = node.op.kind === "unary" || node.op.kind === "binary" || node.op.kind === "select" || node.op.kind === "stopGradient"
    const uses = elementwise ? node.operands.map((o) => useOf(broadcastBlock(lowering, o, node.id, choice))) : []
    const folded = elementwise ? foldFills(lowering, node, uses) : null
    if (folded !== null) return lowering.emit(node.id, { kind: "fill", value: folded }, [], [], [])
    const labels = elementwise ? unionLabels(uses, atoms) : varyingLabels(lowering, node, choice)
    const lookup = node.op.kind === "oneHot" && lowering.segments(node.id, choice.length - 1).length === 1
    const { one, zero } = dataSums(lowering, node, choice, labels)
    const sums = lookup && node.op.kind === "oneHot" && isIndex(lowering, node.operands[0], node.op.depth) ? [lastPositions(choice)] : one
    const frozen = node.op.kind === "parameter" ? { frozen: parameterBlock(lowering, node.id, node.op.parameter, choice) } : {}
    return emitOver(lowering, node.id, { kind: "data", sumsToOne: sums, sumsToZero: zero, lookup, ...frozen }, [], labels, atoms)
  })
}

/** What shares of inputs and inputs with their mean taken off sum to, along whole axes. */
function dataSums(lowering: Lowering, { id, op }: Node, choice: Choice, labels: readonly number[]): { one: number[][]; zero: number[][] } {
  const pattern = lowering.dataPatterns.get(id)
  const over = (axes: readonly number[]): number[][] => {
    const starts = startsOf(choice)
    const own = axes.flatMap((axis) => choice[axis].atoms.map((_, k) => labels.indexOf(starts[axis] + k)))
    return own.length === 0 || own.includes(-1) || axes.some((axis) => lowering.segments(id, axis).length > 1) ? [] : [own]
  }
  if (op.kind === "softmax") return { one: op.log ? [] : over([op.axis]), zero: [] }
  if (op.kind === "normalize") return { one: [], zero: op.center ? over(op.axes) : [] }
  if (pattern?.kind === "center") return { one: [], zero: pattern.by === "mean" ? over(pattern.axes) : [] }
  if (pattern?.kind !== "normalize") return { one: [], zero: [] }
  return { one: pattern.sumsToOne ? over(pattern.axes) : [], zero: pattern.centered && pattern.scaleFree !== "no" ? over(pattern.axes) : [] }
}

/** Positions of the last axis. */
function lastPositions(choice: Choice): number[] {
  const end = atomsOf(choice).length
  return choice[choice.length - 1].atoms.map((_, i, own) => end - own.length + i)
}

/** Indices by what they are: data below a range, the place of an extreme among `depth`. Others may lie outside, where one-hot rows are zero. */
function isIndex(lowering: Lowering, id: NodeId, depth: Dim): boolean {
  const { op, operands } = lowering.node(id)
  if (op.kind === "input") return op.domain === "index" && op.range === depth
  if (op.kind === "argExtreme") return lowering.node(operands[0]).shape[op.axis] === depth
  if (op.kind === "topK") return op.output === "indices" && lowering.node(operands[0]).shape.at(-1) === depth
  return ["reshape", "transpose", "slice", "tile", "broadcast"].includes(op.kind) && operands.every((o) => isIndex(lowering, o, depth))
}

/** Positions along which data varies: a product of a range and a constant varies along the range only. */
function varyingLabels(lowering: Lowering, node: Node, choice: Choice): number[] {
  const starts = startsOf(choice)
  const varies = (axis: number): boolean => {
    if (node.op.kind !== "einsum") return true
    const [inputs, output] = node.op.equation.split("->")
    return inputs.split(",").some((letters, k) => varyingAxes(lowering, node.operands[k]).has(letters.indexOf(output[axis])))
  }
  return choice.flatMap((s, axis) => (varies(axis) ? s.atoms.map((_, k) => starts[axis] + k) : []))
}

/** Axes that some block of the node has an atom on. */
function varyingAxes(lowering: Lowering, id: NodeId): ReadonlySet<number> {
  const axes = new Set<number>()
  for (const choice of lowering.choices(id)) {
    const starts = startsOf(choice)
    for (const p of lowering.block(id, keyOf(choice))?.positions ?? atomsOf(choice).map((_, i) => i)) axes.add(axisAt(choice, starts, p))
  }
  return axes
}

/** Arithmetic on uniform constants, where it is plain. */
function foldFills(lowering: Lowering, node: Node, uses: readonly Use[]): number | null {
  if (node.op.kind === "unary") {
    const { always } = functionTraits[node.op.fn](node.op.parameters ?? [])
    if (always !== undefined) return always
  }
  if (node.op.kind === "binary" && uses[0].value === uses[1].value && uses[0].labels.join() === uses[1].labels.join()) {
    const settled = ofEqualArguments[node.op.fn]
    if (settled !== undefined) return settled
  }
  const fills = uses.map((u) => lowering.value(u.value).op).map((op) => (op.kind === "fill" ? op.value : null))
  if (fills.some((f) => f === null)) return null
  const [a, b] = fills as number[]
  if (node.op.kind === "binary") {
    switch (node.op.fn) {
      case "add":
        return a + b
      case "subtract":
        return a - b
      case "multiply":
        return a * b
      case "divide":
        return a / b
      case "power":
        return a ** b
      default:
        return null
    }
  }
  if (node.op.kind !== "unary") return null
  switch (node.op.fn) {
    case "neg":
      return -a
    case "sqrt":
      return Math.sqrt(a)
    case "rsqrt":
      return 1 / Math.sqrt(a)
    case "square":
      return a * a
    case "exp":
      return Math.exp(a)
    case "log":
      return Math.log(a)
    default:
      return null
  }
}

export function parameterBlock(lowering: Lowering, id: NodeId, parameter: number, choice: Choice): ParameterBlock {
  const { steps, axes, groups } = parameterView(lowering.network.axes[id], choice)
  return { kind: "parameter", parameter, view: steps, axes, groups, offset: 0 }
}

/** A value nothing is known of: any function of the operands. */
export function lowerOpaque(lowering: Lowering, node: Node, reason: string): Blocks {
  const uses = node.operands.flatMap((o) => lowering.allBlocks(o)).map((b) => ({ value: b.value, labels: b.positions.map((_, i) => 100000 + i) }))
  const choices = lowering.choices(node.id)
  const emit = (atoms: readonly string[]): Block =>
    lowering.emit(
      node.id,
      { kind: "opaque", reason },
      uses,
      atoms.map((_, i) => i),
      atoms,
    )
  if (choices.length === 0) return new Map([["!", emit([])]])
  return eachChoice(lowering, node.id, (choice) => emit(atomsOf(choice)))
}

/** A gradient-free result that varies along all its axes. */
export function lowerStill(lowering: Lowering, node: Node, operands: readonly NodeId[] = node.operands): Blocks {
  const uses = operands.flatMap((o) => lowering.allBlocks(o)).map((b) => ({ value: b.value, labels: b.positions.map((_, i) => 100000 + i) }))
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    return lowering.emit(
      node.id,
      { kind: "still" },
      uses,
      atoms.map((_, i) => i),
      atoms,
    )
  })
}

/** Known numbers: a block that has one of them only is that number. */
export function lowerConstant(lowering: Lowering, node: Node, value: ConstantValue): Blocks {
  const choices = lowering.choices(node.id), all = lowerData(lowering, node)
  if (choices.length < 2) return all
  return new Map([...all].map(([key, block], i) => {
    const only = onlyNumber(value, choices[i], node.shape)
    return [key, only === null ? block : lowering.emit(node.id, { kind: "fill", value: only }, [], [], [])]
  }))
}

/** The one number that stands in a block; null where there are several, or nobody knows. */
function onlyNumber(value: ConstantValue, choice: Choice, shape: readonly Dim[]): number | null {
  const ranges = choice.map((s) => (typeof s.offset === "number" && typeof s.declared === "number" ? { from: s.offset, many: s.declared } : null))
  if (ranges.includes(null)) return null
  const [first, second] = ranges as { from: number; many: number }[]
  switch (value.kind) {
    case "range":
      return first.many === 1 ? value.start + value.step * first.from : null
    case "eye": {
      const apart = first.from + first.many <= second.from || second.from + second.many <= first.from
      return apart ? 0 : first.many === 1 && second.many === 1 ? 1 : null
    }
    case "data": {
      if (shape.length !== 1) return null
      const own = value.values.slice(first.from, first.from + first.many)
      return own.every((x) => x === own[0]) ? own[0] : null
    }
    default:
      return null
  }
}

export function fillBlocks(lowering: Lowering, node: Node, value: number): Blocks {
  const block = lowering.emit(node.id, { kind: "fill", value }, [], [], [])
  return lowering.choices(node.id).length === 0 ? new Map([["!", block]]) : eachChoice(lowering, node.id, () => block)
}
