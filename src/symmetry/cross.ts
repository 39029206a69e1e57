/**
 * @file Actions between two blocks: δP = X·Q and δQ = Xᵀ·P on one axis of two parameter blocks that read the same tensor. They carry the cross
 * part of the Gram matrix of parallel linear layers, and the antisymmetric half of the Hermitian block laws of rotary positions with equal
 * frequencies (δ(P + iQ) = H·(P + iQ) with Hermitian H). They never mix with the words of `propagate`: a pass of its own, symmetric and
 * antisymmetric X apart. Whatever an operation does not map onto another value of the network is set to zero.
 */
import type { NodeId } from "../graph/graph"
import type { Program, Use, Value, ValueId } from "./program"
import { addScaled, emptyExpression, LinearSystem, unknownsOf } from "./system"
import type { Expression, UnknownId } from "./system"
import { haveSameLabels } from "./words"

/** Symmetric (+1) or antisymmetric (−1) X; 0: any X, between axes that are not one. */
type Parity = 1 | -1 | 0

/** X acts on atom `position` of both blocks, which have the same atoms elsewhere; on single cells of a cut axis it is a number, at `NO_ATOM`. */
export interface CrossUnknown {
  readonly id: UnknownId
  readonly first: ValueId
  readonly second: ValueId
  readonly position: number
  readonly parity: Parity
  /** How many blocks are paired with each other. */
  readonly many: number
}

/** The position of an action on cells, which have no atom along the axis they were cut from. */
export const NO_ATOM = -1

export interface CrossFamily {
  readonly members: readonly { readonly unknown: CrossUnknown; readonly weight: number }[]
  readonly parity: Parity
  /** Size names of the axes X acts on: of the first block and of the second. */
  readonly atoms: readonly [string, string]
  /** Operations at which the actions of two pairs undo each other. */
  readonly meets: readonly NodeId[]
}

/** δv contains expression · X · partner, or Xᵀ where `transposed`, on atom `position` of both. */
interface Entry {
  readonly partner: ValueId
  readonly position: number
  readonly parity: Parity
  readonly transposed: boolean
  readonly expression: Expression
}

/** A bilinear form Σ a·X·b left over by a contraction: a in the first factor's place, b in the second's. */
interface Residue {
  readonly key: string
  readonly expression: Expression
}

/** More parallel readers of one tensor than this are not paired. */
const GROUP_LIMIT = 8

export function findCrossFamilies(program: Program): CrossFamily[] {
  const candidates = candidatePairs(program)
  return candidates.length === 0 ? [] : new CrossPass(program, candidates).run()
}

/** Two blocks and the atom on which they may act on each other. */
type Candidate = readonly [first: ValueId, second: ValueId, position: number, many: number]

/** Blocks of parameters with the same atoms that read the same value in the same way, or whose products are added. */
function candidatePairs(program: Program): readonly Candidate[] {
  const groups = new Map<string, { values: Set<ValueId>; position: number }>()
  const besides = (own: Value, position: number): string => own.atoms.map((atom, i) => (i === position ? "" : atom)).join()
  const put = (key: string, own: Value, position: number): void => {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { values: new Set([own.id]), position })
    else group.values.add(own.id)
  }
  // A pair reads one value, or has its products in one sum: most parameters have no such companion.
  const readings: number[] = program.values.map(() => 0)
  for (const value of program.values)
    if (value.op.kind === "contract") for (const { other } of parameterFactors(program, value)) readings[other.value]++
  for (const value of program.values) {
    if (value.op.kind === "contract") {
      for (const { own, use, other, k } of parameterFactors(program, value)) {
        if (readings[other.value] < 2) continue
        const kept = use.labels.flatMap((l, i) => (value.labels.includes(l) && !other.labels.includes(l) ? [i] : []))
        const place = [k, other.value, other.labels, use.labels, value.labels]
        for (const f of kept) put([...place, besides(own, f), f].join("|"), own, f)
        const isColumn = use.labels.every((l) => !value.labels.includes(l) && other.labels.includes(l))
        if (isColumn && isCell(own)) put([...place, besides(own, NO_ATOM), NO_ATOM].join("|"), own, NO_ATOM)
      }
    }
    if (value.op.kind !== "sum") continue
    const products = value.uses.filter((term) => program.values[term.value].op.kind === "contract")
    for (const term of products.length < 2 ? [] : products) {
      const product = program.values[term.value]
      for (const { own, use, other, k } of parameterFactors(program, product)) {
        const contracted = use.labels.flatMap((l, i) => (!product.labels.includes(l) && other.labels.includes(l) ? [i] : []))
        const place = ["sum", value.id, k, term.labels, other.labels, use.labels, product.labels]
        for (const f of contracted) put([...place, besides(own, f), f].join("|"), own, f)
        const isRow = use.labels.every((l) => product.labels.includes(l) && !other.labels.includes(l))
        if (isRow && isCell(own)) put([...place, besides(own, NO_ATOM), NO_ATOM].join("|"), own, NO_ATOM)
      }
    }
  }
  const pairs = [...groups.values()].flatMap(({ values, position }): Candidate[] => {
    if (values.size > GROUP_LIMIT) return []
    // By the name of the axis, so that X of a pair and of the pair that undoes it run the same way.
    const nameOf = (v: ValueId): string => program.values[v].atoms[position]
    const list = [...values].sort((p, q) => (nameOf(p) < nameOf(q) ? -1 : nameOf(p) > nameOf(q) ? 1 : p - q))
    return list.flatMap((p, i) => list.slice(i + 1).map((q): Candidate => [p, q, position, list.length]))
  })
  return [...new Map(pairs.map((p) => [p.slice(0, 3).join(), p])).values()]
}

/** A part of a parameter of which some axis is a single cell. */
const isCell = ({ op }: Value): boolean => op.kind === "parameter" && op.view.length > 0 && op.axes.includes(null)

interface ParameterFactor {
  readonly own: Value
  readonly use: Use
  readonly other: Use
  readonly k: number
}

function parameterFactors(program: Program, value: Value): ParameterFactor[] {
  const factors: ParameterFactor[] = []
  value.uses.forEach((use, k) => {
    const own = program.values[use.value]
    if (own.op.kind === "parameter" && own.op.offset === 0) factors.push({ own, use, other: value.uses[1 - k], k })
  })
  return factors
}

interface Sum {
  readonly value: Value
  readonly coefficients: readonly number[]
}

class CrossPass {
  private readonly unknowns: CrossUnknown[] = []
  private readonly entries: Entry[][]
  private readonly residues: Residue[][]
  private readonly system = new LinearSystem()
  /** The operations that read each value, in order. */
  private readonly readers: Value[][]
  private readonly meets = new Map<UnknownId, Set<NodeId>>()
  /** Sums by what they add. */
  private readonly sums = new Map<ValueId, Sum[]>()

  constructor(
    private readonly program: Program,
    candidates: readonly Candidate[],
  ) {
    for (const value of program.values) {
      if (value.op.kind !== "sum") continue
      const sum: Sum = { value, coefficients: value.op.coefficients }
      for (const id of new Set(value.uses.map((u) => u.value))) this.sums.set(id, [...(this.sums.get(id) ?? []), sum])
    }
    this.entries = program.values.map(() => [])
    this.residues = program.values.map(() => [])
    this.readers = program.values.map(() => [])
    for (const value of program.values) for (const use of value.uses) this.readers[use.value].push(value)
    for (const [first, second, position, many] of candidates) {
      const one = program.values[first].atoms[position] === program.values[second].atoms[position]
      for (const parity of position === NO_ATOM ? ([1] as const) : one ? ([1, -1] as const) : ([0] as const)) {
        const unknown: CrossUnknown = { id: this.unknowns.length, first, second, position, parity, many }
        this.unknowns.push(unknown)
        this.entries[first].push({ partner: second, position, parity, transposed: false, expression: [unknown.id, 1] })
        const back = [unknown.id, parity === -1 ? -1 : 1]
        this.entries[second].push({ partner: first, position, parity, transposed: parity === 0, expression: back })
      }
    }
  }

  run(): CrossFamily[] {
    const outputs = new Set(this.program.outputs)
    for (const value of this.program.values) {
      if (value.op.kind === "sum") this.sum(value)
      else value.uses.forEach((use, k) => this.pass(value, use, k))
      if (outputs.has(value.id)) this.clear(value.id)
    }
    return this.families()
  }

  private zero(expression: Expression): void {
    this.system.demandZero(expression)
  }

  private clear(id: ValueId): void {
    for (const { expression } of [...this.entries[id], ...this.residues[id]]) this.zero(expression)
  }

  private pass(value: Value, use: Use, k: number): void {
    const { op } = value
    if (op.kind === "still") return
    for (const { expression } of this.residues[use.value]) this.zero(expression)
    for (const entry of this.entries[use.value]) {
      const label = use.labels[entry.position],
        out = value.labels.indexOf(label)
      if (op.kind === "contract") {
        const other = value.uses[1 - k]
        if (other.labels.includes(label)) {
          if (out < 0) this.contracted(value, use, k, entry, label)
          else this.zero(entry.expression)
          continue
        }
      }
      const linear =
        op.kind === "contract" ||
        op.kind === "convolve" ||
        (op.kind === "map" && op.slope !== null) ||
        ((op.kind === "reduce" && (op.fn === "sum" || op.fn === "mean")) || (op.kind === "mix" && !op.maximal) ? !op.over.includes(label) : false)
      const isCell = entry.position === NO_ATOM, twin = linear && (out >= 0 || isCell) ? this.twin(value, k, entry.partner) : undefined
      // Σ of products over cells is a contraction, term by term.
      if (twin === undefined && isCell && op.kind === "contract") this.contracted(value, use, k, entry, NO_ATOM)
      else if (twin === undefined) this.zero(entry.expression)
      else this.entries[value.id].push({ ...entry, partner: twin, position: out })
    }
  }

  /** The value that is `value` with the operand of use k replaced. */
  private twin(value: Value, k: number, partner: ValueId): ValueId | undefined {
    const operands = value.uses.map((use, i) => (i === k ? partner : use.value))
    // Weights that every step of a loop reads have many readers, what one step makes has few.
    const lists = operands.map((id) => this.readers[id])
    const readers = lists.reduce((a, b) => (b.length < a.length ? b : a))
    return readers.find((reader) => computesSame(reader, value, operands))?.id
  }

  /** X between the two factors: Σ (X·p)·b = ± Σ p·X·b. */
  private contracted(value: Value, use: Use, k: number, entry: Entry, label: number): void {
    const other = value.uses[1 - k]
    const pair = k === 0 ? [entry.partner, other.value] : [other.value, entry.partner]
    const labels = k === 0 ? [use.labels, other.labels] : [other.labels, use.labels]
    const expression = k === 0 && entry.parity === -1 ? addScaled(emptyExpression, entry.expression, -1) : entry.expression
    const transposed = entry.parity === 0 && entry.transposed !== (k === 0)
    // What is summed and what is kept belong to the form: p·b and Σ p·b are two.
    const key = [pair.join(), [...labels, value.labels].map((l) => l.join()).join(";"), label, entry.parity, transposed].join("|")
    this.residues[value.id].push({ key, expression })
  }

  /** Leftovers of the terms must cancel; actions must together be an action by another sum. */
  private sum(value: Value): void {
    if (value.op.kind !== "sum") return
    const { coefficients } = value.op
    const left = new Map<string, { expression: Expression; many: number }>()
    value.uses.forEach((use, k) => {
      for (const { key: form, expression } of this.residues[use.value]) {
        const key = `${form}|${use.labels.join()}`
        const known = left.get(key) ?? { expression: emptyExpression, many: 0 }
        left.set(key, { expression: addScaled(known.expression, expression, coefficients[k]), many: known.many + 1 })
      }
    })
    for (const { expression, many } of left.values()) {
      if (many > 1) for (const u of unknownsOf(expression)) this.meets.set(u, (this.meets.get(u) ?? new Set()).add(value.node))
      this.zero(expression)
    }
    this.matchSums(value, coefficients)
  }

  /** δ of the terms must together be X times another sum: term by term, with the same X up to the coefficients. */
  private matchSums(value: Value, coefficients: readonly number[]): void {
    const open = value.uses.flatMap((use, k) =>
      this.entries[use.value].map((entry) => ({ entry, k, label: use.labels[entry.position], done: false })),
    )
    const kindOf = ({ entry, label }: (typeof open)[number]): string => `${entry.parity}|${entry.transposed}|${label}`
    for (const twin of new Set(open.flatMap((o) => this.sums.get(o.entry.partner) ?? []))) {
      if (open.every((o) => o.done)) break
      if (twin.value === value || twin.value.uses.length !== value.uses.length || twin.value.labels.join() !== value.labels.join()) continue
      for (const kind of new Set(open.map(kindOf))) {
        const matched = value.uses.flatMap((use, k) => {
          const found = open.find((o) => !o.done && o.k === k && kindOf(o) === kind && this.inSum(twin.value, o.entry.partner, use) >= 0)
          return found === undefined ? [] : [{ found, theirs: twin.coefficients[this.inSum(twin.value, found.entry.partner, use)] }]
        })
        if (matched.length < value.uses.length || new Set(matched.map((m) => m.found.entry.partner)).size < matched.length) continue
        const parts = matched.map((m, k) => addScaled(emptyExpression, m.found.entry.expression, coefficients[k] / m.theirs))
        for (const part of parts.slice(1)) this.zero(addScaled(part, parts[0], -1))
        for (const m of matched) m.found.done = true
        const { entry, label } = matched[0].found
        this.entries[value.id].push({ ...entry, partner: twin.value.id, position: value.labels.indexOf(label), expression: parts[0] })
      }
    }
    for (const o of open) if (!o.done) this.zero(o.entry.expression)
  }

  /** Where `partner` is an operand of the sum with the labels of `use`; −1 where it is not. */
  private inSum(twin: Value, partner: ValueId, use: Use): number {
    return twin.uses.findIndex((u) => u.value === partner && u.labels.join() === use.labels.join())
  }

  private families(): CrossFamily[] {
    const solution = this.system.solve()
    const vectors = new Map<UnknownId, Map<UnknownId, number>>()
    for (const { id } of this.unknowns) if (!solution.has(id)) vectors.set(id, new Map([[id, 1]]))
    for (const [pivot, e] of solution) for (let i = 0; i < e.length; i += 2) vectors.get(e[i])!.set(pivot, e[i + 1])
    return [...vectors.values()].flatMap((vector): CrossFamily[] => {
      const members = [...vector].sort(([a], [b]) => a - b).map(([id, weight]) => ({ unknown: this.unknowns[id], weight }))
      const { parity } = members[0].unknown
      const atomsOf = ({ unknown: u }: (typeof members)[number]): [string, string] => [
        this.program.values[u.first].atoms[u.position] ?? "1",
        this.program.values[u.second].atoms[u.position] ?? "1",
      ]
      const atoms = atomsOf(members[0])
      if (members.some((m) => m.unknown.parity !== parity || atomsOf(m).join() !== atoms.join())) return []
      const meets = new Set(members.flatMap((m) => [...(this.meets.get(m.unknown.id) ?? [])]))
      return [{ members, parity, atoms, meets: [...meets] }]
    })
  }
}

/** Whether a reader computes what a value would, were the value's operands these. */
function computesSame(reader: Value, value: Value, operands: readonly ValueId[]): boolean {
  return (
    reader.op.kind === value.op.kind &&
    reader.uses.length === value.uses.length &&
    haveSameLabels(reader.labels, value.labels) &&
    value.uses.every((use, i) => reader.uses[i].value === operands[i] && haveSameLabels(reader.uses[i].labels, use.labels)) &&
    JSON.stringify(reader.op) === JSON.stringify(value.op)
  )
}
