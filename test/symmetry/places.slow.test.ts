/**
 * @file Random networks whose weights are read at different places of one axis: kernels over paddings of another width, kernels and tables joined of
 * parts, copies, means and sums over joined axes, shares of softmaxes. Little of it may be exchanged, and what looks alike seldom is.
 */
import { expect, test } from "vitest"
import type { NodeId } from "../../src/graph/graph"
import type { BinaryFunction } from "../../src/graph/op"
import { seededRandom } from "../../src/verification/random"
import type { Random } from "../../src/verification/random"
import { auditLaws, grownSize } from "../support/laws"
import { network } from "../verification/support"

const batch = 3

const drawNetwork = (random: Random) =>
  network(({ builder, input, parameter, unary }) => {
    const draw = (n: number): number => Math.floor(random.uniform() * n)
    const length = 5 + draw(2), width = 2 + draw(2)
    let weights = 0
    const weight = (...shape: number[]): NodeId => parameter(`w${weights++}`, shape)
    const x = input([batch, length, width]), ids = input([batch, length], "index", 4)
    const binary = (fn: BinaryFunction, a: NodeId, b: NodeId): NodeId => builder.add({ kind: "binary", fn }, [a, b])
    const number = (value: number): NodeId => builder.add({ kind: "constant", value: { kind: "fill", value } }, [], {}, [])
    const concat = (axis: number, ...parts: NodeId[]): NodeId => builder.add({ kind: "concat", axis }, parts)
    const part = (a: NodeId, from: number, size: number): NodeId =>
      builder.add({ kind: "slice", begin: [0, from, 0], strides: [1, 1, 1] }, [a], {}, [batch, size, width])
    const pad = (a: NodeId, before: number, after: number): NodeId =>
      builder.add({ kind: "pad", before: [0, before, 0], after: [0, after, 0], mode: "constant", value: 0 }, [a])
    const convolve = (a: NodeId, kernel: NodeId, padding: "same" | "valid", dilation = 1): NodeId =>
      builder.add({ kind: "convolve", variant: "standard", strides: [1], dilations: [dilation], padding }, [a, kernel])

    const kernels = new Map<number, NodeId[]>()
    const kernel = (size: number): NodeId => {
      const known = kernels.get(size) ?? []
      kernels.set(size, known)
      if (known.length > 0 && draw(3) === 0) return known[draw(known.length)]
      const own = 1 + draw(Math.max(1, size - 1))
      const made =
        size > 1 && draw(4) === 0
          ? concat(0, weight(own, width, width), kernels.get(size - own)?.[0] ?? weight(size - own, width, width))
          : weight(size, width, width)
      known.push(made)
      return made
    }
    const tables = new Map<number, NodeId>()
    const table = (): NodeId => {
      if (draw(2) === 0) return weight(4, width)
      const rows = 1 + draw(3), shared = tables.get(4 - rows) ?? weight(4 - rows, width)
      tables.set(4 - rows, shared)
      return draw(2) === 0 ? concat(0, weight(rows, width), shared) : concat(0, shared, weight(rows, width))
    }
    // [batch, length, width] each.
    const leaf = (): NodeId => {
      switch (draw(9)) {
        case 0:
        case 1:
          return convolve(x, kernel(1 + draw(4)), "same", 1 + draw(2))
        case 2:
        case 3: {
          const size = 2 + draw(3), before = draw(size)
          return convolve(pad(x, before, size - 1 - before), kernel(size), "valid")
        }
        case 4:
          return builder.add({ kind: "gather", axis: 0, batchAxes: 0 }, [table(), ids])
        case 5:
          return part(convolve(pad(x, draw(3), 3), kernel(2), "valid"), draw(3), length)
        case 6:
          return binary("add", convolve(x, kernel(1), "same"), weight(width))
        case 7: {
          const gains = concat(1, part(binary("multiply", x, weight(width)), 0, 2), part(binary("multiply", x, weight(width)), 2, length - 2))
          const pooled = builder.add({ kind: "reduce", fn: draw(2) === 0 ? "sum" : "mean", axes: [1], keepDims: true }, [gains])
          return binary("add", pooled, convolve(x, kernel(1), "same"))
        }
        default: {
          const at = draw(2) === 0 ? 2 : length - 2
          return convolve(concat(1, part(x, at, length - at), part(x, 0, at)), kernel(2 + draw(2)), "same")
        }
      }
    }
    const shares = (): readonly [NodeId, NodeId] => {
      const logits = draw(2) === 0 ? part(leaf(), 0, 2) : concat(1, part(leaf(), 0, 1), part(leaf(), 1, 1))
      const softmax = builder.add({ kind: "softmax", axis: 1, log: false }, [logits])
      if (draw(2) === 0) return [part(softmax, 0, 1), part(softmax, 1, 1)]
      return [part(concat(1, softmax, softmax), 0, 1), part(concat(1, softmax, softmax), 1 + draw(3), 1)]
    }
    const join = (depth: number): NodeId => {
      if (depth === 0) return leaf()
      const a = join(depth - 1), b = draw(4) === 0 ? a : join(depth - 1)
      switch (draw(11)) {
        case 0:
          return binary("subtract", a, b)
        case 1:
          return binary("add", binary("multiply", a, number(2)), b)
        case 2:
          return binary("maximum", a, b)
        case 3:
          return builder.add({ kind: "pool", fn: draw(2) === 0 ? "max" : "average", window: [3], strides: [1], padding: "valid" }, [pad(a, 1, 1)])
        case 4: {
          const gate = unary("sigmoid", leaf())
          return binary("add", binary("multiply", gate, a), binary("multiply", binary("subtract", number(1), gate), b))
        }
        case 5: {
          const [first, second] = shares()
          return binary("add", binary("multiply", first, a), binary("multiply", second, b))
        }
        case 6:
          return convolve(unary("relu", a), kernel(1 + draw(3)), "same")
        case 7:
          return builder.add({ kind: "reverse", axes: [1] }, [a])
        default:
          return binary("add", a, b)
      }
    }
    const y = join(1 + draw(2))
    switch (draw(5)) {
      case 0:
        return builder.add({ kind: "softmax", axis: 2, log: false }, [y])
      case 1:
        return builder.add({ kind: "softmax", axis: 1, log: false }, [concat(1, y, join(1))])
      case 2:
        return builder.add({ kind: "normalize", axes: [1, 2], center: true, measure: "mean", epsilon: 0 }, [y])
      default:
        return y
    }
  })

const first = 1, many = Number(process.env.NETWORKS ?? 150)

test(`what is claimed of weights at different places is conserved, and counted once (seeds ${first}–${many})`, { timeout: 600_000 }, () => {
  let claimed = 0
  for (let seed = first; seed <= many; seed++) {
    const graph = drawNetwork(seededRandom(seed))
    for (const audit of [auditLaws(graph), auditLaws(graph, 5, grownSize)]) {
      expect(audit.broken, `seed ${seed}`).toEqual([])
      if (audit.discounted === 0) expect(audit.claimed, `seed ${seed}`).toBeLessThanOrEqual(audit.rank)
      claimed += audit.claimed
    }
  }
  // The test would say nothing if nothing were claimed.
  expect(claimed).toBeGreaterThan(2 * many)
})
