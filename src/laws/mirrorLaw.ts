/**
 * @file Laws of square weights of which only W + Wᵀ or W − Wᵀ is read, or the form xᵀWx: the other half, W − Wᵀ or W + Wᵀ, has no gradient and stays.
 */
import { addDim, divideDim, multiplyDim, subtractDim } from "../graph/dim"
import type { Dim, Operand, Term } from "../schema/report"
import type { Symmetry } from "../symmetry/infer"
import type { Mirror } from "../symmetry/mirror"
import { labelOf, reasonAt } from "../symmetry/refusals"
import type { DerivedLaw } from "./law"

const INDEX_LETTERS = "klmnuvw"

export function mirrorLawOf(symmetry: Symmetry, mirror: Mirror, id: string): DerivedLaw {
  const { values } = symmetry.program,
    own = values[mirror.value],
    sum = values[mirror.sum]
  if (own.op.kind !== "parameter") throw new Error(`mirrorLawOf: expected a parameter block, found '${own.op.kind}'`)
  const { op } = own,
    parameter = symmetry.network.graph.parameters[op.parameter].id
  const operand: Operand = { parameter, ...(op.view.length === 0 ? {} : { view: op.view }) }
  const [p, q] = mirror.atoms,
    n = own.atoms[p]
  const others = own.atoms.map((_, i) => i).filter((i) => i !== p && i !== q)
  const letterOf = (atom: number, [first, second]: string): string => (atom === p ? first : atom === q ? second : INDEX_LETTERS[others.indexOf(atom)])
  const output = others.map((i) => letterOf(i, "ij")).join("") + "ij"
  const termOf = (pair: string, coefficient: number): Term => {
    let atom = 0,
      unit = 0
    const letters = op.axes.map((axis) => (axis === null ? "abcdefgh"[unit++] : letterOf(atom++, pair)))
    return { coefficient, operands: [operand], einsum: `${letters.join("")}->${output}` }
  }
  const half = mirror.sign === 1 ? "the antisymmetric" : "the symmetric"
  const reads = mirror.form ? "meets the same tensor on both sides of the weights" : "reads the weights and their transpose"
  const kept: Dim = others.map((i): Dim => own.atoms[i]).reduce<Dim>(multiplyDim, 1)
  const pairs = multiplyDim(n, mirror.sign === 1 ? subtractDim(n, 1) : addDim(n, 1))
  return {
    id,
    family: "shift",
    symmetry: { kind: "shift", sizes: own.atoms },
    parameters: [parameter],
    type: "linear",
    entries: mirror.sign === 1 ? "off-diagonal" : "symmetric",
    quantities: multiplyDim(kept, divideDim(pairs, 2) ?? multiplyDim(pairs, "1/2")),
    index: [...output].map((name) => ({ name, size: name === "i" || name === "j" ? n : own.atoms[others[INDEX_LETTERS.indexOf(name)]] })),
    exactness: "exact",
    because: [reasonAt(symmetry, sum, `${labelOf(symmetry, sum)} ${reads}: ${half} half is not seen`)],
    references: [],
    terms: [termOf("ij", 1), termOf("ji", -mirror.sign)],
  }
}
