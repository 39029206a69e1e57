/**
 * @file Laws about successive parts of one axis as one law, and sums over successive parts as one sum. The axes of a network are cut wherever
 * something cuts them (positions joined of a sine and a cosine cut the whole stream), and symmetry is solved part by part; where all parts have the
 * same law for the same reasons, a reader wants it once, with one index.
 */
import { addDim, subtractDim } from "../graph/dim"
import type { Graph } from "../graph/graph"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import type { DerivedLaw } from "./law"

/** The laws in their order, those about parts of an axis joined at the place of the first, and each with the number it then has in its family. */
export function joinPieces(laws: readonly DerivedLaw[], graph: Graph): readonly DerivedLaw[] {
  const joined: (DerivedLaw | null)[] = []
  const alike = new Map<string, number[]>()
  for (const apart of laws) {
    const law = joinSums(apart, graph)
    if (law.entries !== "all" || !law.terms.every(({ operands }) => operands.some(isCut))) {
      joined.push(law)
      continue
    }
    const key = formOf(law)
    const own = alike.get(key) ?? []
    alike.set(key, own)
    own.push(joined.push(law) - 1)
    // What was joined may be a part of another axis.
    while (own.length > 1) {
      const last = own[own.length - 1]
      const at = own.findIndex((k) => k !== last && joinPair(joined[k], joined[last], graph) !== null)
      if (at < 0) break
      joined[own[at]] = joinPair(joined[own[at]], joined[last], graph)
      joined[last] = null
      own.pop()
      own.push(...own.splice(at, 1))
    }
  }
  const found = joined.filter((law) => law !== null)
  return found.length === laws.length ? found : numbered(found)
}

/** Σ over one part and Σ over the next, which is Σ over both. */
function joinSums(law: DerivedLaw, graph: Graph): DerivedLaw {
  const terms: Term[] = []
  for (const term of law.terms) {
    let next: Term = term
    for (;;) {
      const own = next,
        at = term.operands.some(isCut) ? terms.findIndex((earlier) => joinSummed(earlier, own, graph) !== null) : -1
      if (at < 0) break
      next = joinSummed(terms[at], own, graph) ?? own
      terms.splice(at, 1)
    }
    terms.push(next)
  }
  return terms.length === law.terms.length ? law : { ...law, terms }
}

/** Two terms that differ only in successive parts of an axis that both sum over, as one. */
function joinSummed(first: Term, second: Term, graph: Graph): Term | null {
  const isSame = first.coefficient === second.coefficient && first.einsum === second.einsum && first.operands.length === second.operands.length
  if (!isSame || first.operands.some(({ parameter }, k) => parameter !== second.operands[k].parameter)) return null
  const [inputs, output] = first.einsum.split("->")
  for (const name of new Set(inputs)) {
    if (name === "," || output.includes(name)) continue
    const [size, next] = [first, second].map((term) => summedSize(term, name))
    const term = size === null || next === null ? null : joinTerms(first, second, { name, size }, next, graph)
    if (term !== null) return term
  }
  return null
}

/** How long the part is that the letter runs over; null where the axis is not cut. */
function summedSize({ einsum, operands }: Term, letter: string): Dim | null {
  const k = einsum.split(",").findIndex((own) => own.split("->")[0].includes(letter))
  const axis = einsum.split("->")[0].split(",")[k].indexOf(letter)
  const step = operands[k].view?.findLast((s) => "slice" in s && s.slice[0] === axis)
  return step !== undefined && "slice" in step ? subtractDim(step.slice[2], step.slice[1]) : null
}

const isCut = ({ view }: Operand): boolean => view !== undefined && view.some((step) => "slice" in step)

/** Everything but where the parts begin and end, and how many entries they have. */
function formOf({ family, exactness, parameters, because, terms }: DerivedLaw): string {
  const masked = (step: ViewStep): unknown => ("slice" in step ? step.slice[0] : step)
  const forms = terms.map(({ coefficient, einsum, operands }) => [coefficient, einsum, operands.map((o) => [o.parameter, o.view?.map(masked)])])
  return JSON.stringify([family, exactness, parameters, because, forms])
}

/** Two laws of one form as one, if the second goes on along one index where the first ends. */
function joinPair(first: DerivedLaw | null, second: DerivedLaw | null, graph: Graph): DerivedLaw | null {
  if (first === null || second === null || first.symmetry.sizes.length !== first.index.length) return null
  const differing = first.index.flatMap(({ size }, i) => (size === second.index[i].size ? [] : [i]))
  if (differing.length > 1) return null
  for (const i of differing.length === 1 ? differing : first.index.keys()) {
    const terms = first.terms.map((term, t) => joinTerms(term, second.terms[t], first.index[i], second.index[i].size, graph))
    if (terms.includes(null)) continue
    const size = addDim(first.index[i].size, second.index[i].size)
    return {
      ...first,
      symmetry: { ...first.symmetry, sizes: first.symmetry.sizes.map((s, k) => (k === i ? size : s)) },
      quantities: addDim(first.quantities, second.quantities),
      index: first.index.map((own, k) => (k === i ? { ...own, size } : own)),
      terms: terms.filter((term) => term !== null),
    }
  }
  return null
}

/** Both terms as one, with the letter of `index` running over the part of the first, of its size, and then over that of the second, of `size`. */
function joinTerms(first: Term, second: Term, index: { readonly name: string; readonly size: Dim }, size: Dim, graph: Graph): Term | null {
  const inputs = first.einsum.split("->")[0].split(",")
  const operands = first.operands.map((operand, k) => joinOperands(operand, second.operands[k], [...inputs[k]], index, size, graph))
  return operands.includes(null) ? null : { ...first, operands: operands.filter((operand) => operand !== null) }
}

/** Both operands as one slice along every axis with the letter of the index; null where anything else differs. */
function joinOperands(
  first: Operand,
  second: Operand,
  letters: readonly string[],
  index: { readonly name: string; readonly size: Dim },
  size: Dim,
  graph: Graph,
): Operand | null {
  const own = first.view ?? [],
    others = second.view ?? []
  const reshaped = own.findLastIndex((step) => !("slice" in step))
  if (own.length !== others.length) return null
  let joined = 0
  const view: ViewStep[] = []
  for (const [s, step] of own.entries()) {
    const other = others[s]
    const goesOn = "slice" in step && "slice" in other && s > reshaped && letters[step.slice[0]] === index.name
    if (!goesOn) {
      if (JSON.stringify(step) !== JSON.stringify(other)) return null
      view.push(step)
      continue
    }
    const [axis, from, middle] = step.slice,
      [, next, to] = other.slice
    if (middle !== next || subtractDim(middle, from) !== index.size || subtractDim(to, next) !== size) return null
    joined++
    const isOnly = !own.some((o, k) => k > reshaped && k < s && "slice" in o && o.slice[0] === axis)
    if (!isOnly || from !== 0 || to !== sizeBefore(first.parameter, own[reshaped], axis, graph)) view.push({ slice: [axis, from, to] })
  }
  // Each axis with the letter has to be cut, or its size would not be that of the index.
  if (joined !== letters.filter((letter) => letter === index.name).length) return null
  return view.length === 0 ? { parameter: first.parameter } : { ...first, view }
}

/** The size of an axis that slices are taken of; null where transposes make it unclear. */
function sizeBefore(parameter: string, step: ViewStep | undefined, axis: number, graph: Graph): Dim | null {
  if (step === undefined) return graph.parameters.find(({ id }) => id === parameter)?.shape[axis] ?? null
  return "reshape" in step ? step.reshape[axis] : null
}

function numbered(laws: readonly DerivedLaw[]): readonly DerivedLaw[] {
  const numbers = new Map<string, number>()
  return laws.map((law) => {
    const number = (numbers.get(law.family) ?? 0) + 1
    numbers.set(law.family, number)
    return { ...law, id: `${law.family}-${number}` }
  })
}
