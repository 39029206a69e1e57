/**
 * @file Lowers sums of blocks: zeros vanish, equal terms count once, W + W₀ and A·x + B·x are seen as what they are.
 */
import type { NodeId } from "../graph/graph"
import { emitOver, isZero, lowerMap, unionLabels, useOf } from "./blocks"
import { dataOp } from "./lowerData"
import type { Block, Lowering } from "./lowering"
import type { IdentityOffset, ParameterBlock, Use, Value, ValueId } from "./program"
import { findWeightedMean } from "./weightedMean"
import type { Weighted } from "./weightedMean"

/** A product of two values, summed over labels the result lacks; constants fold. Null when a factor is zero. */
export function contract(
  lowering: Lowering,
  node: NodeId,
  uses: readonly Use[],
  atoms: readonly string[],
  overs: readonly number[] = [],
): Block | null {
  const plain = uses.map((u) => unscaled(lowering, { value: u.value, positions: u.labels })),
    fills = plain.map((u) => lowering.value(u.block.value).op)
  if (fills.some((op) => op.kind === "fill" && op.value === 0)) return null
  const varying = plain.map(({ block }) => useOf(block)).filter((_, i) => fills[i].kind !== "fill")
  const labels = unionLabels(uses, atoms)
  if (varying.length === 0) return emitOver(lowering, node, dataOp, [], [], atoms)
  if (overs.some((l) => !varying.some((u) => u.labels.includes(l)))) {
    const block = contract(lowering, node, uses, atoms)
    return block === null ? null : scaledByData(lowering, node, block, atoms)
  }
  const summed = uses.some((u) => u.labels.some((l) => l >= atoms.length))
  const scale = plain.reduce((product, { coefficient }) => product * coefficient, 1),
    factor = fills.reduce((product, op) => (op.kind === "fill" ? product * op.value : product), scale)
  if (varying.length === 1 && !summed) return scaledBlock(lowering, node, { value: varying[0].value, positions: varying[0].labels }, factor)
  if (varying.length === 1) {
    const over = varying[0].labels.filter((l) => l >= atoms.length)
    return scaledBlock(lowering, node, emitOver(lowering, node, { kind: "reduce", fn: "sum", over }, varying, labels, atoms), factor)
  }
  return scaledBlock(lowering, node, emitOver(lowering, node, { kind: "contract" }, varying, labels, atoms), factor)
}

/** A block times a number nobody needs to know: how many copies a sum counts, what a mean divides by. */
export function scaledByData(lowering: Lowering, node: NodeId, block: Block, atoms: readonly string[]): Block {
  const factor = lowering.emit(node, dataOp, [], [], [])
  return contract(lowering, node, [useOf(block), useOf(factor)], atoms) ?? block
}

/** A block times a number. */
export const scaledBlock = (lowering: Lowering, node: NodeId, block: Block, slope: number): Block =>
  slope === 1 ? block : lowerMap(lowering, node, block, { kind: "map", name: "a constant factor", degree: 1, slope, exchange: null })

/** A block that is a multiple of another, as that and the factor: constants go to the front of products and sums. */
function unscaled(lowering: Lowering, block: Block, coefficient = 1): Weighted {
  const { op, uses } = lowering.value(block.value)
  // The labels of a map are those of its operand.
  return op.kind !== "map" || op.slope === null
    ? { block, coefficient }
    : unscaled(lowering, { value: uses[0].value, positions: block.positions }, coefficient * op.slope)
}

/** Σ of blocks; none is zero, one is itself. */
export function sumBlocks(
  lowering: Lowering,
  node: NodeId,
  parts: readonly Block[],
  atoms: readonly string[],
  coefficients: readonly number[] = parts.map(() => 1),
): Block {
  const kept = parts.flatMap((block, i) => (isZero(lowering, block) ? [] : [unscaled(lowering, block, coefficients[i])]))
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
  if (rest.length === 1) return scaledBlock(lowering, node, rest[0].block, rest[0].coefficient)
  return (
    frozenOffset(lowering, node, rest) ??
    commonFactor(lowering, node, rest, atoms) ??
    residualOffset(lowering, node, rest, atoms) ??
    weightedMean(lowering, node, rest, atoms) ??
    emitSum(lowering, node, rest, atoms)
  )
}

function emitSum(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block {
  const uses = parts.map((m) => useOf(m.block))
  return emitOver(lowering, node, { kind: "sum", coefficients: parts.map((m) => m.coefficient) }, uses, unionLabels(uses, atoms), atoms)
}

/** Σ g_k∘h_k with weights that add up to a number, as x + Σ g_k∘(h_k − x). */
function weightedMean(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block | null {
  const mean = findWeightedMean(lowering, parts)
  if (mean === null) return null
  const products = mean.gated.flatMap(({ coefficient, gate, branch }): Weighted[] => {
    const difference = sumBlocks(lowering, node, [branch, mean.base.block], atoms, [1, -1])
    const block = contract(lowering, node, [useOf(gate), useOf(difference)], atoms)
    return block === null ? [] : [{ block, coefficient }]
  })
  const all = [mean.base, ...products, ...mean.rest]
  return sumBlocks(
    lowering,
    node,
    all.map(({ block }) => block),
    atoms,
    all.map(({ coefficient }) => coefficient),
  )
}

/** Both offsets of one parameter as one; 0 where they cancel or cannot be one. */
export function addOffsets(own: ParameterBlock["offset"], added: number | IdentityOffset): number | IdentityOffset {
  if (own === 0) return added
  return typeof own === "number" && typeof added === "number" ? own + added : 0
}

/** W + W₀ with a frozen W₀, where W is used nowhere else: acts as the matrix W + W₀. */
function frozenOffset(lowering: Lowering, node: NodeId, parts: readonly Weighted[]): Block | null {
  if (parts.length !== 2 || parts.some((p) => p.coefficient !== 1)) return null
  const [trained, frozen] = lowering.value(parts[0].block.value).op.kind === "parameter" ? parts : [parts[1], parts[0]]
  const own = lowering.offsetCandidate(trained.block.value),
    other = lowering.value(frozen.block.value)
  if (own === null || own.offset !== 0 || other.op.kind !== "data" || other.op.frozen === undefined) return null
  if (trained.block.positions.join() !== frozen.block.positions.join()) return null
  // Terms name the axes of both at once: a frozen vector beside each row of a matrix has others.
  if (own.axes.join() !== other.op.frozen.axes.join()) return null
  const { labels, atoms } = lowering.value(trained.block.value)
  return { value: lowering.emit(node, { ...own, offset: other.op.frozen }, [], labels, atoms).value, positions: trained.block.positions }
}

/**
 * c·x + x∘w is x∘(w + c), c·x + x∘(s + b) is x∘(s + (b + c)), and c·x + x·W with a square W is x·(W + c·1), where the parameter is used nowhere
 * else.
 */
function residualOffset(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block | null {
  if (parts.length !== 2) return null
  for (const [stream, branch] of [parts, [parts[1], parts[0]]]) {
    const value = lowering.value(branch.block.value)
    if (value.op.kind !== "contract" || value.uses.length !== 2) continue
    const k = value.uses.findIndex((u, i) => parameterWithin(lowering, u) !== null && value.uses[1 - i].value === stream.block.value)
    if (k < 0) continue
    const labels = value.uses[k].labels,
      x = value.uses[1 - k]
    const added = offsetOf(value, labels, x, stream, branch)
    const shifted = added === null ? null : shiftedFactor(lowering, node, value.uses[k], added)
    if (shifted === null) continue
    // The contraction's own labels may stand anywhere: its result goes where the branch's block has it.
    const names: string[] = []
    value.labels.forEach((l, i) => (names[l] = value.atoms[i]))
    const made = contract(
      lowering,
      value.node,
      [{ value: shifted, labels }, x],
      Array.from(names, (name) => name ?? ""),
    )
    if (made === null) return null
    const block: Block = { value: made.value, positions: branch.block.positions }
    return branch.coefficient === 1 ? block : sumBlocks(lowering, node, [block], atoms, [branch.coefficient])
  }
  return null
}

/** The parameter that a factor is, or that it has as a term: its place among the terms, and what it is. */
function parameterWithin(lowering: Lowering, use: Use): { readonly term: number | null; readonly own: ParameterBlock } | null {
  const { op, uses, node } = lowering.value(use.value)
  if (op.kind === "parameter") {
    const own = lowering.offsetCandidate(use.value)
    return own === null ? null : { term: null, own }
  }
  if (op.kind !== "sum" || lowering.useCount[node] !== 1) return null
  const term = uses.findIndex((u, i) => op.coefficients[i] === 1 && lowering.offsetCandidate(u.value) !== null)
  const own = term < 0 ? null : lowering.offsetCandidate(uses[term].value)
  return own === null ? null : { term, own }
}

/** The factor with a constant added to its parameter; null where the two offsets cannot be one. */
function shiftedFactor(lowering: Lowering, node: NodeId, use: Use, added: number | IdentityOffset): ValueId | null {
  const found = parameterWithin(lowering, use)
  if (found === null || (found.term !== null && typeof added !== "number")) return null
  const offset = addOffsets(found.own.offset, added)
  if (offset === 0) return null
  const { op, uses, labels, atoms } = lowering.value(use.value)
  const plain = found.term === null ? { labels, atoms } : lowering.value(uses[found.term].value)
  const shifted = lowering.emit(node, { ...found.own, offset }, [], plain.labels, plain.atoms)
  if (found.term === null) return shifted.value
  const terms = uses.map((u, i) => (i === found.term ? { value: shifted.value, labels: u.labels } : u))
  return lowering.emit(lowering.value(use.value).node, op, terms, labels, atoms).value
}

/** What the stream adds to the parameter: a number where it scales entries, an identity where it maps one axis to its like; null elsewhere. */
function offsetOf(value: Value, labels: readonly number[], x: Use, stream: Weighted, branch: Weighted): number | IdentityOffset | null {
  const factor = stream.coefficient / branch.coefficient
  const summed = x.labels.filter((l) => !value.labels.includes(l))
  const placeOfStream = (l: number): number => stream.block.positions[x.labels.indexOf(l)]
  const placeOfBranch = (l: number): number => branch.block.positions[value.labels.indexOf(l)]
  const staysPut = x.labels.filter((l) => !summed.includes(l)).every((l) => placeOfStream(l) === placeOfBranch(l))
  if (!staysPut) return null
  if (summed.length === 0) return labels.every((l) => x.labels.includes(l)) && value.labels.length === x.labels.length ? factor : null
  const made = value.labels.filter((l) => !x.labels.includes(l))
  if (summed.length !== 1 || made.length !== 1 || labels.length !== 2 || !labels.includes(summed[0]) || !labels.includes(made[0])) return null
  if (placeOfStream(summed[0]) !== placeOfBranch(made[0])) return null
  return { kind: "identity", factor, atoms: [labels.indexOf(summed[0]), labels.indexOf(made[0])] }
}

/** A·x + B·x is (A + B)·x, where A and B are parameters used nowhere else: only their sum is seen. */
function commonFactor(lowering: Lowering, node: NodeId, parts: readonly Weighted[], atoms: readonly string[]): Block | null {
  const factored = parts.map(({ block, coefficient }) => {
    const value = lowering.value(block.value)
    if (value.op.kind !== "contract") return null
    const k = value.uses.findIndex((u) => {
      const op = lowering.value(u.value).op
      return op.kind === "parameter" || (op.kind === "data" && op.frozen !== undefined)
    })
    const own = k < 0 ? null : lowering.value(value.uses[k].value)
    if (own === null || lowering.useCount[own.node] !== 1 || lowering.useCount[value.node] !== 1) return null
    return { value, block, coefficient, own: value.uses[k], other: value.uses[1 - k] }
  })
  const first = factored[0]
  if (
    first === null ||
    factored.some(
      (f) =>
        f === null ||
        f.other.value !== first.other.value ||
        f.other.labels.join() !== first.other.labels.join() ||
        f.own.labels.join() !== first.own.labels.join() ||
        f.block.positions.join() !== first.block.positions.join() ||
        f.value.labels.join() !== first.value.labels.join(),
    )
  )
    return null
  const own = lowering.value(first.own.value)
  const weights = (factored as NonNullable<(typeof factored)[number]>[]).map((f) => ({
    block: { value: f.own.value, positions: own.labels },
    coefficient: f.coefficient,
  }))
  const total = frozenOffset(lowering, node, weights) ?? emitSum(lowering, node, weights, own.atoms)
  const made = contract(
    lowering,
    first.value.node,
    [{ value: total.value, labels: first.own.labels }, first.other],
    first.value.labels.length === 0 ? [] : relabelledAtoms(first.value),
  )
  return made === null ? null : { value: made.value, positions: first.block.positions }

  function relabelledAtoms(value: Value): string[] {
    const out: string[] = []
    value.labels.forEach((l, i) => (out[l] = value.atoms[i]))
    for (let i = 0; i < out.length; i++) out[i] ??= atoms[i] ?? ""
    return out
  }
}
