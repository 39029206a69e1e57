/**
 * @file Laws of weights that two networks share. Steps that train the other one move the shared weights by its gradients: a law stays where what
 * it says of them is a law of the other network as well.
 */
import { substituteDim } from "../graph/dim"
import { trainingOf, type FateParameter } from "./fate"
import type { OptimizerUse, SharedTraining } from "../graph/graph"
import type { Dim, Operand, Term, ViewStep } from "../schema/report"
import type { DerivedLaw, DerivedModel } from "./law"

type Declared = Readonly<Record<string, Dim>>

/** A network that trains some of the same weights. */
export interface Sharing extends Pick<SharedTraining, "name" | "weights"> {
  readonly derived: Pick<DerivedModel, "laws" | "sizes">
  readonly optimizers: readonly OptimizerUse[]
  readonly parameters: readonly FateParameter[]
  /** Ids of parameters that its loss reads otherwise than by its output. */
  readonly beside: readonly string[]
}

/** What the steps of other networks do to the laws of one: a sentence for each law that they need not keep, by its id. */
export function movedElsewhere({ laws, sizes }: Pick<DerivedModel, "laws" | "sizes">, sharings: readonly Sharing[]): ReadonlyMap<string, string> {
  const moved = new Map<string, string>(), declared = declaredSizes(sizes)
  for (const { name, weights, derived, optimizers, parameters, beside } of sharings) {
    const other = new Map(weights), known = derived.laws.map((law) => describe(law, declaredSizes(derived.sizes), null))
    for (const law of laws) {
      const shared = law.parameters.find((id) => other.has(id))
      if (shared === undefined || moved.has(law.id)) continue
      const own = describe(law, declared, other)
      const same = derived.laws.filter((found, k) => known[k] === own && (law.exactness !== "exact" || found.exactness === "exact"))
      if (same.length === 0) moved.set(law.id, `steps that train ${name} move ${shared}, too`)
      // Those steps may have an optimizer of their own.
      const fates = trainingOf(optimizers, same.slice(0, 1), parameters, beside).flatMap(({ fate }) => fate)
      const lost = fates.find(({ status }) => status !== "exact" && status !== "drifts")
      if (lost !== undefined) moved.set(law.id, lostText(name, lost.detail))
    }
  }
  return moved
}

/** The optimizers that train a network only as a part of others: as they are written there, over the weights that both have. */
export function optimizersOfWholes(sharings: readonly Pick<Sharing, "name" | "weights" | "optimizers">[]): readonly OptimizerUse[] {
  return sharings.flatMap(({ name, weights, optimizers }) => {
    // Which of several lists a weight is in is not told.
    const known = optimizers.length === 1 ? optimizers : optimizers.filter(({ variables }) => variables === undefined)
    return known.map((use) => ({ ...use, text: `${use.text} of ${name}`, variables: weights.map(([own]) => own) }))
  })
}

/** "broken by adam (τ = 0.001), which trains it as a part of gan: …" where the optimizer alone is what breaks it. */
function lostText(name: string, detail: string): string {
  const [, broken, rest] = /^(broken by [a-z]+(?: \([^)]*\))?)(: .*)$/.exec(detail) ?? []
  return broken === undefined ? `in steps that train ${name}, too, it is ${detail}` : `${broken}, which trains it as a part of ${name}${rest}`
}

const declaredSizes = (sizes: DerivedModel["sizes"]): Declared => Object.fromEntries(sizes.map((size): [string, Dim] => [size.name, size.declared]))

/**
 * What a law says of the parameters that have another name, in these names, apart from the order of terms, letters and a factor; of all of them with
 * null. Null where it mixes them with others.
 */
function describe({ terms, entries }: DerivedLaw, declared: Declared, names: ReadonlyMap<string, string> | null): string | null {
  const parts: (readonly [string, number])[] = []
  for (const term of terms) {
    const known = term.operands.filter(({ parameter }) => names === null || names.has(parameter))
    // Weights that the other network does not have stand still in its steps.
    if (known.length === 0) continue
    if (known.length < term.operands.length) return null
    parts.push([describeTerm(term, declared, names), term.coefficient])
  }
  parts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return JSON.stringify([entries, parts.map(([text, coefficient]) => [text, coefficient / (parts[0]?.[1] ?? 1)])])
}

function describeTerm({ operands, einsum }: Term, declared: Declared, names: ReadonlyMap<string, string> | null): string {
  const [inputs, output = ""] = einsum.split("->"), letters = new Map<string, string>()
  const rename = (text: string): string =>
    [...text].map((letter) => {
      const known = letters.get(letter) ?? String.fromCharCode(97 + letters.size)
      letters.set(letter, known)
      return known
    }).join("")
  const out = rename(output), specs = inputs.split(",").map(rename)
  return JSON.stringify([out, operands.map((operand, i) => [specs[i], describeOperand(operand, declared, names)])])
}

function describeOperand({ parameter, view = [] }: Operand, declared: Declared, names: ReadonlyMap<string, string> | null): readonly unknown[] {
  const size = (d: Dim): Dim => substituteDim(d, declared)
  const steps = view.map((step: ViewStep) => {
    if ("reshape" in step) return { reshape: step.reshape.map(size) }
    return "slice" in step ? { slice: [step.slice[0], size(step.slice[1]), size(step.slice[2])] } : step
  })
  return [names?.get(parameter) ?? parameter, steps]
}
