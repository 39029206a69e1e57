/**
 * @file What the regularizers of a model do to its laws. tfjs adds l1·Σ|θ| + l2·Σθ² to the loss, whose gradient is l1·sign θ + 2·l2·θ: a quadratic
 * law whose parameters all have the same l2 decays with dh/dt = −4·l2·h, a linear one with −2·l2·h, and every other law that reads a regularized
 * parameter is broken. Measured on the gradient of the loss with its penalty, so that the promise could fail.
 */
import type { Graph } from "../graph/graph"
import type { RegularizedLaw } from "../schema/report"
import { evaluateEntry, evaluateEntryGradient, type Entry, type NumericLaw } from "./laws"
import { lawRate } from "./judge"
import { norm } from "./linear"
import type { Plan } from "./plan"
import type { Setting } from "./setting"
import type { VerificationTask } from "./task"

/** One for each exact law that reads a regularized weight; null where none does. */
export function measureRegularized({ graph, laws: all }: VerificationTask, setting: Setting): readonly RegularizedLaw[] | null {
  const { plan, points, watched, laws, ids, standing } = setting
  const { l1, l2 } = strengthsOf(graph, plan), gradient = new Float64Array(plan.dimension)
  if (l1.every((x) => x === 0) && l2.every((x) => x === 0)) return null
  const found = standing.flatMap((k, n): readonly RegularizedLaw[] => {
    const { law } = watched[k]
    // An equal block that was left out may be regularized otherwise than the one that stands for it.
    if (strengthText(graph, all[n].parameters) !== strengthText(graph, laws[k].parameters)) return []
    if (laws[k].exactness !== "exact" || law.own.every((i) => l1[i] === 0 && l2[i] === 0)) return []
    const decay = decayOf(law, l1, l2, plan.dimension)
    let rate = 0
    for (const point of points) {
      for (let i = 0; i < gradient.length; i++) gradient[i] = point.gradient[i] + l1[i] * Math.sign(point.theta[i]) + 2 * l2[i] * point.theta[i]
      const own = norm(law.own.length === 0 ? gradient : Float64Array.from(law.own, (i) => gradient[i]))
      for (const entry of law.entries) rate = Math.max(rate, rateOf(entry, point.theta, gradient, own, decay ?? 0))
    }
    return [{ law: ids[n], decay, rate, verdict: decay === null ? "broken" : rate > lawRate ? "violated" : "decays" }]
  })
  return found.length === 0 ? null : found
}

/** |⟨∇h, g⟩ − k·h| / (‖∇h‖·‖g‖). */
function rateOf(entry: Entry, theta: Float64Array, gradient: Float64Array, size: number, decay: number): number {
  const slope = new Float64Array(gradient.length)
  evaluateEntryGradient(entry, theta, slope)
  let change = 0
  for (let i = 0; i < slope.length; i++) change += slope[i] * gradient[i]
  const length = norm(slope) * size
  return length === 0 ? 0 : Math.abs(change - decay * evaluateEntry(entry, theta)) / length
}

/** Of a law with both parts, or with frozen numbers in it, nothing is promised. */
function decayOf(law: NumericLaw, l1: Float64Array, l2: Float64Array, dimension: number): number | null {
  const strength = l2[law.own[0]]
  if (law.own.some((i) => l1[i] !== 0 || l2[i] !== strength)) return null
  const isOwn = (list: Int32Array): boolean => list.every((i) => i < dimension)
  if (law.entries.every((e) => e.i.length === 0 && isOwn(e.at))) return 2 * strength
  return law.entries.every((e) => e.at.length === 0 && isOwn(e.i) && isOwn(e.j)) ? 4 * strength : null
}

const strengthText = (graph: Graph, ids: readonly string[]): string =>
  JSON.stringify(ids.map((id) => graph.parameters.find((p) => p.id === id)?.regularizer ?? null))

function strengthsOf(graph: Graph, plan: Plan): { readonly l1: Float64Array; readonly l2: Float64Array } {
  const l1 = new Float64Array(plan.dimension), l2 = new Float64Array(plan.dimension)
  const regularizers = new Map(graph.parameters.map(({ id, regularizer }) => [id, regularizer]))
  for (const { id, offset, size, trainable } of plan.slots) {
    const found = regularizers.get(id)
    if (!trainable || found === undefined) continue
    l1.fill(found.l1, offset, offset + size)
    l2.fill(found.l2, offset, offset + size)
  }
  return { l1, l2 }
}
