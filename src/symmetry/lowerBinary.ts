/**
 * @file Lowers elementwise functions of two arguments and selection.
 */
import type { Node, NodeId } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, broadcastBlock, eachChoice, emitOver, isZero, lowerMap, unionLabels, useOf } from "./blocks"
import type { Block, Choice, Lowering } from "./lowering"
import { ofEqualArguments } from "./lowerData"
import { addOffsets, contract, sumBlocks } from "./lowerSum"
import type { Elementwise, IdentityOffset } from "./program"

const map = (name: string, degree: number | null): Elementwise => ({ kind: "map", name, degree, slope: null, exchange: null })

export function lowerBinary(lowering: Lowering, node: Node, op: OpOf<"binary">): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const [a, b] = node.operands.map((o) => broadcastBlock(lowering, o, node.id, choice))
    return binaryBlock(lowering, node, op.fn, a, b, choice)
  })
}

function binaryBlock(lowering: Lowering, node: Node, fn: OpOf<"binary">["fn"], a: Block, b: Block, choice: Choice): Block {
  const atoms = atomsOf(choice),
    fillA = fillOf(lowering, a),
    fillB = fillOf(lowering, b)
  const zero = (): Block => lowering.emit(node.id, { kind: "fill", value: 0 }, [], [], [])
  const smooth = (x: Block): Block => (fillOf(lowering, x) === null ? lowerMap(lowering, node.id, x, map(fn, null)) : x)
  const product = (x: Block, y: Block): Block => contract(lowering, node.id, [useOf(x), useOf(y)], atoms) ?? zero()
  // A function of two arguments of which nothing is known: not their product, whose factors norms forget.
  const joint = (): Block => smooth(sumBlocks(lowering, node.id, [smooth(a), smooth(b)], atoms))
  switch (fn) {
    case "add":
      return offsetParameter(lowering, node, a, b, 1) ?? sumBlocks(lowering, node.id, [a, b], atoms)
    case "subtract":
      return offsetParameter(lowering, node, a, b, -1) ?? sumBlocks(lowering, node.id, [a, b], atoms, [1, -1])
    case "multiply":
      return product(a, b)
    case "divide":
    case "divideNoNan":
      if (fillB !== null && fillB !== 0)
        return lowerMap(lowering, node.id, a, { kind: "map", name: "a constant factor", degree: 1, slope: 1 / fillB, exchange: null })
      // Where it is no number there is no gradient; without NaN it is 0 there and 1 elsewhere.
      if (samePlace(a, b) && fn === "divide") return lowering.emit(node.id, { kind: "fill", value: 1 }, [], [], [])
      if (samePlace(a, b)) return still(lowering, node, [a, b], atoms)
      return product(a, lowerMap(lowering, node.id, b, map("division", -1)))
    case "maximum":
    case "minimum":
      if (fillA === 0 || fillB === 0) return lowerMap(lowering, node.id, fillA === 0 ? b : a, map(fn, 1))
      if (fillA !== null || fillB !== null) return lowerMap(lowering, node.id, fillA !== null ? b : a, map(fn, null))
      if (samePlace(a, b)) return a
      return choose(lowering, node, [a, b], atoms)
    case "power":
      if (fillB !== null) return lowerMap(lowering, node.id, a, map(`power ${fillB}`, fillB))
      return joint()
    case "squaredDifference":
      return lowerMap(lowering, node.id, sumBlocks(lowering, node.id, [a, b], atoms, [1, -1]), map("square", 2))
    // y = relu(x) − α·relu(−x)
    case "prelu": {
      const positive = lowerMap(lowering, node.id, a, map("relu", 1)),
        turned = lowerMap(lowering, node.id, a, { ...map("negation", 1), slope: -1 }),
        negative = lowerMap(lowering, node.id, turned, map("relu", 1))
      return sumBlocks(lowering, node.id, [positive, product(b, negative)], atoms, [1, -1])
    }
    case "mod":
    // A step, through which tfjs lets the gradient of a quotient pass.
    case "floorDivide":
    case "atan2":
      return joint()
    case "equal":
    case "notEqual":
    case "greater":
    case "greaterEqual":
    case "less":
    case "lessEqual":
    case "logicalAnd":
    case "logicalOr":
    case "logicalXor": {
      const settled = samePlace(a, b) ? ofEqualArguments[fn] : undefined
      if (settled !== undefined) return lowering.emit(node.id, { kind: "fill", value: settled }, [], [], [])
      return still(lowering, node, [a, b], atoms)
    }
  }
}

function still(lowering: Lowering, node: Node, blocks: readonly Block[], atoms: readonly string[]): Block {
  const uses = blocks.map(useOf)
  return emitOver(lowering, node.id, { kind: "still" }, uses, unionLabels(uses, atoms), atoms)
}

const samePlace = (a: Block, b: Block): boolean => a.value === b.value && a.positions.join() === b.positions.join()

function fillOf(lowering: Lowering, block: Block): number | null {
  const op = lowering.value(block.value).op
  return op.kind === "fill" ? op.value : null
}

/** W + c or W + I, where the parameter W is used nowhere else: acts as that matrix (1 + γ, a residual weight). c − W is −(W − c). */
function offsetParameter(lowering: Lowering, node: Node, a: Block, b: Block, sign: 1 | -1): Block | null {
  for (const [k, block] of [a, b].entries()) {
    const added = addedTo(lowering, node.operands[1 - k], block, [a, b][1 - k])
    const own = added === null ? null : lowering.offsetCandidate(block.value)
    if (added === null || own === null) continue
    // In a difference W has its own sign, and c the other one.
    const offset = addOffsets(own.offset, sign === 1 ? added : typeof added === "number" ? -added : { ...added, factor: -added.factor })
    if (offset === 0) return null
    const { labels, atoms } = lowering.value(block.value)
    const shifted = { value: lowering.emit(node.id, { ...own, offset }, [], labels, atoms).value, positions: block.positions }
    return k === 0 || sign === 1 ? shifted : lowerMap(lowering, node.id, shifted, { ...map("negation", 1), slope: -1 })
  }
  return null
}

/** What an operand of a sum adds to a parameter beside it: a number, or an identity on both of its axes; null for anything else. */
function addedTo(lowering: Lowering, operand: NodeId, parameter: Block, other: Block): number | IdentityOffset | null {
  const number = fillOf(lowering, other)
  if (number !== null) return number === 0 || fillOf(lowering, parameter) !== null ? null : number
  const { op } = lowering.node(operand)
  const isEye = op.kind === "constant" && op.value.kind === "eye" && other.positions.length === 2 && lowering.value(other.value).op.kind === "data"
  return isEye && other.positions.join() === parameter.positions.join() ? { kind: "identity", factor: 1, atoms: [0, 1] } : null
}

function choose(lowering: Lowering, node: Node, blocks: readonly Block[], atoms: readonly string[]): Block {
  const uses = blocks.map(useOf)
  return emitOver(lowering, node.id, { kind: "choose", conditional: false, masked: false }, uses, unionLabels(uses, atoms), atoms)
}

/** Below this, e^x is zero in double precision whatever the other logits are: a mask as good as −∞. */
const MASKED = -1e9

export function lowerSelect(lowering: Lowering, node: Node): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    const [condition, a, b] = node.operands.map((o) => broadcastBlock(lowering, o, node.id, choice))
    const settled = fillOf(lowering, condition)
    if (settled !== null) return settled === 0 ? b : a
    const zeros = [a, b].filter((x) => isZero(lowering, x))
    if (zeros.length === 2 || samePlace(a, b)) return a
    if (zeros.length === 1) {
      // select(c, x, 0) is x times a mask.
      const x = isZero(lowering, a) ? b : a
      return contract(lowering, node.id, [useOf(x), useOf(stillCopy(lowering, node, condition))], atoms) ?? x
    }
    const masks = [a, b].map((x) => fillOf(lowering, x)).map((f) => f !== null && f <= MASKED)
    const masked = masks[0] !== masks[1]
    const uses = [...[a, b].filter((_, i) => !masked || !masks[i]), condition].map(useOf)
    return emitOver(lowering, node.id, { kind: "choose", conditional: true, masked }, uses, unionLabels(uses, atoms), atoms)
  })
}

/** The condition as a factor without gradient. */
function stillCopy(lowering: Lowering, node: Node, condition: Block): Block {
  const value = lowering.value(condition.value)
  return lowering.emit(node.id, { kind: "still" }, [useOf(condition)], condition.positions, value.atoms)
}
