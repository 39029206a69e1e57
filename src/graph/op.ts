/**
 * @file The closed set of operations a traced network is made of: the narrow waist between code that knows TypeScript
 * and code that knows mathematics. Every interpretation (symmetry rules, kernels, printing) is an exhaustive table over it.
 * Operands are listed per kind; tensors are channels-last; axes are counted from 0 and never negative.
 */
import type { Dim } from "../schema/report"

/** Elementwise functions of one real argument. Parameters (`alpha`, bounds) stand in the op's `parameters`, in the order given here. */
export type UnaryFunction =
  | "neg" | "abs" | "sign" | "relu" | "relu6" | "leakyRelu" /* alpha */ | "elu" /* alpha */ | "selu" | "sigmoid" | "hardSigmoid"
  | "logSigmoid" | "tanh" | "softplus" | "softsign" | "gelu" /* exact, erf */ | "geluTanh" | "silu" | "mish" | "hardSwish"
  | "exp" | "expm1" | "log" | "log1p" | "sqrt" | "rsqrt" | "square" | "reciprocal" | "powConstant" /* exponent */
  | "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "asinh" | "acosh" | "atanh" | "erf"
  | "floor" | "ceil" | "round" | "clip" /* low, high */ | "thresholdedRelu" /* theta */ | "reluMax" /* max */
  | "step" /* alpha */ | "isNaN" | "isFinite" | "isInf" | "logicalNot"

/** Elementwise functions of two arguments, broadcasting as in tfjs. */
export type BinaryFunction =
  | "add" | "subtract" | "multiply" | "divide" | "divideNoNan" | "maximum" | "minimum" | "power" | "squaredDifference"
  | "mod" | "floorDivide" | "atan2"
  | "prelu" /* x, alpha */
  | "equal" | "notEqual" | "greater" | "greaterEqual" | "less" | "lessEqual" | "logicalAnd" | "logicalOr" | "logicalXor"

export type ReduceFunction = "sum" | "mean" | "max" | "min" | "prod" | "any" | "all"

/** Padding of convolutions and pools: tfjs "same", "valid", or explicit cells before and after each spatial axis. */
export type Padding = "valid" | "same" | readonly (readonly [number, number])[]

/** What is known of a constant tensor. "unknown": fixed during training, values nobody knows (data, frozen checkpoints). */
export type ConstantValue =
  | { readonly kind: "fill"; readonly value: number }
  | { readonly kind: "data"; readonly values: readonly number[] } // row-major
  | { readonly kind: "range"; readonly start: number; readonly step: number } // one axis
  | { readonly kind: "eye" } // square matrix
  | { readonly kind: "unknown"; readonly why: string }

export type Op =
  // Leaves: no operands.
  /** Data that changes from sample to sample. "index": integers below `range`; "binary": zeros and ones. */
  | { readonly kind: "input"; readonly name: string; readonly domain: "real" | "index" | "binary"; readonly range?: Dim }
  /** `parameter` indexes `graph.parameters`; also for frozen parameters. */
  | { readonly kind: "parameter"; readonly parameter: number }
  | { readonly kind: "constant"; readonly value: ConstantValue }
  /** Fresh noise at every step, independent of the parameters. */
  | { readonly kind: "random"; readonly distribution: "normal" | "uniform" | "bernoulli" }
  // Elementwise.
  | { readonly kind: "unary"; readonly fn: UnaryFunction; readonly parameters?: readonly number[] }
  | { readonly kind: "binary"; readonly fn: BinaryFunction }
  /** select(condition, a, b), broadcasting. */
  | { readonly kind: "select" }
  /** y = x · mask / (1 − rate), a fresh random mask that is shared along `sharedAxes`. */
  | { readonly kind: "dropout"; readonly rate: number; readonly sharedAxes: readonly number[] }
  /** The value passes, the gradient does not. */
  | { readonly kind: "stopGradient" }
  // Contraction.
  /** One or two operands; one letter an axis, no letter twice in an operand: "bti,io->bto". Letters that are not in the output are summed. */
  | { readonly kind: "einsum"; readonly equation: string }
  // Normalizing.
  | { readonly kind: "softmax"; readonly axis: number; readonly log: boolean }
  /** (x − mean)/√(measure((x − mean)²) + ε) over `axes`; without `center` the mean is not taken off. "sum" divides by the length, not the RMS. */
  | {
      readonly kind: "normalize"; readonly axes: readonly number[]; readonly center: boolean
      readonly measure: "mean" | "sum"; readonly epsilon: number
    }
  // Reduction and scans.
  | { readonly kind: "reduce"; readonly fn: ReduceFunction; readonly axes: readonly number[]; readonly keepDims: boolean }
  | { readonly kind: "cumsum"; readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean }
  | { readonly kind: "argExtreme"; readonly fn: "max" | "min"; readonly axis: number }
  /** The k largest along the last axis, sorted; the gradient passes to the selected values, indices have none. */
  | { readonly kind: "topK"; readonly k: number; readonly output: "values" | "indices" }
  // Shape. The target shape is the node's shape.
  | { readonly kind: "reshape" }
  /** Output axis i is input axis permutation[i]. */
  | { readonly kind: "transpose"; readonly permutation: readonly number[] }
  /** Elements begin, begin + stride, … ; the extent is the node's shape. */
  | { readonly kind: "slice"; readonly begin: readonly Dim[]; readonly strides: readonly number[] }
  | { readonly kind: "concat"; readonly axis: number }
  | {
      readonly kind: "pad"; readonly before: readonly Dim[]; readonly after: readonly Dim[]
      readonly mode: "constant" | "reflect" | "symmetric"; readonly value: number
    }
  | { readonly kind: "tile"; readonly repeats: readonly Dim[] }
  /** Stretches axes of size 1 (missing leading axes too) to the node's shape. */
  | { readonly kind: "broadcast" }
  | { readonly kind: "reverse"; readonly axes: readonly number[] }
  /** gather(x, indices): axis `axis` of x is replaced by the axes of indices; the first `batchAxes` axes are shared. */
  | { readonly kind: "gather"; readonly axis: number; readonly batchAxes: number }
  /** Integer tensor to 0/1 along a new last axis. */
  | { readonly kind: "oneHot"; readonly depth: Dim }
  /** Keeps the band of the last two axes: `lower` sub- and `upper` super-diagonals; −1 keeps all. */
  | { readonly kind: "bandPart"; readonly lower: number; readonly upper: number }
  /** Repeats every cell of the spatial axes 1… `factors` times (nearest-neighbour upsampling). */
  | { readonly kind: "upsample"; readonly factors: readonly number[] }
  // Convolution. x [batch, …spatial, in], kernel [...spatial, in, out], transposed ones too;
  // depthwise kernel [...spatial, in, multiplier] -> in·multiplier channels.
  | {
      readonly kind: "convolve"; readonly variant: "standard" | "depthwise" | "transposed"
      readonly strides: readonly number[]; readonly dilations: readonly number[]; readonly padding: Padding
    }
  /** Over the spatial axes 1…; average pools do not count padded cells. */
  | {
      readonly kind: "pool"; readonly fn: "max" | "average"; readonly window: readonly number[]; readonly strides: readonly number[]
      readonly padding: Padding
    }
  /**
   * Code the tracer cannot read: any function of its operands. No symmetry passes it. `said`: it was followed as far as it matters, and the model's
   * assumptions tell, so that it is not listed as unsupported.
   */
  | { readonly kind: "opaque"; readonly what: string; readonly reason: string; readonly said?: true }

export type OpKind = Op["kind"]
export type OpOf<K extends OpKind> = Extract<Op, { readonly kind: K }>
