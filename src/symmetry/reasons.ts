/**
 * @file Reasons in words: which operation lets a family act, where a larger group was cut, what absorbs a shift, what killed every generator
 * of a parameter. Read off the equations that propagation kept.
 */
import type { Reason } from "../schema/report"
import type { Family, Member } from "./families"
import { LARGEST_EPSILON } from "./propagate"
import type { Equation, Unknown } from "./propagate"
import type { Symmetry } from "./infer"
import type { Value } from "./program"
import type { UnknownId } from "./system"
import type { Visibility } from "./visibility"

/** Index from unknowns to the equations they are in. */
export interface EquationIndex {
  readonly of: (u: UnknownId) => readonly Equation[]
  readonly unknown: (value: number, kind: Unknown["kind"], word: string) => Unknown | undefined
}

export function indexEquations(symmetry: Symmetry): EquationIndex {
  const { equations, approximate, unknowns } = symmetry.propagation
  const byUnknown = new Map<UnknownId, Equation[]>()
  for (const equation of [...equations, ...approximate])
    for (const u of equation.expression.keys()) {
      const list = byUnknown.get(u)
      if (list === undefined) byUnknown.set(u, [equation])
      else list.push(equation)
    }
  const byName = new Map(unknowns.map((u) => [`${u.value}${u.kind}${u.word}`, u]))
  return { of: (u) => byUnknown.get(u) ?? [], unknown: (value, kind, word) => byName.get(`${value}${kind}${word}`) }
}

/** How many steps a search for the op that killed a word may take: reasons should be near. */
const SEARCH_LIMIT = 400

/** The equation that sets an unknown to zero, the nearest first. */
export function findKiller(index: EquationIndex, start: Unknown): Equation | null {
  const seen = new Set<UnknownId>([start.id])
  const queue: UnknownId[] = [start.id]
  for (let at = 0; at < queue.length && at < SEARCH_LIMIT; at++) {
    for (const equation of index.of(queue[at])) {
      if (equation.why === "kills" || equation.why === "output") return equation
      for (const u of equation.expression.keys()) {
        if (seen.has(u)) continue
        seen.add(u)
        queue.push(u)
      }
    }
  }
  return null
}

/** One sentence: why this operation lets the word not pass. `word` is "matrix", "diagonal" or "scale". */
export function killReason(symmetry: Symmetry, equation: Equation, word: "matrix" | "diagonal" | "scale" | "shift"): Reason {
  const value = symmetry.program.values[equation.value]
  if (equation.why === "output") return reasonAt(symmetry, value, "the loss sees this axis of the output as it is")
  const label = labelOf(symmetry, value)
  const text = ((): string => {
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
        return `${label} adds something that does not change alike`
      case "contract":
        if (word === "matrix" && isElementwise(symmetry, value))
          return `${label} multiplies entry by entry: it commutes with scaling, not with mixing`
        return word === "shift"
          ? `${label} multiplies the shift with data`
          : `${label} sums this axis against something that cannot undo the change`
      case "convolve":
        return word === "shift"
          ? `${label} multiplies the shift with data`
          : `${label} sums this axis against something that cannot undo the change`
      case "mix":
        return value.op.maximal
          ? `${label} picks the largest entries: it commutes with scaling, not with mixing`
          : `${label} mixes the positions of this axis`
      case "center":
        return `${label} takes off the mean along this axis`
      case "reduce":
        return `${label} sums this axis away`
      case "barrier":
        return `the axes of ${label} cannot be matched with those of its operand`
      case "opaque":
        return `code that could not be read stands in the way: ${value.op.reason}`
      default:
        return `${label} does not let it pass`
    }
  })()
  return reasonAt(symmetry, value, text)
}

export function reasonAt(symmetry: Symmetry, value: Value, text: string): Reason {
  const at = symmetry.network.graph.nodes[value.node].at
  return at === undefined ? { text } : { text, at }
}

export function labelOf(symmetry: Symmetry, value: Value): string {
  const node = symmetry.network.graph.nodes[value.node]
  return node.label ?? (node.op.kind === "unary" || node.op.kind === "binary" || node.op.kind === "reduce" ? node.op.fn : node.op.kind)
}

/** The chain of a family: what lets it act, where it was cut, what absorbs it, what makes it approximate. At most five, nearest first. */
export function familyReasons(symmetry: Symmetry, index: EquationIndex, visibility: Visibility, family: Family): Reason[] {
  const reasons: Reason[] = []
  const own = new Set(family.members.map((m) => m.unknown.id))
  const meets = family.members
    .flatMap((m) => index.of(m.unknown.id))
    .filter((e) => e.why === "meets" && [...e.expression.keys()].filter((u) => own.has(u)).length > 1)
  for (const equation of new Set(meets)) {
    const value = symmetry.program.values[equation.value]
    reasons.push(reasonAt(symmetry, value, `${labelOf(symmetry, value)} contracts this axis: a change on one side is undone on the other`))
  }
  reasons.push(...(family.kind === "shift" ? exchangeReasons(symmetry, index, own) : scaleReasons(symmetry, index, own, family.roles.length === 0)))
  family.roles.forEach((role, i) => {
    if (role.kind !== "diagonal" || family.kind !== "action") return
    const killer = firstKiller(index, family.members, i, "M")
    if (killer !== null && cutsToDiagonal(symmetry.program.values[killer.value])) reasons.push(killReason(symmetry, killer, "matrix"))
  })
  for (const member of family.members) {
    if (member.unknown.kind !== "shift") continue
    for (const id of visibility.absorbers(member.unknown.value, member.unknown.word.replaceAll("1", "C"))) {
      const value = symmetry.program.values[id]
      reasons.push(reasonAt(symmetry, value, absorbText(labelOf(symmetry, value), value)))
    }
  }
  if (family.exactness === "approximate")
    for (const equation of symmetry.solutions.approximateCauses) {
      if (![...equation.expression.keys()].some((u) => own.has(u))) continue
      const value = symmetry.program.values[equation.value]
      const epsilon = value.op.kind === "normalize" ? value.op.epsilon : 0
      reasons.push(
        reasonAt(
          symmetry,
          value,
          `${labelOf(symmetry, value)} is blind to scale but for its ε = ${epsilon}: the drift grows with ε over the variance of its input`,
        ),
      )
    }
  return dedupe(reasons).slice(0, 5)
}

/** For words that pass every contraction: which norm forgets them, which operation makes the factors of several parameters cancel. */
function scaleReasons(symmetry: Symmetry, index: EquationIndex, own: ReadonlySet<UnknownId>, whole: boolean): Reason[] {
  const reasons: Reason[] = []
  const isOwn = (expression: Equation["expression"]): boolean => [...expression.keys()].some((u) => own.has(u))
  for (const { expression, value } of symmetry.propagation.absorbed) {
    if (!isOwn(expression)) continue
    const at = symmetry.program.values[value]
    reasons.push(reasonAt(symmetry, at, `${labelOf(symmetry, at)} forgets the scale of its argument`))
  }
  for (const u of own)
    for (const equation of index.of(u)) {
      const shared = [...equation.expression.keys()].filter((k) => own.has(k)).length
      if (!whole || shared < 2 || equation.why === "meets") continue
      const at = symmetry.program.values[equation.value]
      if (equation.why === "equal") reasons.push(reasonAt(symmetry, at, `${labelOf(symmetry, at)} joins its operands: they must scale alike`))
      else
        reasons.push(
          reasonAt(
            symmetry,
            at,
            equation.why === "output"
              ? "the scale of the output is seen: the factors must cancel"
              : `${labelOf(symmetry, at)} sees the scale of its argument: the factors must cancel`,
          ),
        )
    }
  return reasons
}

/** For shifts of several parameters: the operation that sees only their sum. */
function exchangeReasons(symmetry: Symmetry, index: EquationIndex, own: ReadonlySet<UnknownId>): Reason[] {
  const seen = [...own].flatMap((u) => index.of(u)).filter((e) => [...e.expression.keys()].filter((k) => own.has(k)).length > 1)
  return [...new Set(seen)].map((equation) => {
    const at = symmetry.program.values[equation.value]
    return reasonAt(
      symmetry,
      at,
      equation.why === "output"
        ? "the loss sees only their sum: what one gains the other loses"
        : `${labelOf(symmetry, at)} sees only their sum: what one gains the other loses`,
    )
  })
}

function absorbText(label: string, value: Value): string {
  switch (value.op.kind) {
    case "normalize":
    case "center":
      return `${label} does not see a constant added along its axis`
    case "still":
      return `${label} has no gradient`
    case "contract":
      return `${label} multiplies it with something that sums to zero`
    default:
      return `${label} takes it out`
  }
}

function firstKiller(index: EquationIndex, members: readonly Member[], role: number, letter: string): Equation | null {
  for (const { unknown, positions } of members) {
    const word = [...unknown.word]
    word[positions[role]] = letter
    const stronger = index.unknown(unknown.value, unknown.kind, word.join(""))
    const killer = stronger === undefined ? null : findKiller(index, stronger)
    if (killer !== null) return killer
  }
  return null
}

/** What killed every generator of a parameter's blocks: one reason an axis, the scale last. */
export function lawlessReasons(symmetry: Symmetry, index: EquationIndex, values: readonly Value[]): Reason[] {
  const reasons: Reason[] = []
  for (const value of values) {
    const k = value.atoms.length
    for (let i = 0; i < k; i++) {
      const unknown = index.unknown(value.id, "action", "1".repeat(i) + "D" + "1".repeat(k - i - 1))
      const killer = unknown === undefined ? null : findKiller(index, unknown)
      if (killer !== null && isTelling(symmetry.program.values[killer.value])) reasons.push(killReason(symmetry, killer, "diagonal"))
    }
    const scale = index.unknown(value.id, "action", "1".repeat(k))
    const killer = scale === undefined ? null : findKiller(index, scale)
    if (killer !== null && (reasons.length === 0 || isTelling(symmetry.program.values[killer.value])))
      reasons.push(killReason(symmetry, killer, "scale"))
  }
  return dedupe(reasons).slice(0, 3)
}

/** An index that merely counts copies (heads, groups) needs no word about why it is no matrix. */
function cutsToDiagonal(value: Value): boolean {
  return value.op.kind !== "contract" && value.op.kind !== "convolve" ? true : value.op.kind === "contract" && !hasSummed(value)
}

const hasSummed = (value: Value): boolean => value.uses.some((u) => u.labels.some((l) => !value.labels.includes(l)))
const isElementwise = (symmetry: Symmetry, value: Value): boolean => {
  const kind = symmetry.network.graph.nodes[value.node].op.kind
  return kind === "binary" || kind === "dropout" || kind === "select"
}

/** A contraction with data kills along every input axis: true and no news. */
const isTelling = (value: Value): boolean => value.op.kind !== "contract" && value.op.kind !== "convolve"

function dedupe(reasons: readonly Reason[]): Reason[] {
  const seen = new Set<string>()
  return reasons.filter((r) => {
    const key = `${r.text}@${r.at?.start.line}:${r.at?.start.column}`
    return !seen.has(key) && seen.add(key) !== undefined
  })
}
