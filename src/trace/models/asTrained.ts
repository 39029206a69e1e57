/** @file What training by hand differentiates: tfjs runs `model.predict(x)` and `model.apply(x)` as in prediction, in minimize too. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ModelValue } from "../value"
import type { Trainer } from "../trainers"
import type { Traced } from "./classes"
import { concerns } from "../trainers"
import { parametersOf, rememberParameters } from "./wrappers"
import { lastName } from "../../source/nodes"
import { traceAsPredicting } from "./tfjs"
import { uncollected } from "./uncollected"

interface Made {
  readonly traced: Traced
  readonly model: ModelValue | null
}

/** A model as what trains it runs it; one that is compiled, or asked for { training: true } somewhere, as fit does. */
export function asTrained(context: Context, trainers: readonly Trainer[], made: Made, namesOf: () => ReadonlySet<string>): Made {
  const { traced, model } = made
  if (model === null) return made
  if (isCompiled(context, model)) return { traced: asFitted(traced, model), model }
  if (trainers.length === 0) return made
  const names = namesOf(), own = trainers.filter((trainer) => concerns(context.ts, trainer, names))
  const runs = own.flatMap(({ reached }) => reached.flat()).flatMap((code) => runsIn(context.ts, code, names))
  if (runs.length === 0 || runs.some(({ isFitted }) => isFitted)) return made
  const found = traceAsPredicting(context, model)
  return found === null ? made : { traced: { ...found, assumptions: [...new Set([...traced.assumptions, ...found.assumptions])] }, model }
}

/** A model whose weights that fit does not collect stay, and a refusal that tells. */
function asFitted(traced: Traced, model: ModelValue): Traced {
  const still = uncollected(model), ids = parametersOf(traced.graph)
  const names = new Map([...still].flatMap(([weight, owner]) => (ids.has(weight) ? [[ids.get(weight)!, owner] as const] : [])))
  const moves = traced.graph.parameters.filter((p) => p.trainable && names.has(p.id))
  if (moves.length === 0) return traced
  const parameters = traced.graph.parameters.map((p) => (p.trainable && names.has(p.id) ? { ...p, trainable: false } : p))
  const graph = { ...traced.graph, parameters }
  rememberParameters(graph, ids)
  const [{ id, start, end }, ...others] = moves, { length } = others
  const more = length === 0 ? "" : ` and ${length} more weight${length === 1 ? "" : "s"}`
  const what = `fit never trains '${id}'${more}: tfjs 4.22 lists what addWeight makes, and not what the fields of ${names.get(id)!} hold`
  return { ...traced, graph, refused: [...(traced.refused ?? []), { kind: "uncollected", what, fixable: false, start, end }] }
}

const isCompiled = ({ state }: Context, model: ModelValue): boolean => [...state.compiled.values()].some((models) => models.has(model))

const methods: ReadonlySet<string> = new Set(["predict", "predictOnBatch", "apply", "call"])

/** Calls that run a network of these names on data, and whether they ask for what fit does. */
function runsIn(ts: typeof TypeScript, code: TypeScript.Node, names: ReadonlySet<string>): readonly { readonly isFitted: boolean }[] {
  const found: { readonly isFitted: boolean }[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && methods.has(node.expression.name.text)) {
      const { expression: on, name } = node.expression, holder = lastName(ts, on), options = node.arguments[1]?.getText() ?? ""
      if (holder !== null && names.has(holder)) found.push({ isFitted: !/^predict/.test(name.text) && /\btraining\b(?!\W*false\b)/.test(options) })
    }
    ts.forEachChild(node, visit)
  }
  visit(code)
  return found
}
