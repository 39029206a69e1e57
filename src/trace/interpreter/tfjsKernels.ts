/**
 * @file tfjs's own kernels by name, for code that runs them through tf.engine(): each is what one op of the table runs, with tfjs's own gradient.
 * Those that nobody runs by hand are left out.
 */
import type { Value } from "../value"
import { undefinedValue } from "../value"

/** An op with the names of its arguments among the kernel's inputs and attributes, in the op's order. */
interface KernelOp {
  readonly op: string
  readonly inputs: readonly string[]
  readonly attributes: readonly string[]
}

const of = (op: string, inputs: readonly string[], attributes: readonly string[] = []): KernelOp => ({ op, inputs, attributes })
const oneInput = (...ops: readonly string[]): readonly [string, KernelOp][] =>
  ops.map((op) => [op.charAt(0).toUpperCase() + op.slice(1), of(op, ["x"])])
const twoInputs = (...rows: readonly (readonly [kernel: string, op: string])[]): readonly [string, KernelOp][] =>
  rows.map(([kernel, op]) => [kernel, of(op, ["a", "b"])])

/** Kernels of tfjs 4.22 under the names of kernel_names.ts. */
export const tfjsKernels: ReadonlyMap<string, KernelOp> = new Map<string, KernelOp>([
  ...oneInput("abs", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "sin", "cos", "tan", "tanh", "sigmoid", "softplus", "relu", "relu6",
    "elu", "selu", "erf", "neg", "reciprocal", "sign", "floor", "ceil", "round"),
  ...twoInputs(["Add", "add"], ["Sub", "sub"], ["Multiply", "mul"], ["RealDiv", "div"], ["Pow", "pow"], ["Maximum", "maximum"],
    ["Minimum", "minimum"], ["SquaredDifference", "squaredDifference"]),
  ["BatchMatMul", of("matMul", ["a", "b"], ["transposeA", "transposeB"])],
  ["Softmax", of("softmax", ["logits"], ["dim"])],
  ["LeakyRelu", of("leakyRelu", ["x"], ["alpha"])],
  ["Prelu", of("prelu", ["x", "alpha"])],
  ["ClipByValue", of("clipByValue", ["x"], ["clipValueMin", "clipValueMax"])],
  ["Sum", of("sum", ["x"], ["axis", "keepDims"])],
  ["Mean", of("mean", ["x"], ["axis", "keepDims"])],
  ["Max", of("max", ["x"], ["reductionIndices", "keepDims"])],
  ["Min", of("min", ["x"], ["axis", "keepDims"])],
  ["Cumsum", of("cumsum", ["x"], ["axis", "exclusive", "reverse"])],
  ["Reshape", of("reshape", ["x"], ["shape"])],
  ["Transpose", of("transpose", ["x"], ["perm"])],
  ["ExpandDims", of("expandDims", ["input"], ["dim"])],
  ["Slice", of("slice", ["x"], ["begin", "size"])],
  ["Tile", of("tile", ["x"], ["reps"])],
  ["GatherV2", of("gather", ["x", "indices"], ["axis", "batchDims"])],
  ["Cast", of("cast", ["x"], ["dtype"])],
  ["PadV2", of("pad", ["x"], ["paddings", "constantValue"])],
])

/** The arguments of the op that a kernel call stands for; null where an input is missing. */
export function opArguments({ inputs, attributes }: KernelOp, given: Value, attrs: Value | undefined): readonly Value[] | null {
  if (given.kind !== "object") return null
  const values = inputs.map((key) => given.fields.get(key))
  if (values.some((value) => value === undefined)) return null
  const options = attributes.map((key) => (attrs?.kind === "object" ? attrs.fields.get(key) : undefined) ?? undefinedValue)
  return [...values.map((value) => value ?? undefinedValue), ...options]
}
