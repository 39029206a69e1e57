/** @file tf.fused.*: a product or convolution with a bias and an activation in one call, its arguments in a record. */
import type { OpCall, OpEmitter } from "./call"
import type { TensorValue, Value } from "../value"
import type { UnaryFunction } from "../../graph/op"
import { binary, tensorAt, unary } from "./call"
import { isNullish, numberIn, primitive, stringIn, undefinedValue } from "../value"
import { linearOps } from "./linear"
import { Unreadable } from "../context"

const activations: Readonly<Record<string, readonly [fn: UnaryFunction, parameters?: readonly number[]]>> = {
  relu: ["relu"],
  relu6: ["relu6"],
  elu: ["elu", [1]],
  sigmoid: ["sigmoid"],
}

/** `positional`: the fields that the plain op takes, in its order. */
function fused(op: string, positional: readonly string[]): OpEmitter {
  return (call) => {
    const [config] = call.args
    if (config?.kind !== "object") throw new Unreadable(`${call.name}: the record of arguments is not known`)
    const field = (key: string): Value | undefined => {
      const value = config.fields.get(key)
      return value === undefined || isNullish(value) ? undefined : value
    }
    const y = linearOps[op]({ ...call, args: positional.map((key) => field(key) ?? undefinedValue) }) as TensorValue
    const bias = field("bias")
    return activated(call, bias === undefined ? y : binary(call, "add", y, tensorAt({ ...call, args: [bias] }, 0)), field)
  }
}

function activated(call: OpCall, y: TensorValue, field: (key: string) => Value | undefined): TensorValue {
  const given = field("activation"),
    name = given === undefined ? "linear" : stringIn(given)
  if (name === "linear") return y
  if (name === "leakyrelu") return unary(call, "leakyRelu", y, [numberIn(field("leakyreluAlpha") ?? primitive(0.2)) ?? 0.2])
  if (name === "prelu") return binary(call, "prelu", y, tensorAt({ ...call, args: [field("preluActivationWeights") ?? undefinedValue] }, 0))
  if (name === null || !Object.hasOwn(activations, name)) throw new Unreadable(`${call.name}: the activation ${name ?? ""} is not read`)
  return unary(call, ...([activations[name][0], y, activations[name][1]] as const))
}

export const fusedOps: Readonly<Record<string, OpEmitter>> = {
  "fused.matMul": fused("matMul", ["a", "b", "transposeA", "transposeB"]),
  "fused.conv2d": fused("conv2d", ["x", "filter", "strides", "pad", "dataFormat", "dilations"]),
  "fused.depthwiseConv2d": fused("depthwiseConv2d", ["x", "filter", "strides", "pad", "dataFormat", "dilations"]),
}
