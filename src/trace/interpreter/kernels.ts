/**
 * @file Kernels run through tf.engine(). Those that the analyzed code registers itself are followed for what they compute; their gradients are
 * registered apart, so that no law is claimed through them. tfjs's own are the ops that run them.
 */
import type * as TypeScript from "typescript"
import type { Context, State } from "../context"
import type { TensorValue, Value } from "../value"
import { assume } from "../context"
import { callOp } from "../ops/table"
import { isNullish, native, objectOf, stringIn, tensorsIn, undefinedValue, unknown } from "../value"
import { makeTensor, shapeArgument, shapeOf } from "../tensor"
import { rememberForward } from "./readings"
import { opArguments, tfjsKernels } from "./tfjsKernels"

/** Functions by kernel name, for one trace. */
const registered = new WeakMap<State, Map<string, Value>>()

/** tf.registerKernel({ kernelName, backendName, kernelFunc }): the one for the plain JavaScript backend counts where there are several. */
export function registerKernel(context: Context, config: Value | undefined): void {
  if (config?.kind !== "object") return
  const read = (key: string): string | null => {
    const value = config.fields.get(key)
    return value === undefined ? null : stringIn(value)
  }
  const name = read("kernelName"),
    run = config.fields.get("kernelFunc"),
    kernels = registered.get(context.state) ?? new Map<string, Value>()
  registered.set(context.state, kernels)
  if (name !== null && run !== undefined && (!kernels.has(name) || read("backendName") === "cpu")) kernels.set(name, run)
}

/** Kernels whose gradient the code registers itself. */
const ownGradients = new WeakMap<State, Set<string>>()

/** tf.registerGradient({ kernelName, gradFunc }): what it computes is not read. */
export function registerGradient(context: Context, config: Value | undefined): void {
  const name = config?.kind === "object" ? config.fields.get("kernelName") : undefined, text = name === undefined ? null : stringIn(name)
  const names = ownGradients.get(context.state) ?? new Set<string>()
  ownGradients.set(context.state, names)
  if (text !== null) names.add(text)
}

/** A kernel of tfjs as the op that runs it; null where it is none that is read. */
function runOfTfjs(context: Context, name: string, given: Value, attrs: Value | undefined, at: TypeScript.Node): Value | null {
  const known = tfjsKernels.get(name), args = known === undefined ? null : opArguments(known, given, attrs)
  if (known === undefined || args === null) return null
  const made = callOp(context, known.op, args, at)
  return ownGradients.get(context.state)?.has(name) === true ? ownGradient(context, made, tensorsIn([given]), name, at) : made
}

/** What a kernel is handed to run programs of the graphics card with: nothing is known of what they compute but the shape of their output. */
function graphicsBackend(context: Context): Value {
  const run = native("runProgram", ([program, inputs], at) => {
    const shape = program === undefined ? undefinedValue : context.get(context, program, "outputShape", at)
    const operands = tensorsIn([inputs ?? undefinedValue])
    if (shape.kind !== "array") return unknown("a program of the graphics card", null, operands)
    assume(context, "what a program of the graphics card computes is not read: no law is claimed through it")
    const op = { kind: "opaque", what: "a program of the graphics card", reason: "its code is text for another language", said: true } as const
    return makeTensor(context, op, operands, { at, label: "a program" }, shapeArgument(context, shape))
  })
  return objectOf([
    ...["runWebGLProgram", "runWebGPUProgram", "compileAndRun"].map((name): [string, Value] => [name, run]),
    ["\u0000rest", unknown("a backend")],
  ])
}

/** tf.engine(): runs kernels; whatever else it has is not read. */
export function engineValue(context: Context): Value {
  const runKernel = native("runKernel", ([kernel, inputs, attrs], at) => {
    const name = kernel === undefined ? null : stringIn(kernel),
      run = name === null ? undefined : registered.get(context.state)?.get(name)
    const given = inputs === undefined || isNullish(inputs) ? objectOf() : inputs
    if (name === null || run === undefined) {
      const unread = unknown(`the kernel ${name ?? ""} is not among the files read`)
      return (name === null ? null : runOfTfjs(context, name, given, attrs, at)) ?? context.call(context, unread, undefinedValue, [given], at)
    }
    const made = context.call(
      context,
      run,
      undefinedValue,
      [
        objectOf([
          ["inputs", given],
          ["attrs", attrs ?? objectOf()],
          ["backend", graphicsBackend(context)],
        ]),
      ],
      at,
    )
    return ownGradient(context, made, tensorsIn([given]), name, at)
  })
  return objectOf([
    ["runKernel", runKernel],
    ["\u0000rest", unknown("tf.engine() is not read")],
  ])
}

/** The results as functions of the inputs through which no law passes. */
function ownGradient(context: Context, made: Value, inputs: readonly TensorValue[], name: string, at: TypeScript.Node): Value {
  if (made.kind === "array") return { ...made, items: made.items.map((item) => ownGradient(context, item, inputs, name, at)) }
  if (made.kind !== "tensor") return made
  assume(context, `the kernel ${name} is read for its value: no law is claimed through its gradient, which is registered apart`)
  const op = { kind: "opaque", what: `the kernel ${name}`, reason: "its gradient is registered apart", said: true } as const
  const result = makeTensor(context, op, inputs, { at, label: name, dtype: made.dtype }, shapeOf(context, made))
  rememberForward(result, made)
  return result
}
