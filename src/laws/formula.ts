/**
 * @file From the terms of a law to its formula: a mathjs tree, Unicode text and LaTeX. A law whose value is a matrix is written with products of
 * matrices, "(A·Aᵀ − Bᵀ·B)[i,j]", every other one with norms, sums and entries, "‖A[:,i]‖² + b[i]² − ‖B[i,:]‖²". Numbers are never looked at
 * here; the tree evaluates to the same value as the terms up to a constant (an offset law adds the square of its offset).
 */
import { dim, substitutionOf } from "../graph/dim"
import type { Dim, Law, LawEntries, Operand, Term, ViewStep } from "../schema/report"
import { addNode, callNode, constantNode, multiplyNode, negateNode, parseSpec, squareNode, subtractNode, symbolNode } from "./formulaTree"
import type { FormulaNode } from "./formulaTree"
import { dropSplits, joinSlices } from "./formulaSlices"
import { latexName, printFormula, printLatex } from "./formulaText"
import type { DerivedLaw, SymmetryKind } from "./law"

export interface Formula {
  readonly formula: string
  readonly latex: string
  readonly tree: FormulaNode
}

/** What a formula needs of a law; `terms` may be in size names or in numbers. */
export interface FormulaSource {
  readonly terms: readonly Term[]
  readonly entries: LawEntries
  readonly index: readonly { readonly name: string }[]
}

/** Shapes of parameters by id, in the same sizes as the terms. */
export type ShapeOf = (parameter: string) => readonly Dim[]

/**
 * The formula of a law. Example: terms "ai,ai->i" of dense_1/kernel and −"ia,ia->i" of dense_2/kernel give
 * "‖dense_1/kernel[:,i]‖² − ‖dense_2/kernel[i,:]‖²".
 */
export function formulaOf(law: FormulaSource, shapeOf: ShapeOf): Formula {
  const terms = mergeOffsets(joinSlices(dropSplits(law.terms, shapeOf), shapeOf))
  const matrix = law.entries === "differences" ? null : matrixLettersOf(terms)
  const named = terms.map((term): NamedTerm => ({ ...term, node: matrix === null ? entryNode(term, shapeOf) : matrixNode(term, matrix, shapeOf) }))
  const sum = sumOf(foldRepeats(named))
  const value = matrix === null ? sum : callNode("at", [sum, ...[...matrix].map(symbolNode)])
  const tree = withEntries(value, law, matrix)
  return { formula: printFormula(tree), latex: printLatex(tree), tree }
}

/**
 * The law as views show it: sizes replaced by the declared ones, formula and symmetry as text.
 * @param declared what each size name stands for in the source (a number, or a symbol nobody knows).
 */
export function displayLaw(law: DerivedLaw, declared: Readonly<Record<string, Dim>>, shapeOf: ShapeOf): Law {
  const size = substitutionOf(declared)
  const terms = law.terms.map((term) => ({ ...term, operands: term.operands.map((operand) => mapView(operand, size)) }))
  const { formula, latex } = formulaTexts({ ...law, terms }, (id) => shapeOf(id).map(size))
  return {
    id: law.id,
    family: law.family,
    symmetry: symmetryText({ kind: law.symmetry.kind, sizes: law.symmetry.sizes.map(size) }),
    parameters: law.parameters,
    formula,
    latex,
    type: law.type,
    entries: law.entries,
    quantities: size(law.quantities),
    index: law.index.map(({ name, size: n }) => ({ name, size: size(n) })),
    ...(law.block === undefined ? {} : { block: law.block }),
    exactness: law.exactness,
    because: law.because,
    references: law.references,
    terms,
  }
}

type FormulaText = Pick<Formula, "formula" | "latex">

/** By what a formula depends on: nearly all models have laws of the same few forms. */
const formulas = new Map<string, FormulaText>()
/** Sessions of an editor see ever new forms: they are forgotten at this many. */
const FORMS = 2000

/** Whether names differ in a number alone: such terms may be written as one, so that their names matter. */
function mayRepeat(ids: readonly string[]): boolean {
  const numbered = ids.flatMap((id) => {
    const found = numberedId.exec(id)
    return found === null ? [] : [`${found[1]}#${found[3]}`]
  })
  return new Set(numbered).size < numbered.length
}

/** The formula of a law, written once for all laws that differ in the names of their parameters, and in sizes that formulas do not show. */
function formulaTexts(law: FormulaSource, shapeOf: ShapeOf): FormulaText {
  const ids = [...new Set(law.terms.flatMap(({ operands }) => operands.map(({ parameter }) => parameter)))]
  if (mayRepeat(ids)) return formulaOf(law, shapeOf)
  const standIns = ids.map((_, k) => `\u0000${k}\u0000`)
  const terms = law.terms.map((term) => ({
    ...term,
    operands: term.operands.map((operand) => ({ ...operand, parameter: standIns[ids.indexOf(operand.parameter)] })),
  }))
  // Of whole parameters it matters only which axes are single cells.
  const areWhole = law.terms.every(({ operands }) => operands.every(({ view }) => view === undefined))
  const shapes = ids.map((id) => (areWhole ? shapeOf(id).map((n) => (dim(n) === 1 ? 1 : "n")) : shapeOf(id)))
  const key = JSON.stringify([terms, law.entries, law.index.map(({ name }) => name), shapes])
  let text = formulas.get(key)
  if (text === undefined) {
    const { formula, latex } = formulaOf({ ...law, terms }, (id) => shapes[standIns.indexOf(id)])
    if (formulas.size >= FORMS) formulas.clear()
    formulas.set(key, (text = { formula, latex }))
  }
  const { formula, latex } = text
  return {
    formula: standIns.reduce((written, standIn, k) => written.replaceAll(standIn, () => ids[k]), formula),
    latex: standIns.reduce((written, standIn, k) => written.replaceAll(latexName(standIn), () => latexName(ids[k])), latex),
  }
}

/** "GL(4)", "diag(2×8)", "scale", "shift(3)", … */
export function symmetryText({ kind, sizes }: SymmetryKind): string {
  const size = sizes.length === 0 ? "" : `(${sizes.join("×")})`
  switch (kind) {
    case "GL":
    case "diag":
    case "shift":
    case "exchange":
    case "rotation":
      return kind + size
    case "scale":
      return size === "" ? "scale" : `diag${size}`
    case "no-gradient":
      return `no gradient${size}`
    case "ones":
      return "scale of the sum"
    case "mixed":
      return `shift × scale${size}`
  }
}

function mapView(operand: Operand, size: (d: Dim) => Dim): Operand {
  if (operand.view === undefined) return operand
  return {
    parameter: operand.parameter,
    view: operand.view.map((step): ViewStep => {
      if ("reshape" in step) return { reshape: step.reshape.map(size) }
      if ("slice" in step) return { slice: [step.slice[0], size(step.slice[1]), size(step.slice[2])] }
      return step
    }),
  }
}

interface Offset {
  readonly kind: "plusOne" | "plusIdentity"
  readonly value: number
}
type OffsetTerm = Term & { readonly offset?: Offset }
type NamedTerm = OffsetTerm & { readonly node: FormulaNode }

const operandKey = (operand: Operand): string => JSON.stringify([operand.parameter, operand.view ?? []])

/**
 * Completes squares: c·W² + 2ct·W becomes c·(t + W)², and c·WWᵀ + ct·(W + Wᵀ) becomes c·(tI + W)(tI + W)ᵀ. The value changes by a constant.
 */
function mergeOffsets(terms: readonly Term[]): readonly OffsetTerm[] {
  const used = new Set<Term>()
  const merged = terms.map((term): OffsetTerm => {
    if (term.operands.length !== 2 || operandKey(term.operands[0]) !== operandKey(term.operands[1])) return term
    const linear = terms.filter((t) => t.operands.length === 1 && operandKey(t.operands[0]) === operandKey(term.operands[0]) && !used.has(t))
    const {
      inputs: [a, b],
      output,
    } = parseSpec(term.einsum)
    const pattern = (input: string): string => [...input].map((letter) => (output.includes(letter) ? letter : "_")).join("")
    const take = (found: readonly Term[], kind: Offset["kind"], value: number): OffsetTerm => {
      found.forEach((t) => used.add(t))
      return { ...term, offset: { kind, value } }
    }
    const inputOf = (t: Term): string => parseSpec(t.einsum).inputs[0]
    if (a === b) {
      const one = linear.find((t) => pattern(inputOf(t)) === pattern(a) && new Set(inputOf(t)).size === a.length)
      if (one) return take([one], "plusOne", one.coefficient / (2 * term.coefficient))
      const trace = linear.find((t) => inputOf(t).length === 2 && new Set(inputOf(t)).size === 1 && a.length === 2)
      if (trace) return take([trace], "plusIdentity", trace.coefficient / (2 * term.coefficient))
      return term
    }
    // Both factors must have their own letter on the same axis: W·W has no square to complete.
    const gram = a.length === 2 && [...a].every((letter, axis) => letter === b[axis] || (output.includes(letter) && output.includes(b[axis])))
    if (!gram) return term
    const straight = linear.find((t) => inputOf(t) === output),
      turned = linear.find((t) => inputOf(t) === [...output].reverse().join(""))
    if (straight && turned && straight !== turned && straight.coefficient === turned.coefficient)
      return take([straight, turned], "plusIdentity", straight.coefficient / term.coefficient)
    return term
  })
  return merged.filter((term) => !used.has(term))
}

/** The two letters of a matrix value, in the order of the output, when every term can be written as a matrix; null otherwise. */
function matrixLettersOf(terms: readonly OffsetTerm[]): string | null {
  for (const { einsum } of terms) {
    const { inputs, output } = parseSpec(einsum)
    if (inputs.length !== 2) continue
    const own = [...output].filter((letter) => inputs[0].includes(letter) !== inputs[1].includes(letter))
    return own.length === 2 && terms.every((term) => isMatrixTerm(term, own)) ? own.join("") : null
  }
  return null
}

function isMatrixTerm(term: OffsetTerm, [row, column]: readonly string[]): boolean {
  const { inputs, output } = parseSpec(term.einsum)
  if (inputs.some((input) => new Set(input).size !== input.length)) return false
  if (inputs.length === 1) return inputs[0].includes(row) && inputs[0].includes(column) && [...inputs[0]].every((letter) => output.includes(letter))
  const own = inputs.map((input) => [row, column].filter((letter) => input.includes(letter)))
  if (own.some((letters) => letters.length !== 1) || own[0][0] === own[1][0]) return false
  const rest = inputs.map((input, k) =>
    [...input]
      .filter((letter) => letter !== own[k][0])
      .sort()
      .join(""),
  )
  return rest[0] === rest[1] && [...rest[0]].filter((letter) => !output.includes(letter)).length <= 1
}

const operandNodes = (term: OffsetTerm, shapeOf: ShapeOf): FormulaNode[] =>
  term.operands.map((operand, k) => operandNode(operand, parseSpec(term.einsum).inputs[k], shapeOf, term.offset))

function operandNode(operand: Operand, letters: string, shapeOf: ShapeOf, offset?: Offset): FormulaNode {
  // A parameter of unknown shape still has an axis for every letter.
  const known = shapeOf(operand.parameter)
  const shape = operand.view === undefined && known.length !== letters.length ? [...letters] : known
  let node = callNode("parameter", [constantNode(operand.parameter), constantNode(shape.join(","))])
  for (const step of operand.view ?? []) {
    if ("reshape" in step) node = callNode("reshape", [node, constantNode(step.reshape.join(","))])
    else if ("slice" in step)
      node = callNode("slice", [node, constantNode(step.slice[0]), constantNode(String(step.slice[1])), constantNode(String(step.slice[2]))])
    else node = callNode("transpose", [node, constantNode(step.transpose.join(","))])
  }
  return offset === undefined ? node : callNode(offset.kind, [node, constantNode(offset.value)])
}

function matrixNode(term: OffsetTerm, matrix: string, shapeOf: ShapeOf): FormulaNode {
  const operands = operandNodes(term, shapeOf)
  const rest = [constantNode(term.einsum), ...outputSymbols(term)]
  return operands.length === 1 ? callNode("matrix", [constantNode(matrix), operands[0], ...rest]) : callNode("gram", [...operands, ...rest])
}

function entryNode(term: OffsetTerm, shapeOf: ShapeOf): FormulaNode {
  const { inputs, output } = parseSpec(term.einsum)
  const operands = operandNodes(term, shapeOf)
  const sums = [...inputs[0]].some((letter) => !output.includes(letter))
  const rest = outputSymbols(term)
  if (operands.length === 1) return callNode(sums ? "sum" : "entry", [operands[0], constantNode(term.einsum), ...rest])
  const same = operandKey(term.operands[0]) === operandKey(term.operands[1])
  if (same && isSquaredSum(inputs, output)) return callNode("squaredSum", [operands[0], constantNode(term.einsum), ...rest])
  if (!same || inputs[0] !== inputs[1]) return callNode("inner", [...operands, constantNode(term.einsum), ...rest])
  if (!sums) return squareNode(callNode("entry", [operands[0], constantNode(`${inputs[0]}->${output}`), ...rest]))
  // A repeated letter in a square is a diagonal, which the norm's brackets cannot show.
  if (new Set(inputs[0]).size !== inputs[0].length) return callNode("inner", [...operands, constantNode(term.einsum), ...rest])
  return callNode("normsq", [operands[0], constantNode(term.einsum), ...rest])
}

/** Both factors are alike but for letters that each sums on its own: Σ_b (Σ_a W[a,b])² is "ab,cb->". */
function isSquaredSum([a, b]: readonly string[], output: string): boolean {
  const apart = [...a].map((letter, axis) => (letter === b[axis] ? null : letter + b[axis])).filter((pair) => pair !== null)
  const unique = new Set(a).size === a.length && new Set(b).size === b.length
  return unique && apart.length > 0 && apart.every(([x, y]) => !output.includes(x) && !output.includes(y) && !b.includes(x) && !a.includes(y))
}

const outputSymbols = (term: Term): FormulaNode[] => [...parseSpec(term.einsum).output].map(symbolNode)

/** The first number between slashes, and what stands around it. */
const numberedId = /^(.*?\/)(\d+)(\/.*)$/

/** Three and more terms that differ only in one number of the parameter's id, counted without a gap, become one `repeat`. */
function foldRepeats(terms: readonly NamedTerm[]): readonly NamedTerm[] {
  if (terms.length < 3) return terms
  const groups = new Map<string, { readonly number: number; readonly term: NamedTerm }[]>()
  for (const term of terms) {
    const ids = new Set(term.operands.map((operand) => operand.parameter))
    const number = ids.size === 1 ? numberedId.exec([...ids][0]) : null
    const key =
      number === null
        ? JSON.stringify(term)
        : JSON.stringify([number[1], number[3], term.coefficient, term.einsum, term.offset, term.operands.map((o) => o.view ?? [])])
    groups.set(key, [...(groups.get(key) ?? []), { number: Number(number?.[2] ?? 0), term }])
  }
  return [...groups.values()].flatMap((members) => {
    const whole = members.length >= 3 && members.every(({ number }, k) => number === members[0].number + k)
    return whole
      ? [
          {
            ...members[0].term,
            node: callNode(
              "repeat",
              members.map(({ term }) => term.node),
            ),
          },
        ]
      : members.map(({ term }) => term)
  })
}

/** Positive terms first, as one reads. */
function sumOf(terms: readonly NamedTerm[]): FormulaNode {
  const ordered = [...terms.filter((t) => t.coefficient > 0), ...terms.filter((t) => t.coefficient < 0)]
  const scaled = (term: NamedTerm): FormulaNode =>
    Math.abs(term.coefficient) === 1 ? term.node : multiplyNode(constantNode(Math.abs(term.coefficient)), term.node)
  const [first, ...rest] = ordered
  if (first === undefined) return constantNode(0)
  return rest.reduce(
    (sum, term) => (term.coefficient > 0 ? addNode(sum, scaled(term)) : subtractNode(sum, scaled(term))),
    first.coefficient > 0 ? scaled(first) : negateNode(scaled(first)),
  )
}

function withEntries(value: FormulaNode, law: FormulaSource, matrix: string | null): FormulaNode {
  const letters = law.index.map(({ name }) => name)
  switch (law.entries) {
    case "all":
    case "symmetric":
      return value
    case "off-diagonal":
      return callNode("offDiagonal", [value, ...(matrix === null ? letters.slice(-2) : [...matrix]).map(symbolNode)])
    case "differences":
      return callNode("differences", [value, ...letters.map(symbolNode)])
  }
}
