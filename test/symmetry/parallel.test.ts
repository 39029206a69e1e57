/**
 * @file Random networks of weights that read one tensor side by side, tied and turned ones among them, joined by sums, gates, choices, joins and
 * softmaxes: every law that exchanges them is held against exact gradients, at the declared sizes and at larger ones.
 */
import { expect, test } from "vitest"
import type { NodeId } from "../../src/graph/graph"
import type { BinaryFunction } from "../../src/graph/op"
import { seededRandom } from "../../src/verification/random"
import type { Random } from "../../src/verification/random"
import { network } from "../verification/support"
import { auditLaws, grownSize } from "../support/laws"

const draw = (random: Random, many: number): number => Math.floor(random.uniform() * many)
const batch = 4, rows = 3

/** Eight kinds of readers of one tensor, joined up to two deep in nine ways, and seven kinds of outputs. */
const drawNetwork = (random: Random): ReturnType<typeof network> =>
  network(({ builder, input, parameter, einsum, softmax, unary }) => {
    const size = 2 + draw(random, 2), x0 = input([batch, size]), ids = input([batch], "index", rows)
    let count = 0
    const weight = (...shape: number[]): NodeId => parameter(`w${count++}`, shape)
    const binary = (fn: BinaryFunction, a: NodeId, b: NodeId): NodeId => builder.add({ kind: "binary", fn }, [a, b])
    const number = (value: number): NodeId => builder.add({ kind: "constant", value: { kind: "fill", value } }, [], {}, [])
    const turned = (a: NodeId): NodeId => builder.add({ kind: "transpose", permutation: [1, 0] }, [a])
    const concat = (a: NodeId, b: NodeId): NodeId => builder.add({ kind: "concat", axis: 1 }, [a, b])
    const part = (a: NodeId, from: number, width: number): NodeId =>
      builder.add({ kind: "slice", begin: [0, from], strides: [1, 1] }, [a], {}, [batch, width])
    const dense = (a: NodeId, w: NodeId): NodeId => einsum("bi,io->bo", a, w)
    const x = [x0, unary("tanh", x0), softmax(x0), dense(x0, weight(size, size))][draw(random, 4)], tied = [weight(size, size), weight(size, size)]
    const reader = (): NodeId => {
      switch (draw(random, 8)) {
        case 0:
          return einsum("bi,oi->bo", x, random.uniform() < 0.5 ? tied[0] : weight(size, size))
        case 1:
          return binary("multiply", x, weight(size))
        case 2:
          return builder.add({ kind: "gather", axis: 0, batchAxes: 0 }, [weight(rows, size), ids])
        case 3:
          return dense(x, tied[draw(random, 2)])
        case 4:
          return dense(x, turned(tied[1]))
        case 5:
          return binary("add", dense(x, weight(size, size)), weight(size))
        default:
          return dense(x, weight(size, size))
      }
    }
    const join = (depth: number): NodeId => {
      if (depth === 0) return reader()
      const a = join(depth - 1), b = random.uniform() < 0.3 ? a : join(depth - 1)
      switch (draw(random, 9)) {
        case 0:
          return binary("subtract", a, b)
        case 1: {
          const gate = unary("sigmoid", dense(x, weight(size, size)))
          return binary("add", binary("multiply", gate, a), binary("multiply", binary("subtract", number(1), gate), b))
        }
        case 2:
          return binary("maximum", a, b)
        case 3:
          return binary("add", binary("multiply", a, number(2)), binary("multiply", b, number(-0.5)))
        case 4:
          return part(concat(a, b), 1, size)
        case 5: {
          const shares = softmax(dense(x, weight(size, 2)))
          return binary("add", binary("multiply", part(shares, 0, 1), a), binary("multiply", part(shares, 1, 1), b))
        }
        case 6:
          return binary("add", a, dense(b, weight(size, size)))
        default:
          return binary("add", a, b)
      }
    }
    const y = join(1 + draw(random, 2)), z = join(1)
    switch (draw(random, 6)) {
      case 0:
        return y
      case 1:
        return softmax(y)
      case 2:
        return softmax(concat(y, z))
      case 3:
        return builder.add({ kind: "normalize", axes: [1], center: true, measure: "mean", epsilon: 0 }, [concat(y, z)])
      case 4:
        return [unary("tanh", y), softmax(z)]
      default:
        return dense(binary("add", y, z), weight(size, 2))
    }
  })

test("what is exchanged between parallel readers is conserved, and counted once", { timeout: 120_000 }, () => {
  let exchanged = 0
  for (let seed = 1; seed <= 60; seed++) {
    const graph = drawNetwork(seededRandom(seed))
    for (const audit of [auditLaws(graph), auditLaws(graph, 5, grownSize)]) {
      expect(audit.broken, `seed ${seed}`).toEqual([])
      if (audit.discounted === 0) expect(audit.claimed, `seed ${seed}`).toBeLessThanOrEqual(audit.rank)
      exchanged += audit.derived.laws.filter((law) => law.family === "exchange").length
    }
  }
  // The test would say nothing of exchanges if there were none.
  expect(exchanged).toBeGreaterThan(40)
})
