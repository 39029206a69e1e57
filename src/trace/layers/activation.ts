/** @file The activations that tf.layers accept as strings, with tfjs 4.22's definitions; other names throw there and are unsupported here. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { TensorValue, Value } from "../value"
import type { UnaryFunction } from "../../graph/op"
import { makeTensor, shapeOf } from "../tensor"
import { assume, note, place, siteAt } from "../context"
import { stringIn } from "../value"
import { tellFault } from "../interpreter/faults"

/** 'gelu' is the exact one (erf), 'gelu_new' the tanh approximation, 'swish' x·σ(x). */
const functions: Readonly<Record<string, readonly [fn: UnaryFunction, parameters?: readonly number[]]>> = {
  elu: ["elu", [1]],
  selu: ["selu"],
  relu: ["relu"],
  relu6: ["relu6"],
  sigmoid: ["sigmoid"],
  hardSigmoid: ["hardSigmoid"],
  softplus: ["softplus"],
  softsign: ["softsign"],
  tanh: ["tanh"],
  gelu: ["gelu"],
  gelu_new: ["geluTanh"],
  mish: ["mish"],
  swish: ["silu"],
  // tfjs looks classes of layers up in the same table.
  ReLU: ["relu"],
  LeakyReLU: ["leakyRelu", [0.3]],
  ELU: ["elu", [1]],
}
/** The string literal that gives an activation, looked for in the configuration of the call that made the layer. */
export function activationLiteral(ts: typeof TypeScript, node: TypeScript.Node, key: string): TypeScript.Expression | null {
  const argument = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.arguments?.[0] : undefined
  if (argument === undefined || !ts.isObjectLiteralExpression(argument)) return null
  for (const property of argument.properties) {
    if (ts.isPropertyAssignment(property) && ts.isIdentifier(property.name) && property.name.text === key) return property.initializer
  }
  return null
}

/** y = activation(x). `node` is the call that made the layer, for the hover on its string. */
export function applyActivation(
  context: Context,
  x: TensorValue,
  value: Value | undefined,
  layer: string,
  node: TypeScript.Node,
  key = "activation",
): TensorValue {
  const name = value === undefined ? "linear" : stringIn(value)
  if (name === "linear") return x
  const literal = activationLiteral(context.ts, node, key)
  const at = literal !== null && context.ts.isStringLiteralLike(literal) ? literal : node
  const origin = { at, label: `${layer} '${name ?? "?"}'` }
  const softmax = name === "softmax" || name === "logSoftmax"
  if (name === null || (!softmax && !Object.hasOwn(functions, name))) {
    // Some function of x of the same shape: nothing passes it, but what follows can be read.
    const open = name === null && value?.kind === "unknown" && value.tensors.length === 0
    const refused = value !== undefined && /^(function|native|tf|layer)$/.test(value.kind)
    const unread = refused ? "tfjs takes the name of an activation, no function or layer" : "the activation is not a known text"
    const reason = name === null ? unread : `tfjs has no activation '${name}'`
    if (open) {
      const named = value.name === null ? "" : ` '${value.name}'`
      assume(context, `the activation${named} of ${layer} is not known: no law is claimed through it`, { shapes: false })
    } else {
      note(context, `${layer}: ${reason}`, at)
      if (name !== null || refused) tellFault(context, reason, at)
    }
    const op = { kind: "opaque", what: "an activation", reason, ...(open ? { said: true as const } : {}) } as const
    return makeTensor(context, op, [x], origin, shapeOf(context, x))
  }
  const y = softmax
    ? makeTensor(context, { kind: "softmax", axis: shapeOf(context, x).length - 1, log: name === "logSoftmax" }, [x], origin)
    : makeTensor(
        context,
        { kind: "unary", fn: functions[name][0], ...(functions[name][1] === undefined ? {} : { parameters: functions[name][1] }) },
        [x],
        origin,
      )
  if (at === literal) siteAt(context, "activation", place(context, literal), `'${name}'`).tensors.add(y)
  return y
}
