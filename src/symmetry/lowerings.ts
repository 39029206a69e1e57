/**
 * @file One lowering per op kind: from a node to the values of its blocks.
 */
import { addDim, substituteDim } from "../graph/dim"
import { declaredSize, joinKeys, segmentsOf } from "../axes/tree"
import type { AxisTree, Segment } from "../axes/tree"
import type { Node, NodeId } from "../graph/graph"
import type { OpKind, OpOf } from "../graph/op"
import type { Dim } from "../schema/report"
import { functionTraits } from "./functions"
import { lowerBinary, lowerSelect } from "./lowerBinary"
import { lowerConvolve, lowerPool } from "./lowerConvolve"
import { keyOf } from "./lower"
import type { Block, Choice, Lowering } from "./lower"
import { parameterView } from "./parameterView"
import type { LowOp, ParameterBlock, Use, Value } from "./program"

export type Blocks = ReadonlyMap<string, Block>
type Lower<K extends OpKind> = (lowering: Lowering, node: Node, op: OpOf<K>) => Blocks

/** Blocks of one node; operands were lowered before. */
export function lowerNode(lowering: Lowering, node: Node): Blocks {
  if (!lowering.depends[node.id] && !renaming.has(node.op.kind)) return lowerData(lowering, node)
  if (lowering.choices(node.id).length === 0) return lowerOpaque(lowering, node, "its axis is cut into too many pieces to follow")
  const pattern = lowering.patterns.get(node.id)
  if (pattern?.kind === "normalize") return lowerNormalize(lowering, node, pattern.operand, pattern.axes, pattern)
  if (pattern?.kind === "contract") return lowerProductSum(lowering, node, pattern.product, pattern.axes, pattern.keepDims)
  if (pattern?.kind === "center") return lowerCenter(lowering, node, pattern.operand, pattern.axes)
  return (lowerings[node.op.kind] as Lower<OpKind>)(lowering, node, node.op)
}

/** Shape operations: blocks of the operand under another name, for data too, so that what is known of it stays known. */
const renaming = new Set<OpKind>(["reshape", "transpose", "slice", "concat", "broadcast", "tile", "constant"])

// ---- positions ----

export const atomsOf = (choice: Choice): string[] => choice.flatMap((s) => s.atoms)

/** First position of each axis in the atom sequence of a choice. */
export function startsOf(choice: Choice): number[] {
  let next = 0
  return choice.map((s) => {
    const start = next
    next += s.atoms.length
    return start
  })
}

/** One block for every choice of segments of the node. */
export function eachChoice(lowering: Lowering, id: NodeId, make: (choice: Choice) => Block): Blocks {
  return new Map(lowering.choices(id).map((choice) => [keyOf(choice), make(choice)]))
}

/** The operand's block for a choice of the result under broadcasting, with positions of the result. */
export function broadcastBlock(lowering: Lowering, operand: NodeId, node: NodeId, choice: Choice): Block {
  const own = lowering.network.axes[operand], out = lowering.network.axes[node], shift = out.length - own.length
  const stretched = own.map((tree, i) => tree.kind === "unit" && out[i + shift].kind !== "unit")
  const targets = own.map((tree, i) => (stretched[i] ? tree : out[i + shift]))
  const ownChoice = own.map((tree, i) => (stretched[i] ? segmentsOf(tree)[0] : choice[i + shift]))
  const block = lowering.conformed(operand, targets)(ownChoice)
  const from = startsOf(ownChoice), to = startsOf(choice)
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
  const seen = new Set(uses.flatMap((u) => u.labels))
  return atoms.map((_, i) => i).filter((i) => seen.has(i))
}

export function emitOver(lowering: Lowering, node: NodeId, op: LowOp, uses: readonly Use[], labels: readonly number[], atoms: readonly string[]): Block {
  return lowering.emit(node, op, uses, labels, labels.map((l) => atoms[l]))
}

// ---- leaves ----

const dataOp: LowOp = { kind: "data", sumsToOne: [], lookup: false }

/** Whatever does not depend on trainable parameters: it varies along the axes its operands vary along. */
function lowerData(lowering: Lowering, node: Node): Blocks {
  if (lowering.choices(node.id).length === 0) return new Map([["!", lowering.emit(node.id, dataOp, [], [], [])]])
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const elementwise = node.op.kind === "unary" || node.op.kind === "binary" || node.op.kind === "select" || node.op.kind === "stopGradient"
    const uses = elementwise ? node.operands.map((o) => useOf(broadcastBlock(lowering, o, node.id, choice))) : []
    const folded = elementwise ? foldFills(lowering, node, uses) : null
    if (folded !== null) return lowering.emit(node.id, { kind: "fill", value: folded }, [], [], [])
    const labels = elementwise ? unionLabels(uses, atoms) : atoms.map((_, i) => i)
    const last = choice[choice.length - 1]
    const oneHot = node.op.kind === "oneHot" && lowering.segments(node.id, choice.length - 1).length === 1
    const sums = oneHot ? [last.atoms.map((_, i) => labels.length - last.atoms.length + i)] : []
    const frozen = node.op.kind === "parameter" ? { frozen: parameterBlock(lowering, node.id, node.op.parameter, choice) } : {}
    return emitOver(lowering, node.id, { kind: "data", sumsToOne: sums, lookup: false, ...frozen }, [], labels, atoms)
  })
}

/** Arithmetic on uniform constants, where it is plain. */
function foldFills(lowering: Lowering, node: Node, uses: readonly Use[]): number | null {
  const fills = uses.map((u) => lowering.value(u.value).op).map((op) => (op.kind === "fill" ? op.value : null))
  if (fills.some((f) => f === null)) return null
  const [a, b] = fills as number[]
  if (node.op.kind === "binary") {
    switch (node.op.fn) {
      case "add": return a + b
      case "subtract": return a - b
      case "multiply": return a * b
      case "divide": return a / b
      case "power": return a ** b
      default: return null
    }
  }
  if (node.op.kind !== "unary") return null
  switch (node.op.fn) {
    case "neg": return -a
    case "sqrt": return Math.sqrt(a)
    case "rsqrt": return 1 / Math.sqrt(a)
    case "square": return a * a
    case "exp": return Math.exp(a)
    case "log": return Math.log(a)
    default: return null
  }
}

function parameterBlock(lowering: Lowering, id: NodeId, parameter: number, choice: Choice): ParameterBlock {
  const { steps, axes, groups } = parameterView(lowering.network.axes[id], choice)
  return { kind: "parameter", parameter, view: steps, axes, groups, offset: 0 }
}

/** A value nothing is known of: any function of the operands. */
export function lowerOpaque(lowering: Lowering, node: Node, reason: string): Blocks {
  const uses = node.operands.flatMap((o) => lowering.allBlocks(o)).map((b) => ({ value: b.value, labels: b.positions.map((_, i) => 100000 + i) }))
  const choices = lowering.choices(node.id)
  const emit = (atoms: readonly string[]): Block => lowering.emit(node.id, { kind: "opaque", reason }, uses, atoms.map((_, i) => i), atoms)
  if (choices.length === 0) return new Map([["!", emit([])]])
  return eachChoice(lowering, node.id, (choice) => emit(atomsOf(choice)))
}

/** A gradient-free result that varies along all its axes. */
function lowerStill(lowering: Lowering, node: Node): Blocks {
  const uses = node.operands.flatMap((o) => lowering.allBlocks(o)).map((b) => ({ value: b.value, labels: b.positions.map((_, i) => 100000 + i) }))
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    return lowering.emit(node.id, { kind: "still" }, uses, atoms.map((_, i) => i), atoms)
  })
}

// ---- elementwise ----

export function lowerMap(lowering: Lowering, node: NodeId, block: Block, op: LowOp): Block {
  const value = lowering.value(block.value)
  return lowering.emit(node, op, [{ value: block.value, labels: block.positions }], block.positions, value.atoms)
}

// ---- contraction ----

interface Letters {
  readonly operands: readonly string[]
  readonly output: string
}

/** Sums the blocks of every combination of segments of the summed letters. */
function lowerEinsum(lowering: Lowering, node: Node, op: OpOf<"einsum">): Blocks {
  const [inputs, output] = op.equation.split("->")
  const letters: Letters = { operands: inputs.split(","), output }
  const trees = new Map<string, AxisTree>()
  ;[...output].forEach((letter, i) => trees.set(letter, lowering.tree(node.id, i)))
  letters.operands.forEach((own, k) => [...own].forEach((letter, i) => {
    const tree = lowering.tree(node.operands[k], i)
    if (!output.includes(letter) && (!trees.has(letter) || trees.get(letter)!.kind === "unit")) trees.set(letter, tree)
  }))
  const summed = [...trees.keys()].filter((letter) => !output.includes(letter))
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice), starts = startsOf(choice)
    let combinations: ReadonlyMap<string, Segment>[] = [new Map([...output].map((letter, i) => [letter, choice[i]]))]
    for (const letter of summed) combinations = combinations.flatMap((c) => segmentsOf(trees.get(letter)!).map((s) => new Map([...c, [letter, s]])))
    const parts = combinations.map((segments) => contractBlocks(lowering, node, letters, trees, segments, atoms, starts)).filter((b) => b !== null)
    return sumBlocks(lowering, node.id, parts, atoms)
  })
}

function contractBlocks(lowering: Lowering, node: Node, letters: Letters, trees: ReadonlyMap<string, AxisTree>, segments: ReadonlyMap<string, Segment>, atoms: readonly string[], starts: readonly number[]): Block | null {
  const first = new Map<string, number>()
  ;[...letters.output].forEach((letter, i) => first.set(letter, starts[i]))
  let next = atoms.length
  for (const [letter, s] of segments) if (!first.has(letter)) first.set(letter, next), (next += s.atoms.length)
  const uses = letters.operands.map((own, k): Use => {
    const targets = [...own].map((letter, i) => (lowering.tree(node.operands[k], i).kind === "unit" ? lowering.tree(node.operands[k], i) : trees.get(letter)!))
    const ownChoice = [...own].map((letter, i) => (targets[i].kind === "unit" ? segmentsOf(targets[i])[0] : segments.get(letter)!))
    const block = lowering.conformed(node.operands[k], targets)(ownChoice)
    const from = startsOf(ownChoice)
    return { value: block.value, labels: block.positions.map((p) => { const axis = axisAt(ownChoice, from, p); return first.get(own[axis])! + p - from[axis] }) }
  })
  return contract(lowering, node.id, uses, atoms)
}

/** A product of two values, summed over labels the result lacks; constants fold. Null when a factor is zero. */
export function contract(lowering: Lowering, node: NodeId, uses: readonly Use[], atoms: readonly string[]): Block | null {
  const fills = uses.map((u) => lowering.value(u.value).op)
  if (fills.some((op) => op.kind === "fill" && op.value === 0)) return null
  const varying = uses.filter((_, i) => fills[i].kind !== "fill")
  const labels = unionLabels(uses, atoms)
  if (varying.length === 0) return emitOver(lowering, node, dataOp, [], [], atoms)
  const summed = uses.some((u) => u.labels.some((l) => l >= atoms.length))
  if (varying.length === 1 && !summed) {
    const slope = fills.reduce((product, op) => (op.kind === "fill" ? product * op.value : product), 1)
    const block: Block = { value: varying[0].value, positions: varying[0].labels }
    return slope === 1 ? block : lowerMap(lowering, node, block, { kind: "map", name: "a constant factor", degree: 1, slope, exchange: null })
  }
  if (varying.length === 1) return emitOver(lowering, node, { kind: "reduce", fn: "sum", over: varying[0].labels.filter((l) => l >= atoms.length) }, varying, labels, atoms)
  return emitOver(lowering, node, { kind: "contract" }, varying, labels, atoms)
}

/** Σ of blocks; none is zero, one is itself. */
export function sumBlocks(lowering: Lowering, node: NodeId, parts: readonly Block[], atoms: readonly string[], coefficients: readonly number[] = parts.map(() => 1)): Block {
  const kept = parts.map((block, i) => ({ block, coefficient: coefficients[i] })).filter(({ block }) => !isZero(lowering, block))
  if (kept.length === 0) return lowering.emit(node, { kind: "fill", value: 0 }, [], [], [])
  // x + x is 2x, x − x is zero: the same value in the same place counts once.
  const merged: { block: Block; coefficient: number }[] = []
  for (const k of kept) {
    const twin = merged.findIndex((m) => m.block.value === k.block.value && m.block.positions.every((p, i) => p === k.block.positions[i]))
    if (twin < 0) merged.push(k)
    else merged[twin] = { block: k.block, coefficient: merged[twin].coefficient + k.coefficient }
  }
  const rest = merged.filter((m) => m.coefficient !== 0)
  if (rest.length === 0) return lowering.emit(node, { kind: "fill", value: 0 }, [], [], [])
  if (rest.length === 1) return rest[0].coefficient === 1 ? rest[0].block : lowerMap(lowering, node, rest[0].block, { kind: "map", name: "a constant factor", degree: 1, slope: rest[0].coefficient, exchange: null })
  return frozenOffset(lowering, node, rest) ?? commonFactor(lowering, node, rest, atoms) ?? emitSum(lowering, node, rest, atoms)
}

interface Weighted {
  readonly block: Block
  readonly coefficient: number
}

function emitSum(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block {
  const uses = parts.map((m) => useOf(m.block))
  return emitOver(lowering, node, { kind: "sum", coefficients: parts.map((m) => m.coefficient) }, uses, unionLabels(uses, atoms), atoms)
}

/** W + W₀ with a frozen W₀, where W is used nowhere else: acts as the matrix W + W₀. */
function frozenOffset(lowering: Lowering, node: NodeId, parts: readonly Weighted[]): Block | null {
  if (parts.length !== 2 || parts.some((p) => p.coefficient !== 1)) return null
  const [trained, frozen] = lowering.value(parts[0].block.value).op.kind === "parameter" ? parts : [parts[1], parts[0]]
  const own = lowering.value(trained.block.value), other = lowering.value(frozen.block.value)
  if (own.op.kind !== "parameter" || own.op.offset !== 0 || other.op.kind !== "data" || other.op.frozen === undefined) return null
  if (lowering.useCount[own.node] !== 1 || trained.block.positions.join() !== frozen.block.positions.join()) return null
  return { value: lowering.emit(node, { ...own.op, offset: other.op.frozen }, [], own.labels, own.atoms).value, positions: trained.block.positions }
}

/** A·x + B·x is (A + B)·x, where A and B are parameters used nowhere else: only their sum is seen. */
function commonFactor(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block | null {
  const factored = parts.map(({ block, coefficient }) => {
    const value = lowering.value(block.value)
    if (value.op.kind !== "contract") return null
    const k = value.uses.findIndex((u) => { const op = lowering.value(u.value).op; return op.kind === "parameter" || (op.kind === "data" && op.frozen !== undefined) })
    const own = k < 0 ? null : lowering.value(value.uses[k].value)
    if (own === null || lowering.useCount[own.node] !== 1 || lowering.useCount[value.node] !== 1) return null
    return { value, block, coefficient, own: value.uses[k], other: value.uses[1 - k] }
  })
  const first = factored[0]
  if (first === null || factored.some((f) => f === null || f.other.value !== first.other.value || f.other.labels.join() !== first.other.labels.join()
    || f.own.labels.join() !== first.own.labels.join() || f.block.positions.join() !== first.block.positions.join() || f.value.labels.join() !== first.value.labels.join())) return null
  const own = lowering.value(first.own.value)
  const weights = (factored as NonNullable<(typeof factored)[number]>[]).map((f) => ({ block: { value: f.own.value, positions: own.labels }, coefficient: f.coefficient }))
  const total = frozenOffset(lowering, node, weights) ?? emitSum(lowering, node, weights, own.atoms)
  const made = contract(lowering, node, [{ value: total.value, labels: first.own.labels }, first.other], first.value.labels.length === 0 ? [] : relabelledAtoms(first.value))
  return made === null ? null : { value: made.value, positions: first.block.positions }

  function relabelledAtoms(value: Value): string[] {
    const out: string[] = []
    value.labels.forEach((l, i) => (out[l] = value.atoms[i]))
    for (let i = 0; i < out.length; i++) out[i] ??= atoms[i] ?? ""
    return out
  }
}

export function isZero(lowering: Lowering, block: Block): boolean {
  const op = lowering.value(block.value).op
  return op.kind === "fill" && op.value === 0
}

// ---- normalizing and reducing ----

interface OverBlocks {
  readonly uses: readonly Use[]
  readonly over: readonly number[]
}

/** All blocks of the operand along `axes`; the one of `choice` has the result's labels, the others new ones along `axes`. */
function blocksOver(lowering: Lowering, operand: NodeId, axes: readonly number[], choice: Choice, sameBlock: boolean): OverBlocks {
  const starts = startsOf(choice), atoms = atomsOf(choice)
  let combinations: Choice[] = [choice]
  for (const axis of axes) combinations = combinations.flatMap((c) => lowering.segments(operand, axis).map((s) => c.map((old, i) => (i === axis ? s : old))))
  let next = atoms.length
  const over = new Set<number>()
  const uses = combinations.map((own): Use => {
    const from = startsOf(own), shared = sameBlock && keyOf(own) === keyOf(choice)
    const labelStart = own.map((s, i) => {
      if (!axes.includes(i) || shared) return starts[i]
      next += s.atoms.length
      return next - s.atoms.length
    })
    for (const axis of axes) own[axis].atoms.forEach((_, k) => over.add(labelStart[axis] + k))
    const block = lowering.block(operand, keyOf(own)) ?? lowering.allBlocks(operand)[0]
    return { value: block.value, labels: block.positions.map((p) => { const axis = axisAt(own, from, p); return labelStart[axis] + p - from[axis] }) }
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

function lowerNormalize(lowering: Lowering, node: Node, operand: NodeId, axes: readonly number[], { name, centered, scaleFree, sumsToOne, epsilon }: Normalization): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const { uses, over } = blocksOver(lowering, operand, axes, choice, true)
    // Over a single cell a softmax is 1 and a norm is 0 or ±1: no gradient.
    if (over.length === 0 && uses.length === 1) return centered && !sumsToOne ? lowering.emit(node.id, { kind: "fill", value: 0 }, [], [], []) : emitOver(lowering, node.id, { kind: "still" }, uses, unionLabels(uses, atoms), atoms)
    const labels = [...new Set([...unionLabels(uses, atoms), ...over.filter((l) => l < atoms.length)])].sort((a, b) => a - b)
    return emitOver(lowering, node.id, { kind: "normalize", over, name, centered, scaleFree, sumsToOne, epsilon }, uses, labels, atoms)
  })
}

/** Σ over `axes` of a product: a contraction, segment by segment. */
function lowerProductSum(lowering: Lowering, node: Node, product: NodeId, axes: readonly number[], keepDims: boolean): Blocks {
  const rank = lowering.network.axes[product].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    let next = 0
    const base = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? null : choice[keepDims ? i : next++]))
    let combinations: Segment[][] = [[]]
    base.forEach((s, i) => { combinations = combinations.flatMap((c) => (s === null ? lowering.segments(product, i) : [s]).map((own) => [...c, own])) })
    const parts = combinations.map((full) => {
      const starts = startsOf(full)
      let kept = 0, summed = atoms.length
      const first = full.map((s, i) => {
        const start = axes.includes(i) ? summed : kept
        if (axes.includes(i)) summed += s.atoms.length
        else kept += s.atoms.length
        return start
      })
      const uses = lowering.node(product).operands.map((o): Use => {
        const block = broadcastBlock(lowering, o, product, full)
        return { value: block.value, labels: block.positions.map((p) => { const axis = axisAt(full, starts, p); return first[axis] + p - starts[axis] }) }
      })
      return contract(lowering, node.id, uses, atoms)
    })
    return sumBlocks(lowering, node.id, parts.filter((b) => b !== null), atoms)
  })
}

/** Over an axis in several segments the mean ties them together: then only a common factor passes. */
function lowerCenter(lowering: Lowering, node: Node, operand: NodeId, axes: readonly number[]): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const { uses, over } = blocksOver(lowering, operand, axes, choice, true)
    if (uses.length > 1) return lowering.barrier(node.id, lowering.allBlocks(operand), atoms)
    if (over.length === 0) return lowering.emit(node.id, { kind: "fill", value: 0 }, [], [], [])
    const labels = [...new Set([...unionLabels(uses, atoms), ...over])].sort((a, b) => a - b)
    return emitOver(lowering, node.id, { kind: "center", over }, uses, labels, atoms)
  })
}

function lowerReduce(lowering: Lowering, node: Node, op: OpOf<"reduce">): Blocks {
  const operand = node.operands[0], rank = lowering.network.axes[operand].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    let next = 0
    const full: Segment[] = Array.from({ length: rank }, (_, i) => {
      if (!op.axes.includes(i)) return op.keepDims ? choice[i] : choice[next++]
      return lowering.segments(operand, i)[0]
    })
    const { uses } = blocksOver(lowering, operand, op.axes, full, false)
    // Positions of `full` that stay are the result's positions, in order; the labels of reduced axes are new already.
    const starts = startsOf(full), offset = atomsOf(full).length
    const kept = full.flatMap((s, i) => (op.axes.includes(i) ? [] : s.atoms.map((_, k) => starts[i] + k)))
    const relabel = (l: number): number => (l < offset ? kept.indexOf(l) : l - offset + atoms.length)
    const fn = op.fn === "sum" ? "sum" : op.fn === "mean" ? (uses.length === 1 ? "mean" : "sum") : op.fn === "max" || op.fn === "min" ? "max" : "other"
    const parts = uses.map((u): Block => {
      const labels = u.labels.map(relabel), over = labels.filter((l) => l >= atoms.length)
      if (isZero(lowering, { value: u.value, positions: labels }) && fn !== "other") return { value: u.value, positions: [] }
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

/** An operation along one axis that keeps the shape. */
function lowerAlong(lowering: Lowering, node: Node, axes: readonly number[], how: { keepsConstants: boolean; maximal: boolean }): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice), starts = startsOf(choice)
    if (axes.some((axis) => lowering.segments(node.operands[0], axis).length > 1)) return lowering.barrier(node.id, lowering.allBlocks(node.operands[0]), atoms)
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
    const over = axes.flatMap((axis) => choice[axis].atoms.map((_, k) => starts[axis] + k))
    const labels = [...new Set([...block.positions, ...over])].sort((a, b) => a - b)
    return emitOver(lowering, node.id, { kind: "mix", over, ...how }, [useOf(block)], labels, atoms)
  })
}

// ---- renaming ----

/** Blocks of the operand by key, if their atoms agree; else a barrier. */
function lowerReshape(lowering: Lowering, node: Node): Blocks {
  const operand = node.operands[0]
  const own = new Map(lowering.choices(operand).map((choice) => [keyOf(choice), atomsOf(choice)]))
  const choices = lowering.choices(node.id)
  const matches = choices.length === own.size && choices.every((choice) => own.get(keyOf(choice))?.join() === atomsOf(choice).join())
  return eachChoice(lowering, node.id, (choice) => (matches ? lowering.block(operand, keyOf(choice))! : lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice))))
}

function lowerTranspose(lowering: Lowering, node: Node, op: OpOf<"transpose">): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const own: Segment[] = []
    op.permutation.forEach((from, to) => (own[from] = choice[to]))
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(own)
    const from = startsOf(own), to = startsOf(choice)
    return { value: block.value, positions: block.positions.map((p) => { const axis = axisAt(own, from, p); return to[op.permutation.indexOf(axis)] + p - from[axis] }) }
  })
}

function lowerSlice(lowering: Lowering, node: Node, op: OpOf<"slice">): Blocks {
  const operand = node.operands[0]
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, i) => sliceSegment(lowering.segments(operand, i), s, declared(lowering, op.begin[i]), op.strides[i] ?? 1))
    if (own.some((s) => s === undefined)) return cutBlock(lowering, node, operand, choice, own)
    return lowering.conformed(operand, lowering.network.axes[operand])(own as Segment[])
  })
}

/** A slice along axes that stay whole: nothing is known along them but that constants stay constant. */
function cutBlock(lowering: Lowering, node: Node, operand: NodeId, choice: Choice, own: readonly (Segment | undefined)[]): Block {
  const atoms = atomsOf(choice)
  const whole = own.map((s, i) => s ?? (lowering.segments(operand, i).length === 1 ? lowering.segments(operand, i)[0] : undefined))
  if (whole.some((s) => s === undefined)) return lowering.barrier(node.id, lowering.allBlocks(operand), atoms)
  const full = whole as Segment[], starts = startsOf(choice), from = startsOf(full)
  const block = lowering.conformed(operand, lowering.network.axes[operand])(full)
  const label = (p: number): number => { const axis = axisAt(full, from, p); return own[axis] === undefined ? atoms.length + p : starts[axis] + p - from[axis] }
  const labels = block.positions.map(label)
  const cut = choice.flatMap((s, i) => (own[i] === undefined ? s.atoms.map((_, k) => starts[i] + k) : []))
  const out = [...new Set([...labels.filter((l) => l < atoms.length), ...cut])].sort((a, b) => a - b)
  return emitOver(lowering, node.id, { kind: "mix", over: [...labels.filter((l) => l >= atoms.length), ...cut], keepsConstants: true, maximal: false }, [{ value: block.value, labels }], out, atoms)
}

/** The operand's segment that a segment of the slice is. */
function sliceSegment(own: readonly Segment[], wanted: Segment, begin: Dim, stride: number): Segment | undefined {
  const same = (s: Segment): boolean => s.atoms.length === wanted.atoms.length && s.atoms.every((a, k) => a === wanted.atoms[k])
  if (stride !== 1) return own.find((s) => s.key === joinKeys(wanted.key, String(begin)) && same(s))
  if (wanted.offset === null) return begin === 0 ? own.find((s) => s.key === wanted.key && same(s)) : undefined
  const offset = addDim(begin, wanted.offset)
  return own.find((s) => s.offset === offset && same(s))
}

const declared = (lowering: Lowering, d: Dim): Dim => substituteDim(d, lowering.network.declared)

function lowerConcat(lowering: Lowering, node: Node, op: OpOf<"concat">): Blocks {
  const lengths = node.operands.map((o) => declaredSize(lowering.tree(o, op.axis)))
  return eachChoice(lowering, node.id, (choice) => {
    const wanted = choice[op.axis]
    let start: Dim = 0
    for (let k = 0; k < node.operands.length; k++) {
      const own = lowering.segments(node.operands[k], op.axis).find((s) => s.offset !== null && wanted.offset !== null && addDim(start, s.offset) === wanted.offset && s.atoms.join() === wanted.atoms.join())
      if (own !== undefined) return concatBlock(lowering, node, op.axis, k, choice, own)
      start = addDim(start, lengths[k])
    }
    return lowering.barrier(node.id, node.operands.flatMap((o) => lowering.allBlocks(o)), atomsOf(choice))
  })
}

function concatBlock(lowering: Lowering, node: Node, axis: number, k: number, choice: Choice, own: Segment): Block {
  const operand = node.operands[k]
  const targets = lowering.network.axes[node.id].map((tree, i) => (i === axis ? lowering.tree(operand, axis) : tree))
  return lowering.conformed(operand, targets)(choice.map((s, i) => (i === axis ? own : s)))
}

/** The operand's cells stand in the result's segments by `place`: a suffix (tile) or a prefix (upsample) of the atoms. */
function lowerRepeat(lowering: Lowering, node: Node, place: "suffix" | "prefix"): Blocks {
  const operand = node.operands[0]
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, i) => lowering.segments(operand, i).find((c) => (c.key === s.key || lowering.segments(operand, i).length === 1) && c.atoms.join() === (place === "suffix" ? s.atoms.slice(s.atoms.length - c.atoms.length) : s.atoms.slice(0, c.atoms.length)).join()))
    if (own.some((s) => s === undefined)) return lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice))
    const found = own as Segment[]
    const block = lowering.conformed(operand, lowering.network.axes[operand])(found)
    const from = startsOf(found), to = startsOf(choice)
    return { value: block.value, positions: block.positions.map((p) => {
      const axis = axisAt(found, from, p)
      return to[axis] + (place === "suffix" ? choice[axis].atoms.length - found[axis].atoms.length : 0) + p - from[axis]
    }) }
  })
}

function lowerPad(lowering: Lowering, node: Node, op: OpOf<"pad">): Blocks {
  const operand = node.operands[0]
  if (op.mode !== "constant") return eachChoice(lowering, node.id, (choice) => lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice)))
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, i) => lowering.segments(operand, i).find((c) => c.offset !== null && s.offset !== null && addDim(c.offset, declared(lowering, op.before[i])) === s.offset && c.atoms.join() === s.atoms.join()))
    if (own.some((s) => s === undefined)) return lowering.emit(node.id, { kind: "fill", value: op.value }, [], [], [])
    return lowering.conformed(operand, lowering.network.axes[operand])(own as Segment[])
  })
}

// ---- selection ----

/** gather(x, indices) is a contraction with a one-hot matrix that nobody differentiates. */
function lowerGather(lowering: Lowering, node: Node, op: OpOf<"gather">): Blocks {
  const [table, indices] = node.operands
  const indexRank = lowering.network.axes[indices].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice), starts = startsOf(choice)
    const rows = lowering.segments(table, op.axis)
    const parts = rows.map((row) => {
      const own: Segment[] = [...choice.slice(0, op.axis), row, ...choice.slice(op.axis + indexRank - op.batchAxes)]
      const labelStart = own.map((_, i) => (i < op.axis ? starts[i] : i === op.axis ? atoms.length : starts[i + indexRank - op.batchAxes - 1]))
      const block = lowering.conformed(table, lowering.network.axes[table])(own), from = startsOf(own)
      const tableUse: Use = { value: block.value, labels: block.positions.map((p) => { const axis = axisAt(own, from, p); return labelStart[axis] + p - from[axis] }) }
      const indexLabels = [...Array(op.batchAxes).keys(), ...Array.from({ length: indexRank - op.batchAxes }, (_, i) => op.axis + i)].flatMap((axis) => choice[axis].atoms.map((_, k) => starts[axis] + k))
      const hotLabels = [...indexLabels, ...row.atoms.map((_, k) => atoms.length + k)]
      const rowPositions = row.atoms.map((_, k) => indexLabels.length + k)
      const hot = lowering.emit(node.id, { kind: "data", sumsToOne: rows.length === 1 ? [rowPositions] : [], lookup: true }, [], hotLabels, hotLabels.map((l) => (l < atoms.length ? atoms[l] : row.atoms[l - atoms.length])))
      return contract(lowering, node.id, [tableUse, { value: hot.value, labels: hotLabels }], atoms)
    })
    return sumBlocks(lowering, node.id, parts.filter((b) => b !== null), atoms)
  })
}

function lowerTopK(lowering: Lowering, node: Node, op: OpOf<"topK">): Blocks {
  if (op.output === "indices") return lowerStill(lowering, node)
  const operand = node.operands[0], last = lowering.network.axes[operand].length - 1
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const full = choice.map((s, i) => (i === last ? lowering.segments(operand, last)[0] : s))
    const { uses } = blocksOver(lowering, operand, [last], full, false)
    const shift = atomsOf(full).length, starts = startsOf(choice)
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

function lowerDropout(lowering: Lowering, node: Node, op: OpOf<"dropout">): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice), starts = startsOf(choice)
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
    if (op.rate === 0) return block
    const labels = choice.flatMap((s, i) => (op.sharedAxes.includes(i) ? [] : s.atoms.map((_, k) => starts[i] + k)))
    const mask = lowering.emit(node.id, dataOp, [], labels, labels.map((l) => atoms[l]))
    return contract(lowering, node.id, [useOf(block), { value: mask.value, labels }], atoms) ?? block
  })
}

const lowerings: { readonly [K in OpKind]: Lower<K> } = {
  input: (lowering, node) => lowerData(lowering, node),
  random: (lowering, node) => lowerData(lowering, node),
  oneHot: (lowering, node) => lowerStill(lowering, node),
  constant: (lowering, node, op) => (op.value.kind === "fill" ? fillBlocks(lowering, node, op.value.value) : lowerData(lowering, node)),
  parameter: (lowering, node, op) => eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    return lowering.emit(node.id, parameterBlock(lowering, node.id, op.parameter, choice), [], atoms.map((_, i) => i), atoms)
  }),
  unary: (lowering, node, op) => {
    const traits = functionTraits[op.fn](op.parameters ?? [])
    if (traits.flat) return lowerStill(lowering, node)
    return eachChoice(lowering, node.id, (choice) => {
      const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
      return lowerMap(lowering, node.id, block, { kind: "map", name: op.fn, degree: traits.degree, slope: traits.slope, exchange: traits.exchange })
    })
  },
  binary: lowerBinary,
  select: lowerSelect,
  dropout: lowerDropout,
  stopGradient: (lowering, node) => lowerStill(lowering, node),
  einsum: lowerEinsum,
  softmax: (lowering, node, op) => lowerNormalize(lowering, node, node.operands[0], [op.axis], { name: op.log ? "logSoftmax" : "softmax", centered: true, scaleFree: "no", sumsToOne: !op.log, epsilon: 0 }),
  normalize: (lowering, node, op) => lowerNormalize(lowering, node, node.operands[0], op.axes, { name: "normalization", centered: op.center, scaleFree: op.epsilon === 0 ? "exactly" : "nearly", sumsToOne: false, epsilon: op.epsilon }),
  reduce: (lowering, node, op) => (op.fn === "any" || op.fn === "all" ? lowerStill(lowering, node) : lowerReduce(lowering, node, op)),
  cumsum: (lowering, node, op) => lowerAlong(lowering, node, [op.axis], { keepsConstants: false, maximal: false }),
  argExtreme: (lowering, node) => lowerStill(lowering, node),
  topK: lowerTopK,
  reshape: (lowering, node) => lowerReshape(lowering, node),
  transpose: lowerTranspose,
  slice: lowerSlice,
  concat: lowerConcat,
  pad: lowerPad,
  tile: (lowering, node) => lowerRepeat(lowering, node, "suffix"),
  broadcast: (lowering, node) => eachChoice(lowering, node.id, (choice) => broadcastBlock(lowering, node.operands[0], node.id, choice)),
  reverse: (lowering, node, op) => lowerAlong(lowering, node, op.axes, { keepsConstants: true, maximal: false }),
  gather: lowerGather,
  bandPart: (lowering, node) => lowerAlong(lowering, node, [lowering.network.axes[node.id].length - 2, lowering.network.axes[node.id].length - 1], { keepsConstants: false, maximal: false }),
  upsample: (lowering, node) => lowerRepeat(lowering, node, "prefix"),
  convolve: lowerConvolve,
  pool: lowerPool,
  opaque: (lowering, node, op) => lowerOpaque(lowering, node, op.reason),
}

function fillBlocks(lowering: Lowering, node: Node, value: number): Blocks {
  const block = lowering.emit(node.id, { kind: "fill", value }, [], [], [])
  return lowering.choices(node.id).length === 0 ? new Map([["!", block]]) : eachChoice(lowering, node.id, () => block)
}
