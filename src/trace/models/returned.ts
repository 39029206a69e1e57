/**
 * @file Parameters typed by what a function returns, `model: ReturnType<typeof createModel>`: they are that function's result where it holds
 * weights.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Value } from "../value"
import { assume } from "../context"
import { nameIn } from "../interpreter/patterns"
import { returnedTypeOf } from "../../source/forms"
import { tensorsIn, undefinedValue } from "../value"

/** The value of such a parameter; null for other parameters, and where the function makes nothing that is trained. */
export function returnedArgument(
  context: Context,
  parameter: TypeScript.ParameterDeclaration,
  argumentsOf: (node: TypeScript.SignatureDeclaration) => readonly Value[],
): Value | null {
  const named = returnedTypeOf(context.ts, context.program, parameter)
  if (named === null) return null
  const [first, ...rest] = named.name.split(".")
  const top = nameIn(context.moduleScope(context, named.file), first)
  const fn = top === undefined ? undefined : rest.reduce((value, key) => context.get(context, value, key, parameter), top)
  if (fn?.kind !== "function") return null
  const { node } = fn
  if (context.state.active.some((call) => call.node === node)) return null
  const value = context.call(context, fn, undefinedValue, argumentsOf(node), node)
  if (!holdsWeights(value)) return null
  assume(context, `'${parameter.name.getText()}' is what ${named.name} returns`)
  return value
}

const holdsWeights = (value: Value): boolean =>
  value.kind === "model" || value.kind === "layer" || tensorsIn([value]).some(({ source }) => source.kind === "weight")
