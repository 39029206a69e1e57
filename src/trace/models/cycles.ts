/** @file Models that are among their own layers: tfjs follows such layers without end, and so would everything here that goes through them. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ModelValue, Value } from "../value"
import { Stop, stopAt } from "../context"
import { unknown } from "../value"

const why = "it is among its own layers, which tfjs follows without end"

/** Refuses every model that adding this layer puts among its own layers; whether there is one. */
export function refuseCycle(model: ModelValue, layer: Value | undefined): boolean {
  const around = layer === undefined ? [] : modelsAround(layer, model)
  if (around.length === 0) return false
  for (const each of new Set([model, ...around])) refuse(each, why)
  return true
}

function refuse(model: ModelValue, failure: string): void {
  model.inputs = []
  model.outputs = []
  model.failure = failure
  model.layers.splice(0, Infinity, unknown(failure))
  if (model.form === "sequential") model.built = false
}

/**
 * Refuses the models that are among their own layers on other ways than `add`, such as `model.layers.push(model)`, and those that have such a model
 * in them. Models without others in them go first, then those that only have such, and so on: what never gets its turn leads around.
 */
export function refuseCycles(models: readonly ModelValue[]): void {
  const known = new Set(models)
  const inner = new Map(models.map((model) => [model, new Set([...modelsIn(model)].filter((each) => known.has(each)))]))
  if ([...inner.values()].every(({ size }) => size === 0)) return
  const leading = withoutEnds(inner), around = withoutEnds(turned(leading))
  for (const model of leading.keys()) refuse(model, around.has(model) ? why : `a model in it cannot be: ${why}`)
}

/** What to throw where a model is applied inside of others deeper than anything real is. */
export function stopInside(context: Context, model: ModelValue, at: TypeScript.Node): Stop {
  refuseCycles(context.state.models)
  // A model that is refused says so itself.
  return model.failure?.endsWith(why) === true ? new Stop("limit", why) : stopAt(context, "models hold each other too deeply here to be followed", at)
}

type Inner = ReadonlyMap<ModelValue, ReadonlySet<ModelValue>>

/** What is left when those that lead to nothing are taken away until there are none. */
function withoutEnds(inner: Inner): Inner {
  const left = new Map(inner), behind = turned(inner), open = new Map([...inner].map(([model, { size }]) => [model, size]))
  const ends = [...inner.keys()].filter((model) => open.get(model) === 0)
  for (let model = ends.pop(); model !== undefined; model = ends.pop()) {
    left.delete(model)
    for (const outer of behind.get(model) ?? []) {
      const count = (open.get(outer) ?? 0) - 1
      open.set(outer, count)
      if (count === 0) ends.push(outer)
    }
  }
  return new Map([...left].map(([model, held]) => [model, new Set([...held].filter((each) => left.has(each)))]))
}

function turned(inner: Inner): Inner {
  const outer = new Map([...inner.keys()].map((model) => [model, new Set<ModelValue>()]))
  for (const [model, held] of inner) for (const each of held) outer.get(each)?.add(model)
  return outer
}

/** The models that are layers of this one, also as parts of its other layers. */
function modelsIn(model: ModelValue): ReadonlySet<ModelValue> {
  const found = new Set<ModelValue>(), seen = new Set<object>(), open: Value[] = [...model.layers]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value.kind === "model") found.add(value)
    const state = value.kind === "layer" ? value.state : value.kind === "object" ? value.layer : undefined
    if (state === undefined || seen.has(state)) continue
    seen.add(state)
    open.push(...state.children)
  }
  return found
}

/** The models among a layer and what is in it that have the given one in them, itself included. */
function modelsAround(layer: Value, wanted: ModelValue): readonly ModelValue[] {
  const around: ModelValue[] = [], known = new Map<object, boolean>()
  const holds = (value: Value): boolean => {
    if (value === wanted) return true
    const node = value.kind === "layer" ? value.state : value.kind === "object" ? value.layer : value.kind === "model" ? value : undefined
    if (node === undefined) return false
    const before = known.get(node)
    if (before !== undefined) return before
    known.set(node, false)
    const inner = "children" in node ? node.children : node.layers
    const found = inner.map(holds).includes(true)
    known.set(node, found)
    if (found && value.kind === "model") around.push(value)
    return found
  }
  return holds(layer) ? [wanted, ...around] : []
}
