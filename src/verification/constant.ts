/** @file The numbers a constant stands for. */
import type { ConstantValue } from "../graph/op"
import { sizeOf } from "./kernels/kernel"

/** @throws when the values do not fill the shape. */
export function constantValues(value: Exclude<ConstantValue, { kind: "unknown" }>, shape: readonly number[]): Float64Array {
  const n = sizeOf(shape),
    out = new Float64Array(n)
  switch (value.kind) {
    case "fill":
      return out.fill(value.value)
    case "data":
      if (value.values.length !== n) throw new Error(`constant: expected ${n} values for [${shape.join(", ")}], found ${value.values.length}`)
      return Float64Array.from(value.values)
    case "range":
      return out.map((_, i) => value.start + i * value.step)
    case "eye": {
      // Batches of identities, too: ones where the last two indices agree.
      const columns = shape[shape.length - 1],
        rows = shape[shape.length - 2] ?? 1
      return out.map((_, i) => (Math.floor(i / columns) % rows === i % columns ? 1 : 0))
    }
  }
}
