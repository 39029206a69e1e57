/**
 * @file Why a symmetry is not there, in words: what each operation does to an action that it does not let pass, and for a parameter without any law
 * the operations that left nothing of its actions, axis by axis where these differ.
 */
import { consumersOf } from "../graph/consumers"
import type { Node } from "../graph/graph"
import type { Reason } from "../schema/report"
import { isEnd, proveZero } from "./equations"
import type { EquationIndex } from "./equations"
import type { Symmetry } from "./infer"
import type { Program, Value, ValueId } from "./program"
import { LARGEST_EPSILON } from "./propagate"
import type { Equation, Unknown } from "./propagate"
import { isZero, termCount } from "./system"

/** What is refused: mixing along an axis, a factor for each entry of an axis, a common factor, a shift. */
export type Refused = "matrix" | "diagonal" | "scale" | "shift"

export function reasonAt(symmetry: Symmetry, value: Value, text: string): Reason {
  const at = symmetry.network.graph.nodes[value.node].at
  return at === undefined ? { text } : { text, at }
}

/** The operation as the source calls it: "tf.matMul", "layerNormalization", "dense 'relu'". */
export function labelOf(symmetry: Symmetry, value: Value): string {
  const node = symmetry.network.graph.nodes[value.node]
  const label = nodeLabel(node)
  // A norm or softmax that is recognized where it ends.
  const byHand = value.op.kind === "normalize" && (node.op.kind === "binary" || node.op.kind === "unary")
  // A loss has no ending of its own: what it divides by is a part of it.
  const isOfLoss = node.label?.startsWith("the loss ") === true
  return byHand && !isOfLoss ? `the ${value.op.sumsToOne && value.op.centered ? "softmax" : "normalization"} ending in ${label}` : label
}

/** The operation of a node, by the same names. */
export function nodeLabel(node: Node): string {
  if (node.label === undefined)
    return node.op.kind === "unary" || node.op.kind === "binary" || node.op.kind === "reduce" ? node.op.fn : node.op.kind
  // Layers are traced under the names tfjs gives their instances; people know them by the functions that make them.
  const [layer, ...rest] = node.label.split(" ")
  return node.label.startsWith("tf.") ? node.label : [functionName(layer), ...rest].join(" ")
}

const functionName = (layer: string): string =>
  layer
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    .replace(/[rR]eLu$/, (name) => `${name[0]}eLU`)
    .replace(/Rnn$/, "RNN")

/** The parts of √max(Σx², ε), which is not known to be a norm. */
function isBoundedNorm({ network: { graph } }: Symmetry, { node }: Value): boolean {
  const own = graph.nodes[node], [before] = own.operands.map((id) => graph.nodes[id])
  const { op } = own
  const isSum = op.kind === "reduce" && op.fn === "sum" && isSquare(before)
  const bound = isSum ? consumersOf(graph)[node].find(isMaximum) : op.kind === "unary" && op.fn === "sqrt" ? before : own
  if (bound === undefined || !isMaximum(bound) || !bound.operands.some((id) => graph.nodes[id].op.kind === "constant")) return false
  const isSquared = bound.operands.some((id) => {
    const sum = graph.nodes[id]
    return sum.op.kind === "reduce" && sum.op.fn === "sum" && sum.operands.some((x) => isSquare(graph.nodes[x]))
  })
  return isSquared && consumersOf(graph)[bound.id].some((root) => root.op.kind === "unary" && root.op.fn === "sqrt")
}

const boundedNormText = (label: string): string =>
  label.startsWith("tf.")
    ? `no law is derived through ${label} in √max(‖x‖², ε), which scales with x but for the ε`
    : `no law is derived through ${label}: it divides by √max(‖x‖², ε), which scales with x but for the ε`

const isMaximum = ({ op }: Node): boolean => op.kind === "binary" && op.fn === "maximum"
const isSquare = ({ op }: Node): boolean => op.kind === "unary" && op.fn === "square"

/** One sentence: why this operation lets the action not pass. */
export function killReason(symmetry: Symmetry, equation: Equation, word: Refused): Reason {
  const value = symmetry.program.values[equation.value]
  if (equation.why === "meets") return reasonAt(symmetry, value, tiedText(symmetry, equation, labelOf(symmetry, value)))
  if (equation.why === "output") return reasonAt(symmetry, value, outputText)
  if (word !== "matrix" && isBoundedNorm(symmetry, value)) return reasonAt(symmetry, value, boundedNormText(labelOf(symmetry, value)))
  return reasonAt(symmetry, value, killText(symmetry, value, word, labelOf(symmetry, value)))
}

/** A weight that meets itself, as encoder and decoder say, can undo nothing. */
function tiedText({ program, propagation, network }: Symmetry, { expression }: Equation, label: string): string {
  const { op } = program.values[propagation.unknowns[expression[0]].value]
  const name = op.kind === "parameter" ? network.graph.parameters[op.parameter].id : "it"
  return `${label} contracts ${name} with itself: the two sides are tied and gain alike`
}

/** Whether a contraction asks a weight alone to undo itself. */
const isTied = ({ why, expression }: Equation): boolean => why === "meets" && termCount(expression) === 1

function killText(symmetry: Symmetry, value: Value, word: Refused, label: string): string {
  if (isSlope(symmetry, value)) return slopeText(label)
  switch (value.op.kind) {
    case "map":
      if (value.op.degree === null)
        return word === "shift"
          ? `a shift changes ${label} by an amount that depends on the data`
          : `${label} commutes with no rescaling of its argument`
      return word === "shift"
        ? `${label} does not commute with a shift`
        : `${label} commutes with positive scaling of each unit, with no mixing of units`
    case "normalize":
      if (value.op.scaleFree === "no")
        return word === "shift" ? `${label} sees a shift that differs along its axis` : `${label} sees every rescaling of its argument`
      if (value.op.scaleFree === "nearly" && word !== "matrix" && value.op.epsilon > LARGEST_EPSILON)
        return `${label} sees every rescaling of its argument: its ε = ${value.op.epsilon} is not small`
      return word === "matrix"
        ? `${label} commutes with no mixing of the axes it normalizes`
        : `${label} sees a rescaling that differs along the axes it normalizes`
    case "choose":
      return word === "matrix"
        ? `${label} picks single entries: it commutes with scaling, not with mixing`
        : `the branches of ${label} would have to change alike`
    case "sum":
      return word === "matrix" ? `${label} adds something that does not mix with it` : `${label} adds something that does not change with it`
    case "contract":
      if (word === "matrix" && isElementwise(symmetry, value))
        return `${label} multiplies entry by entry: it commutes with scaling, not with mixing`
      return word === "shift" ? `${label} multiplies the shift with data` : `${label} sums this axis against something that cannot undo the change`
    case "convolve":
      return word === "shift" ? `${label} multiplies the shift with data` : `${label} sums this axis against something that cannot undo the change`
    case "mix":
      return value.op.maximal
        ? `${label} picks the largest entries: it commutes with scaling, not with mixing`
        : `${label} mixes the positions of this axis`
    case "center":
      return `${label} takes off the ${value.op.by === "mean" ? "mean" : "extreme entry"} along this axis`
    case "reduce":
      if (value.op.fn === "max")
        return word === "matrix"
          ? `${label} picks single entries: it commutes with scaling, not with mixing`
          : `${label} compares the entries along this axis: they would have to change alike`
      return `${label} ${value.op.fn === "product" ? "multiplies the entries along this axis" : "sums this axis away"}`
    case "barrier":
      return `the axes of ${label} cannot be matched with those of its operand`
    case "opaque":
      return `code that could not be read stands in the way: ${value.op.reason}`
    default:
      return `${label} does not let it pass`
  }
}

/** Reasons of one parameter: more would be a list, not an explanation. */
const mostReasons = 4

/** What left nothing of any action on the blocks of a parameter: the operations of a proof for each axis, and for the scale. */
export function lawlessReasons(symmetry: Symmetry, index: EquationIndex, blocks: readonly Value[]): Reason[] {
  const found: Refusal[] = []
  for (const { id, atoms } of blocks) {
    for (let axis = 0; axis <= atoms.length; axis++) {
      const isScale = axis === atoms.length, output = outputBehind(symmetry, id, isScale ? null : axis)
      // What the loss sees as it is needs no proof, which might go by a branch that joins it there.
      if (output !== null) {
        found.push({ axis: isScale ? null : axis, value: output.id, reason: reasonAt(symmetry, output, outputText), isTelling: true })
        continue
      }
      const unknown = index.unknown(id, "action", atoms.map((_, i) => (i === axis ? "D" : "1")).join(""))
      const ends = unknown === undefined ? [] : endsOf(symmetry, index, unknown)
      // A proof that goes through every step of a recurrence is too long to be found: the functions behind the parameter say what it would.
      if (unknown !== undefined && ends.length === 0 && isZero(symmetry.propagation.system.reduce([unknown.id, 1])))
        for (const value of functionsBehind(symmetry, id)) {
          const reason = reasonAt(symmetry, value, killText(symmetry, value, isScale ? "scale" : "diagonal", labelOf(symmetry, value)))
          found.push({ axis: isScale ? null : axis, value: value.id, reason, isTelling: true })
        }
      for (const equation of ends) {
        const reason = equation.why === "equal" ? joinReason(symmetry, equation) : killReason(symmetry, equation, isScale ? "scale" : "diagonal")
        const { value } = equation
        found.push({ axis: isScale ? null : axis, value, reason, isTelling: isTelling(symmetry.program.values[value], equation) })
      }
    }
  }
  found.sort((a, b) => a.value - b.value)
  const telling = found.filter((f) => f.isTelling)
  const kept = telling.length > 0 ? telling : found
  const [block] = blocks
  const whole = blocks.length === 1 && block.op.kind === "parameter" && block.op.view.length === 0
  return (whole ? withAxes(kept) : uniqueReasons(kept.map(({ reason }) => reason))).slice(0, mostReasons)
}

const outputText = "the output goes to the loss as it is"

/** The output that an axis of a block, or with null the block by itself, reaches through sums and contractions with what does not have the axis. */
function outputBehind({ program }: Symmetry, block: ValueId, axis: number | null): Value | null {
  const { values, outputs } = program, readers = readersOf(program)
  const reached = new Map<ValueId, number | null>([[block, axis]]), found: ValueId[] = []
  for (const [from, position] of reached) {
    if (reached.size >= functionSearch) break
    for (const value of readers[from]) {
      const use = value.uses.find((own) => own.value === from)
      if (use === undefined || reached.has(value.id) || (value.op.kind !== "sum" && (value.op.kind !== "contract" || axis === null))) continue
      const label = position === null ? null : use.labels[position], at = label === null ? null : value.labels.indexOf(label)
      const isShared = value.op.kind === "contract" && value.uses.some((own) => own !== use && label !== null && own.labels.includes(label))
      if (at === -1 || isShared) continue
      reached.set(value.id, at)
      if (outputs.includes(value.id)) found.push(value.id)
    }
  }
  return found.length === 0 ? null : values[Math.min(...found)]
}

/** Reasons of many parameters ask for the readers of a value: they are found once. */
const readersByProgram = new WeakMap<Program, readonly (readonly Value[])[]>()

/** For each value those that read it. */
export function readersOf(program: Program): readonly (readonly Value[])[] {
  let readers = readersByProgram.get(program)
  if (readers === undefined) {
    const lists = program.values.map((): Value[] => [])
    for (const value of program.values) for (const use of new Set(value.uses.map((own) => own.value))) lists[use].push(value)
    readersByProgram.set(program, (readers = lists))
  }
  return readers
}

/** How far behind a parameter the first functions of it are looked for. */
const functionSearch = 256

/** The first functions behind a block that no rescaling passes, on ways through sums, products and slices. */
function functionsBehind({ program: { values } }: Symmetry, block: ValueId): readonly Value[] {
  const reached = new Set<ValueId>([block]), found: Value[] = []
  for (let id = block + 1; id < values.length && reached.size < functionSearch && found.length < mostProofs; id++) {
    const value = values[id]
    if (!value.uses.some((use) => reached.has(use.value))) continue
    if (value.op.kind === "map" && value.op.degree === null) found.push(value)
    else if (value.op.kind === "sum" || value.op.kind === "contract" || value.op.kind === "map") reached.add(id)
  }
  return found
}

/** How many operations are named that would each be enough. */
const mostProofs = 3

/** The equations that end an unknown: of a proof those that end something, or else those that tie it to what cannot change. */
function endsOf(symmetry: Symmetry, index: EquationIndex, unknown: Unknown): readonly Equation[] {
  const ends = new Set<Equation>()
  // A sum sees a branch stand still that another operation stopped before: after that one it is no news.
  const isSum = ({ value }: Equation): boolean => symmetry.program.values[value].op.kind === "sum"
  for (let k = 0; k < mostProofs; k++) {
    const proof = proveZero(index, unknown, ends) ?? []
    const stops = proof.filter((equation) => isEnd(equation) || isTied(equation))
    const own = stops.length > 0 ? stops : k === 0 ? proof.filter(({ why }) => why !== "meets") : []
    if (own.length === 0 || (k > 0 && own.every(isSum))) break
    for (const equation of own) ends.add(equation)
  }
  return [...ends]
}

/** One operation that ends the action along one axis of a parameter; along none for the scale. */
interface Refusal {
  readonly axis: number | null
  readonly value: ValueId
  readonly reason: Reason
  readonly isTelling: boolean
}

/** Names the axes where not all of them end at the same operations. */
function withAxes(found: readonly Refusal[]): Reason[] {
  const axes = new Set(found.flatMap(({ axis }) => axis ?? []))
  return uniqueReasons(found.map(({ reason }) => reason)).map((reason) => {
    const own = new Set(found.filter((f) => isSameReason(f.reason, reason)).flatMap(({ axis }) => axis ?? []))
    return own.size === 0 || own.size === axes.size ? reason : { ...reason, text: `along axis ${[...own].join(", ")}: ${reason.text}` }
  })
}

/** An equation that ties a branch to one that changes otherwise, or to itself in another power. */
function joinReason(symmetry: Symmetry, equation: Equation): Reason {
  const value = symmetry.program.values[equation.value]
  const label = labelOf(symmetry, value)
  return reasonAt(symmetry, value, isSlope(symmetry, value) ? slopeText(label) : `${label} joins branches that do not change alike`)
}

/** A PReLU, where the negative side alone is multiplied with a parameter. */
function isSlope(symmetry: Symmetry, value: Value): boolean {
  const { op } = symmetry.network.graph.nodes[value.node]
  return op.kind === "binary" && op.fn === "prelu" && value.op.kind === "sum"
}

const slopeText = (label: string): string => `${label} multiplies negative inputs with it and leaves positive ones`

/** A contraction with data kills along every input axis: true and no news. */
const isTelling = (value: Value, equation: Equation): boolean =>
  equation.why === "output" || equation.why === "meets" || (value.op.kind !== "contract" && value.op.kind !== "convolve")

const isElementwise = (symmetry: Symmetry, value: Value): boolean => {
  const kind = symmetry.network.graph.nodes[value.node].op.kind
  return kind === "binary" || kind === "dropout" || kind === "select"
}

function isSameReason(a: Reason, b: Reason): boolean {
  const from = a.at?.start,
    other = b.at?.start
  return from?.line === other?.line && from?.column === other?.column && (from?.file ?? "") === (other?.file ?? "") && a.text === b.text
}

/** Each place and sentence once, in order. */
export function uniqueReasons(reasons: readonly Reason[]): Reason[] {
  const first: Reason[] = []
  for (const reason of reasons) if (!first.some((known) => isSameReason(known, reason))) first.push(reason)
  return first
}
