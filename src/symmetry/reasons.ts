/**
 * @file Reasons of a law in words, as a chain: which operation lets the family act, where a larger group was cut, what absorbs a shift, what makes it
 * approximate. Read off the equations that propagation kept.
 */
import type { Reason } from "../schema/report"
import { proveZero } from "./equations"
import type { EquationIndex } from "./equations"
import type { Family, Member } from "./families"
import type { Symmetry } from "./infer"
import type { Value, ValueId } from "./program"
import type { Equation } from "./propagate"
import { killReason, labelOf, nodeLabel, readersOf, reasonAt, uniqueReasons } from "./refusals"
import { unknownsOf } from "./system"
import type { UnknownId } from "./system"
import type { Visibility } from "./visibility"

/** More would be a list, not an explanation. */
const mostReasons = 5

/** The chain of a family: what lets it act or absorbs it, where it was cut, what makes it approximate. */
export function familyReasons(symmetry: Symmetry, index: EquationIndex, visibility: Visibility, family: Family): Reason[] {
  const own = new Map(family.members.map((m) => [m.unknown.id, m]))
  const approximate = family.exactness === "approximate" ? epsilonReasons(symmetry, own) : []
  const meets = [...approximate, ...meetReasons(symmetry, index, own), ...(family.kind === "shift" ? [] : forgetReasons(symmetry, index, own))]
  const products = family.kind === "shift" ? [] : productEquations(index, family, own, meets.length === 0)
  const found = uniqueReasons([
    ...meets,
    ...products.map((equation) => productReason(symmetry, equation, own)),
    ...(family.kind === "shift" ? [...weightedReasons(symmetry, family), ...exchangeReasons(symmetry, index, own)] : []),
    ...(family.kind === "mixed" ? family.members.flatMap((m) => (m.unknown.kind === "shift" ? exponentialReasons(symmetry, m) : [])) : []),
    ...absorbReasons(symmetry, visibility, family),
  ])
  const rarer = (): Reason[] => {
    if (family.noGradient) return deadEndReasons(symmetry, family)
    return family.kind === "shift" ? cancelReasons(symmetry, family) : ratioReasons(symmetry, family)
  }
  const lets = found.length > 0 ? found : rarer()
  // What cuts and what makes approximate is not to fall off the end of a long chain.
  const ends = uniqueReasons([
    ...cutEquations(symmetry, index, family)
      .filter(({ value }) => products.every((product) => product.value !== value))
      .map((equation) => killReason(symmetry, equation, family.roles.length === 0 ? "diagonal" : "matrix")),
  ]).slice(0, mostReasons - 1)
  return uniqueReasons([...lets.slice(0, mostReasons - ends.length), ...ends])
}

type Own = ReadonlyMap<UnknownId, Member>

/** Whether at least two members of the family are in the equation. */
function isShared({ expression }: Equation, own: Own): boolean {
  let first = false
  for (let i = 0; i < expression.length; i += 2) {
    if (!own.has(expression[i])) continue
    if (first) return true
    first = true
  }
  return false
}

/** Contractions in which two sides undo each other. */
function meetReasons(symmetry: Symmetry, index: EquationIndex, own: Own): Reason[] {
  const meets = new Set<Equation>()
  for (const u of own.keys()) for (const e of index.of(u)) if (e.why === "meets" && !meets.has(e) && isShared(e, own)) meets.add(e)
  return [...meets].map((equation) => {
    const value = symmetry.program.values[equation.value]
    return reasonAt(symmetry, value, `${labelOf(symmetry, value)} contracts ${sidesText(symmetry, equation, own)}: they can undo each other`)
  })
}

/** "a, b with c": the parameters of both sides, without the folders they share. */
function sidesText(symmetry: Symmetry, { expression }: Equation, own: Own): string {
  const sides: [string[], string[]] = [[], []]
  for (let i = 0; i < expression.length; i += 2) {
    const member = own.get(expression[i])
    if (member === undefined) continue
    const side = sides[expression[i + 1] * member.weight > 0 ? 0 : 1]
    const id = parameterOf(symmetry, member)
    if (!side.includes(id)) side.push(id)
  }
  const names = [...new Set(sides.flat())]
  if (sides.some((side) => side.length === 0)) return "this axis"
  if (names.length === 1) return `two parts of ${lastName(names[0])}`
  const folder = sharedFolder(names)
  const [a, b] = sides.map((side) => shortList(side.map((id) => id.slice(folder.length))))
  return `${a} with ${b}`
}

function parameterOf(symmetry: Symmetry, { unknown }: Member): string {
  const { op } = symmetry.program.values[unknown.value]
  return op.kind === "parameter" ? symmetry.network.graph.parameters[op.parameter].id : "data"
}

const lastName = (id: string): string => id.slice(id.lastIndexOf("/") + 1)

/** "h/0/" of "h/0/wq" and "h/0/wk"; nothing where only numbers would be left. */
function sharedFolder(ids: readonly string[]): string {
  const [first, ...others] = ids.map((id) => id.split("/").slice(0, -1))
  let length = 0
  while (length < first.length && others.every((path) => path[length] === first[length])) length++
  if (ids.some((id) => /^\d/.test(id.split("/")[length]))) length--
  return first
    .slice(0, Math.max(0, length))
    .map((part) => `${part}/`)
    .join("")
}

const shortList = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ")

/** Norms that forget a factor. */
function forgetReasons(symmetry: Symmetry, index: EquationIndex, own: Own): Reason[] {
  const places = new Set([...own.keys()].flatMap((u) => index.absorbed(u)))
  return [...places]
    .sort((a, b) => a - b)
    .map((place) => {
      const { value: id, isConstant } = symmetry.propagation.absorbed[place], value = symmetry.program.values[id]
      if (isConstant === true) return absorbReason(symmetry, value)
      const label = labelOf(symmetry, value)
      const isLookup = value.op.kind === "contract"
      return reasonAt(
        symmetry,
        value,
        isLookup
          ? `${label} reads one row at a time, and what follows forgets the scale of each row`
          : `${label} forgets the scale of its argument`,
      )
    })
}

/** How many branches that scale together are worth a word. */
const mostJoins = 2

/**
 * For factors that pass every contraction: the nearest operation that sees only their product, and those that join branches with one factor.
 *
 * @param needed whether nothing else says what lets the family act, whatever its roles.
 */
function productEquations(index: EquationIndex, { roles }: Family, own: Own, needed: boolean): readonly Equation[] {
  if (roles.length > 0 && !needed) return []
  const shared = new Set(
    [...own.keys()].flatMap((u) => index.of(u)).filter((e) => e.why !== "meets" && e.why !== "approximate" && isShared(e, own)),
  )
  const all = [...shared]
  return [...all.filter((e) => !isJoin(e, own)).slice(0, 1), ...all.filter((e) => isJoin(e, own)).slice(0, mostJoins)]
}

/** Factors of one product enter an equation with one sign, branches of a sum with both. */
const isJoin = ({ why, expression }: Equation, own: Own): boolean =>
  why === "equal" && [1, -1].every((sign) => expression.some((c, i) => i % 2 === 1 && Math.sign(c) === sign && own.has(expression[i - 1])))

function productReason(symmetry: Symmetry, equation: Equation, own: Own): Reason {
  const value = symmetry.program.values[equation.value]
  const label = equation.why === "output" ? "the loss" : labelOf(symmetry, value)
  if (!isJoin(equation, own)) return reasonAt(symmetry, value, `${label} sees only the product of their scales: what one gains another loses`)
  return reasonAt(
    symmetry,
    value,
    `${label} ${value.op.kind === "normalize" ? "normalizes parts" : "joins branches"} that scale together or not at all`,
  )
}

/** For shifts of several parameters: the operation that sees only their sum, or their difference, or takes either. */
function exchangeReasons(symmetry: Symmetry, index: EquationIndex, own: Own): Reason[] {
  const seen = [...own.keys()].flatMap((u) => index.of(u)).filter((e) => isShared(e, own))
  return [...new Set(seen)].map((equation) => {
    const at = symmetry.program.values[equation.value]
    // A softmax whose arguments come from several weights.
    if (at.op.kind === "normalize") return absorbReason(symmetry, at)
    const label = equation.why === "output" ? "the loss" : labelOf(symmetry, at)
    const signs = new Set(unknownsOf(equation.expression).flatMap((u) => Math.sign(own.get(u)?.weight ?? 0) || []))
    const how = signs.size > 1 ? "sees only their sum: what one gains the other loses" : "lets them move only together, by the same"
    return reasonAt(symmetry, at, `${label} ${how}`)
  })
}

/** For a shift of all rows of a weight that shares summing to one (a softmax's) weigh: it comes out as a shift. */
function weightedReasons(symmetry: Symmetry, { members }: Family): Reason[] {
  if (members.length < 2) return []
  const { values } = symmetry.program
  return members.flatMap((member): Reason[] => {
    const { value: id, word } = member.unknown
    const reader = readersOf(symmetry.program)[id].find(({ op }) => op.kind === "contract")
    const own = reader?.uses.find((use) => use.value === id), other = reader?.uses.find((use) => use.value !== id)
    if (reader === undefined || own === undefined || other === undefined) return []
    const shares = values[other.value], { op } = shares
    const summed = own.labels.filter((label) => !reader.labels.includes(label))
    const isShares = op.kind === "normalize" && op.sumsToOne && shares.uses.length === 1
    const over = isShares ? op.over.map((label) => other.labels[shares.labels.indexOf(label)]) : []
    const isWhole = summed.length > 0 && over.length === summed.length && over.every((l) => summed.includes(l))
    if (!isWhole || !summed.every((l) => word[own.labels.indexOf(l)] === "1")) return []
    const weight = parameterOf(symmetry, member)
    const added = `what is added to every row of ${weight} is added to the result of ${labelOf(symmetry, reader)}`
    return [reasonAt(symmetry, shares, `${labelOf(symmetry, shares)} sums to one: ${added}`)]
  })
}

/** How far an exponential may stand behind the parameter whose shift it turns into a factor. */
const exponentialSearch = 64

/** For mixed laws: the exponential that turns the shift of a parameter into a factor. */
function exponentialReasons(symmetry: Symmetry, { unknown }: Member): Reason[] {
  const { values } = symmetry.program
  const reached = new Set([unknown.value])
  for (const value of values) {
    if (reached.size > exponentialSearch) break
    if (!value.uses.some((use) => reached.has(use.value))) continue
    if (value.op.kind === "map" && value.op.exchange === "exp")
      return [
        reasonAt(
          symmetry,
          value,
          `${labelOf(symmetry, value)} turns a shift of ${parameterOf(symmetry, { unknown, weight: 1, positions: [] })} into a factor`,
        ),
      ]
    if (value.op.kind === "sum" || value.op.kind === "map" || value.op.kind === "reduce") reached.add(value.id)
  }
  return []
}

/** A shift of the stream has an absorber in every block behind it: each is put in words once. */
const absorbing = new WeakMap<Symmetry, Map<ValueId, Reason>>()

function absorbReason(symmetry: Symmetry, value: Value): Reason {
  let known = absorbing.get(symmetry)
  if (known === undefined) absorbing.set(symmetry, (known = new Map()))
  let reason = known.get(value.id)
  if (reason === undefined) known.set(value.id, (reason = reasonAt(symmetry, value, absorbText(labelOf(symmetry, value), value))))
  return reason
}

function absorbReasons(symmetry: Symmetry, visibility: Visibility, { members }: Family): Reason[] {
  const absorbers = members
    .filter(({ unknown }) => unknown.kind === "shift")
    .flatMap(({ unknown }) => visibility.absorbers(unknown.value, unknown.word.replaceAll("1", "C")))
    .map((id) => symmetry.program.values[id])
  // What has no gradient is blind to everything; it is the reason only where nothing else is.
  const blind = absorbers.filter(({ op }) => op.kind !== "still")
  return (blind.length > 0 ? blind : absorbers).map((value) => absorbReason(symmetry, value))
}

/** Where what scales with a parameter meets what scales alike, and is divided by it. */
function ratioReasons(symmetry: Symmetry, { members }: Family): Reason[] {
  const { graph } = symmetry.network
  const reached = new Set(members.flatMap(({ unknown }) => blockNode(symmetry, unknown.value) ?? []))
  const behind = graph.nodes.filter(({ id, operands }) => operands.some((o) => reached.has(o)) && reached.add(id))
  const ratio = behind.find(({ op, operands }) => op.kind === "binary" && op.fn === "divide" && operands.every((o) => reached.has(o)))
  if (ratio === undefined) return []
  const text = `${nodeLabel(ratio)} divides what scales with it by what scales alike`
  return [ratio.at === undefined ? { text } : { text, at: ratio.at }]
}

/** Operations behind a parameter without gradient that return the same whatever they get. */
function deadEndReasons(symmetry: Symmetry, { members }: Family): Reason[] {
  const { graph } = symmetry.network
  const reached = new Set(members.flatMap(({ unknown }) => blockNode(symmetry, unknown.value) ?? []))
  if (reached.size === 0) return []
  const still = new Map(symmetry.program.values.flatMap((value) => (value.op.kind === "still" ? [[value.node, value] as const] : [])))
  let choice: Reason[] = []
  for (const node of graph.nodes) {
    if (!node.operands.some((id) => reached.has(id))) continue
    reached.add(node.id)
    const end = still.get(node.id)
    if (end !== undefined) {
      const label = labelOf(symmetry, end)
      const isQuotient = node.op.kind === "binary" && node.op.fn === "divide"
      if (isQuotient) return [reasonAt(symmetry, end, `${label} divides it by itself: nothing of it is left`)]
      // A choice that it makes has no gradient, and may be one way of several.
      if (choice.length === 0) choice = [reasonAt(symmetry, end, absorbText(label, end))]
    }
    if (node.op.kind !== "softmax" || node.shape[node.op.axis] !== 1) continue
    const text = `${nodeLabel(node)} over a single entry is always ${node.op.log ? 0 : 1}`
    return [node.at === undefined ? { text } : { text, at: node.at }]
  }
  if (!graph.outputs.some((id) => reached.has(id))) return [{ text: "no output depends on it" }]
  const left = choice.length > 0 ? null : leftOutReason(symmetry, members[0])
  return left === null ? choice : [left]
}

/** Where all that reads a parameter leaves a block of it out: the first operation that does, among those that the outputs depend on. */
function leftOutReason({ network: { graph }, program }: Symmetry, { unknown }: Member): Reason | null {
  const { op } = program.values[unknown.value], first = op.kind === "parameter" ? graph.parameters[op.parameter].node : null
  const isRead = program.outputs.includes(unknown.value) || program.values.some(({ uses }) => uses.some((use) => use.value === unknown.value))
  if (isRead || first === null) return null
  const live = new Set(graph.outputs), own = new Set([first])
  for (const node of [...graph.nodes].reverse()) if (live.has(node.id)) node.operands.forEach((id) => live.add(id))
  for (const node of graph.nodes) {
    if (!live.has(node.id) || !node.operands.some((id) => own.has(id))) continue
    if (node.op.kind === "slice" || node.op.kind === "bandPart" || node.op.kind === "gather")
      return { text: `${nodeLabel(node)} leaves it out`, ...(node.at === undefined ? {} : { at: node.at }) }
    own.add(node.id)
  }
  return null
}

/** Sums in which a shift meets itself with the other sign: a network applied twice and subtracted. */
function cancelReasons(symmetry: Symmetry, { members }: Family): Reason[] {
  const signs = new Map<number, ReadonlySet<number>>(members.map(({ unknown }) => [unknown.value, new Set([1])]))
  for (const value of symmetry.program.values) {
    const { op, uses } = value
    if (op.kind !== "sum" && op.kind !== "reduce" && op.kind !== "map") continue
    const found = new Set(
      uses.flatMap((use, k) => [...(signs.get(use.value) ?? [])].map((sign) => sign * (op.kind === "sum" ? Math.sign(op.coefficients[k]) : 1))),
    )
    if (found.size > 1) return [reasonAt(symmetry, value, `${labelOf(symmetry, value)} subtracts it from itself`)]
    if (found.size > 0) signs.set(value.id, found)
  }
  return []
}

function blockNode(symmetry: Symmetry, value: number): number | null {
  const { op } = symmetry.program.values[value]
  return op.kind === "parameter" ? symmetry.network.graph.parameters[op.parameter].node : null
}

/** What softmax and centered norms do to a constant added to all entries; a finding looks for these words. */
export const seesDifferences = "sees only differences between the entries along its axis"

function absorbText(label: string, value: Value): string {
  switch (value.op.kind) {
    case "center":
      if (value.op.by === "extreme") return `${label} takes off the extreme entry along its axis, and any constant with it`
      return `${label} ${seesDifferences}`
    case "normalize":
      return `${label} ${seesDifferences}`
    case "still":
      return `${label} has no gradient`
    case "contract":
      return `${label} multiplies it with something that sums to zero`
    case "reduce":
      return `${label} sees only the sum along this axis`
    default:
      return `${label} takes it out`
  }
}

/** What left a diagonal of a matrix, or a common factor of a diagonal. */
function cutEquations(symmetry: Symmetry, index: EquationIndex, { kind, roles, members }: Family): readonly Equation[] {
  if (kind !== "action") return []
  if (roles.length === 0) return firstKiller(symmetry, index, members) ?? []
  return roles.flatMap((role, i) => (role.kind === "diagonal" ? (firstCut(symmetry, index, members, i) ?? []) : []))
}

/** The operation that ends the matrix where only its diagonal is left. */
function firstCut(symmetry: Symmetry, index: EquationIndex, members: readonly Member[], role: number): readonly Equation[] | null {
  for (const { unknown, positions } of members) {
    const word = [...unknown.word]
    word[positions[role]] = "M"
    const killer = nearestKiller(symmetry, index, unknown.value, word.join(""))
    if (killer !== null) return [killer]
  }
  return null
}

/** The operation that ends a factor for each entry where only a common one is left. */
function firstKiller(symmetry: Symmetry, index: EquationIndex, members: readonly Member[]): readonly Equation[] | null {
  for (const { unknown } of members)
    for (let axis = unknown.word.length - 1; axis >= 0; axis--) {
      const word = [...unknown.word].map((letter, i) => (i === axis ? "D" : letter)).join("")
      const killer = nearestKiller(symmetry, index, unknown.value, word)
      if (killer !== null) return [killer]
    }
  return null
}

function nearestKiller(symmetry: Symmetry, index: EquationIndex, value: number, word: string): Equation | null {
  const stronger = index.unknown(value, "action", word)
  const proof = stronger === undefined ? null : proveZero(index, stronger)
  return proof?.find((e) => (e.why === "kills" || e.why === "output") && isTellingCut(symmetry.program.values[e.value], e)) ?? null
}

/** An index that merely counts copies (heads, groups), or that meets data, needs no word about why it is no larger group. */
const isTellingCut = (value: Value, { why }: Equation): boolean =>
  why !== "output" && value.op.kind !== "convolve" && (value.op.kind !== "contract" || !hasSummed(value))

const hasSummed = (value: Value): boolean => value.uses.some((u) => u.labels.some((l) => !value.labels.includes(l)))

/**
 * How fast an approximate law drifts. With y = x/√(v + ε), scaling x changes y by the share ε/(v + ε), so the squared norm of what makes x moves at
 * that share of the speed it would have without a norm.
 */
function epsilonReasons(symmetry: Symmetry, own: Own): Reason[] {
  return symmetry.solutions.approximateCauses
    .filter(({ expression }) => unknownsOf(expression).some((u) => own.has(u)))
    .map((equation) => {
      const value = symmetry.program.values[equation.value]
      const epsilon = value.op.kind === "normalize" ? value.op.epsilon : 0
      return reasonAt(
        symmetry,
        value,
        `${labelOf(symmetry, value)} forgets the scale of its argument but for its ε = ${epsilon < 1e-3 ? epsilon.toExponential() : epsilon}: ` +
          "drifts at the share ε/(v + ε) of the speed of a free norm, v the variance it divides by",
      )
    })
}
