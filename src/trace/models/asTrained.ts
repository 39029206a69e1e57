/** @file What training by hand differentiates: tfjs runs `model.predict(x)` and `model.apply(x)` as in prediction, in minimize too. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { ModelValue } from "../value"
import type { Trainer } from "../trainers"
import type { Traced } from "./classes"
import { concerns } from "../trainers"
import { lastName } from "../../source/nodes"
import { traceAsPredicting } from "./tfjs"

interface Made {
  readonly traced: Traced
  readonly model: ModelValue | null
}

/** A model as what trains it runs it; one that is compiled, or asked for { training: true } somewhere, as fit does. */
export function asTrained(context: Context, trainers: readonly Trainer[], made: Made, namesOf: () => ReadonlySet<string>): Made {
  const { traced, model } = made
  if (model === null || trainers.length === 0 || isCompiled(context, model)) return made
  const names = namesOf(), own = trainers.filter((trainer) => concerns(context.ts, trainer, names))
  const runs = own.flatMap(({ reached }) => reached.flat()).flatMap((code) => runsIn(context.ts, code, names))
  if (runs.length === 0 || runs.some(({ isFitted }) => isFitted)) return made
  const found = traceAsPredicting(context, model)
  return found === null ? made : { traced: { ...found, assumptions: [...new Set([...traced.assumptions, ...found.assumptions])] }, model }
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
