/**
 * @file From symmetry to conservation laws: a linear generator δθ = Mθ + c with symmetric M conserves ½θᵀMθ + cᵀθ (Noether for gradient flow;
 * Marcotte, Gribonval, Peyré 2023; Zhao et al. 2023). A family becomes one law: its members become einsum terms over parameter views.
 */
import type { GenericNetwork } from "../axes/generalize"
import { addDim, multiplyDim, subtractDim, substitutionOf } from "../graph/dim"
import type { Dim, LawEntries, LawFamily, LawType, Operand, Term, ViewStep } from "../schema/report"
import { findCrossFamilies } from "../symmetry/cross"
import { inferSymmetry } from "../symmetry/infer"
import { findMirrors, isWithin } from "../symmetry/mirror"
import type { Symmetry } from "../symmetry/infer"
import type { IdentityOffset, ParameterBlock, Value, ValueId } from "../symmetry/program"
import type { Family, Member, Role } from "../symmetry/families"
import { indexEquations } from "../symmetry/equations"
import type { EquationIndex } from "../symmetry/equations"
import { familyReasons } from "../symmetry/reasons"
import { lawlessReasons } from "../symmetry/refusals"
import { crossLawOf } from "./crossLaw"
import { independentOf, roleCount, shiftsOf, symmetricCount } from "./counts"
import type { DerivedLaw, DerivedModel, SymmetryKind } from "./law"
import { joinPieces } from "./joinPieces"
import { jointSize, jointTerm } from "./jointRoles"
import { mirrorLawOf } from "./mirrorLaw"
import { referencesOf } from "./references"

export function deriveLaws(network: GenericNetwork): DerivedModel {
  const { symmetry, whole } = inferSymmetry(network)
  const index = indexEquations(symmetry)
  const laws: DerivedLaw[] = []
  let independent: Dim = 0
  const numbers = new Map<string, number>()
  const mirrors = findMirrors(symmetry.program, symmetry.solutions.families).filter((m) => !isShiftedWhole(symmetry, whole, m.value))
  const collect = (from: Symmetry, equations: EquationIndex): void => {
    const held = shiftsOf(from)
    for (const found of from.solutions.families) {
      const writable = isWritable(from, found) && (entriesOf(found.roles) !== null || jointOf(from, found) !== null)
      const family = writable ? found : diagonalPart(found)
      if (from === symmetry && mirrors.some((m) => isWithin(m, family))) continue
      const law = lawOf(from, equations, family, numbers)
      if (law === null) continue
      laws.push(inIndependentSizes(law, network.extents))
      if (law.exactness === "exact") independent = addDim(independent, independentOf(from, family, jointOf(from, family), held))
    }
  }
  collect(symmetry, index)
  for (const mirror of mirrors) {
    const number = (numbers.get("shift") ?? 0) + 1
    numbers.set("shift", number)
    const law = mirrorLawOf(symmetry, mirror, `shift-${number}`)
    laws.push(inIndependentSizes(law, network.extents))
    independent = addDim(independent, substitutionOf(network.declared)(law.quantities))
  }
  // What stays by itself makes no laws with its like, and beside what moves there are other products to count than entries.
  const isUnseen = (value: ValueId): boolean => symmetry.visibility.invisible(value, "A".repeat(symmetry.program.values[value].atoms.length))
  const shifts = shiftsOf(symmetry)
  const isStill = (value: ValueId): boolean => shifts.alone.get(value)?.some((s) => s.isStill) === true || isUnseen(value)
  for (const family of findCrossFamilies(symmetry.program)) {
    const stills = family.members.map(({ unknown }) => Number(isStill(unknown.first)) + Number(isStill(unknown.second)))
    if (stills.includes(1) || stills.every((n) => n === 2)) continue
    const number = (numbers.get("balance") ?? 0) + 1
    const law = crossLawOf(symmetry, family, `balance-${number}`)
    if (law === null) continue
    numbers.set("balance", number)
    laws.push(inIndependentSizes(law, network.extents))
    independent = addDim(independent, substitutionOf(network.declared)(law.quantities))
  }
  if (whole !== null) collect(whole, indexEquations(whole))
  const lawless = lawlessParameters(symmetry, index, laws)
  return { graph: network.graph, sizes: network.sizes, laws: joinPieces(laws, network.graph), independent, lawless }
}

/** Whether the parameter of a block has shifts along whole axes, which would have to be counted beside its halves. */
function isShiftedWhole(symmetry: Symmetry, whole: Symmetry | null, value: ValueId): boolean {
  const { op } = symmetry.program.values[value]
  const isOwn = (m: Member): boolean => whole !== null && op.kind === "parameter" && parameterOp(whole, m).parameter === op.parameter
  return whole !== null && whole.solutions.families.some((f) => f.kind !== "action" && f.members.some(isOwn))
}

/** Writes extents of convolutions out, so that a law mentions independent sizes only. */
function inIndependentSizes(law: DerivedLaw, extents: Readonly<Record<string, Dim>>): DerivedLaw {
  if (Object.keys(extents).length === 0) return law
  const write = substitutionOf(extents)
  const operand = (o: Operand): Operand =>
    o.view === undefined
      ? o
      : {
          ...o,
          view: o.view.map((step) =>
            "reshape" in step
              ? { reshape: step.reshape.map(write) }
              : "slice" in step
                ? { slice: [step.slice[0], write(step.slice[1]), write(step.slice[2])] }
                : step,
          ),
        }
  return {
    ...law,
    symmetry: { ...law.symmetry, sizes: law.symmetry.sizes.map(write) },
    quantities: write(law.quantities),
    index: law.index.map((i) => ({ ...i, size: write(i.size) })),
    terms: law.terms.map((t) => ({ ...t, operands: t.operands.map(operand) })),
  }
}

const parameterOp = (symmetry: Symmetry, member: Member): ParameterBlock => {
  const op = symmetry.program.values[member.unknown.value].op
  if (op.kind !== "parameter") throw new Error(`deriveLaws: expected a parameter block, found '${op.kind}'`)
  return op
}

const idOf = (symmetry: Symmetry, member: Member): string => symmetry.network.graph.parameters[parameterOp(symmetry, member).parameter].id

function lawOf(symmetry: Symmetry, index: EquationIndex, family: Family, numbers: Map<string, number>): DerivedLaw | null {
  const joint = jointOf(symmetry, family)
  const entries = joint === null ? entriesOf(family.roles) : "symmetric"
  if (entries === null || !isWritable(symmetry, family)) return null
  const sign = Math.sign(family.members[0].weight)
  const letters = roleLetters(family.roles)
  const apart = entries === "differences" ? [] : family.roles.flatMap((r, i) => (r.kind === "diagonal" && !r.full ? [i] : []))
  const terms = family.members.flatMap((m) => {
    if (joint !== null) return [jointTerm(m, parameterOp(symmetry, m), idOf(symmetry, m), m.weight * sign)]
    const own = termsOf(symmetry, m, family, letters, sign)
    return apart.reduce((all: readonly Term[], role) => neighborDifferences(all, family.roles[role].atom, letters[role]), own)
  })
  const parameters = [...new Set(family.members.map((m) => idOf(symmetry, m)))]
  const name = familyName(symmetry, family)
  const number = (numbers.get(name) ?? 0) + 1
  numbers.set(name, number)
  const block = blockOf(parameters)
  return {
    id: `${name}-${number}`,
    family: name,
    symmetry: joint === null ? symmetryKind(family, name) : { kind: "GL", sizes: [joint] },
    parameters,
    type: lawType(terms),
    entries,
    quantities: joint === null ? family.roles.map((r) => roleCount(r)).reduce(multiplyDim, 1) : symmetricCount(joint),
    index:
      joint !== null
        ? ["i", "j"].map((letter) => ({ name: letter, size: joint }))
        : family.roles
            .flatMap((r, i) => [...letters[i]].map((letter) => ({ name: letter, size: apart.includes(i) ? subtractDim(r.atom, 1) : r.atom })))
            .filter(({ name: n }) => terms[0].einsum.split("->")[1].includes(n)),
    ...(block === null ? {} : { block }),
    exactness: family.exactness,
    because: familyReasons(symmetry, index, symmetry.visibility, family),
    references: referencesOf(symmetry, index, family),
    terms,
  }
}

const jointOf = (symmetry: Symmetry, family: Family): Dim | null => jointSize(family, (m) => parameterOp(symmetry, m))

/** Whether terms can say it: a matrix acting on W + c (the same c everywhere), or two roles on the axes of W + c·1, need terms that do not exist. */
function isWritable(symmetry: Symmetry, family: Family): boolean {
  if (family.kind === "shift") return true
  return family.members.every((m) => {
    const { offset } = parameterOp(symmetry, m)
    if (typeof offset === "number") return offset === 0 || family.roles.every((r) => r.kind === "diagonal")
    if (offset.kind !== "identity") return true
    return family.roles.every((r) => r.kind !== "ones") && m.positions.filter((p) => offset.atoms.includes(p)).length < 2
  })
}

/** The diagonal of a whole Gram matrix, where the matrix cannot be written. */
function diagonalPart(family: Family): Family {
  const isWhole = family.roles.every((r) => r.kind === "matrix" && r.full) && family.dependent.length === 0
  return isWhole ? { ...family, roles: family.roles.map((r): Role => ({ ...r, kind: "diagonal" })) } : family
}

/**
 * Which entries of the value are conserved; null where the pieces do not make one shape. Differences along one of several indices are written
 * into the terms, as neighbors.
 */
function entriesOf(roles: readonly Role[]): LawEntries | null {
  if (roles.length === 1 && roles[0].kind === "diagonal" && !roles[0].full) return "differences"
  const matrices = roles.filter((r) => r.kind === "matrix")
  if (matrices.length === 0) return "all"
  return matrices.length > 1 ? null : matrices[0].full ? "symmetric" : "off-diagonal"
}

const INDEX_LETTERS = "ijklmnuvw"
const SUM_LETTERS = "abcdefgopqrstxyz"

/** One output letter a diagonal, two a matrix, none for the matrix of ones. */
function roleLetters(roles: readonly Role[]): string[] {
  let next = 0
  return roles.map((r) => {
    const many = r.kind === "matrix" ? 2 : r.kind === "diagonal" ? 1 : 0
    next += many
    return INDEX_LETTERS.slice(next - many, next)
  })
}

function termsOf(symmetry: Symmetry, member: Member, family: Family, letters: readonly string[], sign: number): Term[] {
  const op = parameterOp(symmetry, member)
  const operand = operandOf(symmetry, op)
  const atomAxes = op.axes.flatMap((a, axis) => (a === null ? [] : [axis]))
  const output = letters.join("")
  const weight = member.weight * sign
  let nextSum = 0
  const first: string[] = [],
    second: string[] = []
  op.axes.forEach((_, axis) => {
    const role = member.positions.findIndex((p) => atomAxes[p] === axis)
    if (role >= 0 && family.roles[role].kind === "ones") {
      // (Σ W)²: the two factors are summed apart.
      first.push(SUM_LETTERS[nextSum++])
      second.push(SUM_LETTERS[nextSum++])
    } else if (role >= 0) {
      first.push(letters[role][0])
      second.push(letters[role][letters[role].length - 1])
    } else {
      first.push(SUM_LETTERS[nextSum])
      second.push(SUM_LETTERS[nextSum++])
    }
  })
  if (member.unknown.kind === "shift") return [{ coefficient: weight, operands: [operand], einsum: `${first.join("")}->${output}` }]
  const half = family.kind === "mixed" ? 0.5 : 1
  const quadratic: Term = { coefficient: half * weight, operands: [operand, operand], einsum: `${first.join("")},${second.join("")}->${output}` }
  if (op.offset === 0) return [quadratic]
  if (typeof op.offset !== "number" && op.offset.kind === "identity") return [quadratic, ...identityTerms(quadratic, operand, op.offset, atomAxes)]
  if (typeof op.offset !== "number") {
    // (W + W₀)(W + W₀)ᵀ up to the constant W₀W₀ᵀ.
    const frozen = operandOf(symmetry, op.offset)
    return [quadratic, { ...quadratic, operands: [frozen, operand] }, { ...quadratic, operands: [operand, frozen] }]
  }
  return [quadratic, { coefficient: 2 * half * weight * op.offset, operands: [operand], einsum: `${first.join("")}->${output}` }]
}

/** Every value minus the one before it along an index: what is conserved where the same change along the whole index is seen. */
function neighborDifferences(terms: readonly Term[], atom: string, letter: string): Term[] {
  const ranges: readonly (readonly [number, Dim, Dim])[] = [
    [1, 1, atom],
    [-1, 0, subtractDim(atom, 1)],
  ]
  return terms.flatMap((term) => {
    const inputs = term.einsum.split("->")[0].split(",")
    return ranges.map(([sign, from, to]): Term => ({
      ...term,
      coefficient: sign * term.coefficient,
      operands: term.operands.map((operand, k) => ({
        ...operand,
        view: [
          ...(operand.view ?? []),
          ...[...inputs[k]].flatMap((l, axis): ViewStep[] => (l === letter ? [{ slice: [axis, from, to] }] : [])),
        ],
      })),
    }))
  })
}

/** The cross terms of (W + c·1)(W + c·1)ᵀ: in one factor stands W, in the other the identity, which makes its two letters one. */
function identityTerms(quadratic: Term, operand: Operand, offset: IdentityOffset, atomAxes: readonly number[]): Term[] {
  const [inputs, output] = quadratic.einsum.split("->"),
    [first, second] = inputs.split(",")
  const [p, q] = offset.atoms.map((atom) => atomAxes[atom])
  const read = (w: string, one: string): string => {
    const [kept, dropped] = output.includes(one[p]) ? [one[p], one[q]] : [one[q], one[p]]
    return w.replaceAll(dropped, kept)
  }
  const reads = [read(first, second), read(second, first)]
  const coefficient = quadratic.coefficient * offset.factor
  const terms = reads.map((letters): Term => ({ coefficient, operands: [operand], einsum: `${letters}->${output}` }))
  return reads[0] === reads[1] ? [{ ...terms[0], coefficient: 2 * coefficient }] : terms
}

function operandOf(symmetry: Symmetry, block: ParameterBlock): Operand {
  return { parameter: symmetry.network.graph.parameters[block.parameter].id, ...(block.view.length === 0 ? {} : { view: block.view }) }
}

function lawType(terms: readonly Term[]): LawType {
  const linear = terms.some((t) => t.operands.length === 1),
    quadratic = terms.some((t) => t.operands.length === 2)
  return linear && quadratic ? "mixed" : linear ? "linear" : "quadratic"
}

function familyName(symmetry: Symmetry, family: Family): LawFamily {
  if (family.kind === "mixed") return "mixed"
  if (family.kind === "shift")
    return family.noGradient ? "no-gradient" : new Set(family.members.map((m) => idOf(symmetry, m))).size > 1 ? "exchange" : "shift"
  const signs = new Set(family.members.map((m) => Math.sign(m.weight)))
  return signs.size > 1 ? "balance" : "norm"
}

function symmetryKind(family: Family, name: LawFamily): SymmetryKind {
  const matrix = family.roles.find((r) => r.kind === "matrix")
  const sizes = family.roles.map((r) => r.atom)
  if (name === "mixed") return { kind: "mixed", sizes }
  if (name === "no-gradient") return { kind: "no-gradient", sizes }
  if (name === "exchange") return { kind: "exchange", sizes }
  if (name === "shift") return { kind: "shift", sizes }
  if (matrix !== undefined) return { kind: "GL", sizes: [matrix.atom] }
  if (family.roles.some((r) => r.kind === "ones")) return { kind: "ones", sizes }
  return sizes.length === 0 ? { kind: "scale", sizes: [] } : { kind: "diag", sizes }
}

// ---- blocks and refusals ----

/** "h/3" for parameters "h/3/wq", "h/3/wk": the innermost repeated block they share. */
function blockOf(parameters: readonly string[]): string | null {
  const paths = parameters.map((p) => p.split("/").slice(0, -1))
  const shared: string[] = []
  for (let i = 0; paths.every((p) => i < p.length && p[i] === paths[0][i]); i++) shared.push(paths[0][i])
  const last = shared.findLastIndex((part) => /^\d+$/.test(part))
  return last < 0 ? null : shared.slice(0, last + 1).join("/")
}

function lawlessParameters(symmetry: Symmetry, index: EquationIndex, laws: readonly DerivedLaw[]): DerivedModel["lawless"] {
  const spoken = new Set(laws.flatMap((l) => l.parameters))
  const groups = new Map<string, { parameters: string[]; because: ReturnType<typeof lawlessReasons> }>()
  const blocks: Value[][] = symmetry.network.graph.parameters.map(() => [])
  for (const value of symmetry.program.values) if (value.op.kind === "parameter") blocks[value.op.parameter].push(value)
  symmetry.network.graph.parameters.forEach((p, i) => {
    if (!p.trainable || p.node === null || spoken.has(p.id)) return
    const because = lawlessReasons(symmetry, index, blocks[i])
    const key = JSON.stringify(because)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { parameters: [p.id], because })
    else group.parameters.push(p.id)
  })
  return [...groups.values()]
}
