/** @file Equal blocks and steps that are left out of a replica: what stays, which law stands for which, and that wrong laws are caught. */
import { describe, expect, test } from "vitest"
import type { Graph, NodeId } from "../../src/graph/graph"
import type { Overrides } from "../../src/verification/setting"
import type { GenericLaw, VerificationTask } from "../../src/verification/task"
import { shrinkDepth, type ShallowNetwork } from "../../src/verification/depth"
import { verify } from "../../src/verification/verify"
import { balanceOfBlock, named, network, residualBlock, task, type Shorthands } from "./support"

/** Residual blocks x + relu(x·in_k)·out_k of their own weights, read by a head; `bend` changes one of them. */
const tower = (count: number, bend: (n: Shorthands, x: NodeId, k: number) => NodeId = (_, x) => x): Graph =>
  network((n) => {
    let x = n.einsum("ni,id->nd", n.input([6, 4]), n.parameter("start", [4, 3]))
    for (let k = 0; k < count; k++) {
      x = residualBlock(n, x, k, (read) => bend(n, read, k))
    }
    return n.einsum("nd,do->no", x, n.parameter("head", [3, 2]))
  })

const whole = (graph: Graph, laws: readonly GenericLaw[]): ShallowNetwork => ({ graph, laws, standing: laws.map((_, k) => k), shortened: [] })
const shrink = (graph: Graph, laws: readonly GenericLaw[], kept?: number): ShallowNetwork => shrinkDepth(graph, [], whole(graph, laws), kept)
const balances = (count: number): GenericLaw[] => Array.from({ length: count }, (_, k) => balanceOfBlock(k))
const run = async (of: VerificationTask, overrides: Overrides = {}) => (await verify(of, overrides)).verification

describe("blocks", () => {
  test("twelve equal ones run as two, the first and the last; one law stands for that of every block between", () => {
    const { graph, laws, standing, shortened } = shrink(tower(12), balances(12))
    expect(shortened).toEqual([{ what: "blocks/{0…11}", declared: 12, kept: 2 }])
    expect(graph.parameters.map((p) => p.id)).toEqual(["start", "blocks/0/in", "blocks/0/out", "blocks/11/in", "blocks/11/out", "head"])
    expect(laws.map((law) => law.parameters[0])).toEqual(["blocks/0/in", "blocks/11/in"])
    expect(standing.slice(1, 11).every((k) => k === 0)).toBe(true)
  })

  test("each law has its verdict, and all rates are measured with all blocks", async () => {
    const { verdict, laws, depth, completeness } = await run(task(tower(12), balances(12)))
    expect(verdict).toBe("conserved")
    expect(laws.map((law) => law.law)).toEqual(balances(12).map((law) => law.id))
    expect(depth).toEqual({ repeats: [{ what: "blocks/{0…11}", declared: 12, kept: 2 }], ratesOfAll: true })
    expect(completeness?.parameters).toBe(12 + 6 + 2 * 24)
  })

  test("as many stay as are asked for", async () => {
    expect(shrink(tower(12), balances(12), 5).shortened[0]?.kept).toBe(5)
    expect((await run(task(tower(6), balances(6)), { depth: 6 })).depth).toBeUndefined()
  })

  test("a law between neighbors needs three: the first pair and the last differ", () => {
    const between = (k: number): GenericLaw => ({
      ...balanceOfBlock(k),
      parameters: [`blocks/${k}/in`, `blocks/${k + 1}/out`],
      terms: [
        { coefficient: 1, einsum: "ai,ai->i", operands: [{ parameter: `blocks/${k}/in` }, { parameter: `blocks/${k}/in` }] },
        { coefficient: -1, einsum: "ia,ia->i", operands: [{ parameter: `blocks/${k + 1}/out` }, { parameter: `blocks/${k + 1}/out` }] },
      ],
    })
    const { laws, shortened } = shrink(
      tower(12),
      Array.from({ length: 11 }, (_, k) => between(k)),
    )
    expect(shortened[0]?.kept).toBe(3)
    expect(laws.map((law) => law.parameters)).toEqual([
      ["blocks/0/in", "blocks/1/out"],
      ["blocks/1/in", "blocks/11/out"],
    ])
  })

  test("a law about all blocks keeps the terms of those that stay", () => {
    const ids = ["start", ...Array.from({ length: 12 }, (_, k) => `blocks/${k}/out`)]
    const joint: GenericLaw = {
      ...named("norm", "quadratic", ids),
      entries: "all",
      quantities: 1,
      index: [],
      terms: ids.map((id) => ({ coefficient: 1, einsum: "ab,ab->", operands: [{ parameter: id }, { parameter: id }] })),
    }
    const { laws, shortened } = shrink(tower(12), [joint])
    expect(shortened[0]?.kept).toBe(2)
    expect(laws[0].parameters).toEqual(["start", "blocks/0/out", "blocks/11/out"])
  })

  test("blocks that are not alike stay: other functions, other widths, weights that another part reads", () => {
    const other = tower(6, (n, x, k) => (k % 2 === 0 ? x : n.unary("tanh", x)))
    expect(shrink(other, []).shortened.every(({ declared }) => declared === 3)).toBe(true)
    expect(
      shrink(
        tower(3, (n, x, k) => (k === 1 ? n.unary("tanh", x) : x)),
        [],
      ).shortened,
    ).toEqual([])
    const tied = network((n) => {
      const w = Array.from({ length: 8 }, (_, k) => n.parameter(`w${k}`, [3, 3]))
      let x = n.input([6, 3])
      for (const own of w) x = n.unary("tanh", n.einsum("nd,de->ne", x, own))
      return n.einsum("nd,de->ne", x, w[3])
    })
    expect(shrink(tied, []).shortened).toEqual([])
  })
})

describe("wrong laws", () => {
  test("of every block are violated with few blocks already", async () => {
    const wrong = Array.from({ length: 12 }, (_, k) => balanceOfBlock(k, 1)),
      { graph, laws, shortened } = shrink(tower(12), wrong)
    expect(shortened).toHaveLength(1)
    expect((await run(task(graph, laws), { depth: 100 })).laws.map((law) => law.verdict)).toEqual(["violated", "violated"])
    expect((await run(task(tower(12), wrong))).laws.every((law) => law.verdict === "violated")).toBe(true)
  })

  test("of one block alone are violated alone", async () => {
    const { laws } = await run(
      task(
        tower(12),
        balances(12).map((law, k) => (k === 7 ? balanceOfBlock(7, 1) : law)),
      ),
    )
    expect(laws.map((law) => law.verdict)).toEqual(laws.map((_, k) => (k === 7 ? "violated" : "conserved")))
  })
})

describe("steps", () => {
  /** A recurrence over slices of a sequence, optionally beside a table of positions, and all states or the last one as output. */
  const recurrence = (count: number, { table = false, all = false } = {}): Graph =>
    network((n) => {
      const slice = (x: NodeId, t: number): NodeId =>
        n.builder.add({ kind: "reshape" }, [n.builder.add({ kind: "slice", begin: [0, t, 0], strides: [1, 1, 1] }, [x], {}, [6, 1, 4])], {}, [6, 4])
      const x = n.input([6, count, 4]),
        sequence = table ? n.add(x, n.parameter("positions", [count, 4])) : x
      let h = n.unary("relu", n.einsum("ni,ih->nh", slice(sequence, 0), n.parameter("start", [4, 3])))
      const w = n.parameter("w", [4, 3]),
        u = n.parameter("u", [3, 3]),
        o = n.parameter("o", [3, 2]),
        outputs: NodeId[] = []
      for (let t = 1; t < count; t++) {
        h = n.unary("relu", n.add(n.einsum("ni,ih->nh", slice(sequence, t), w), n.einsum("nh,hk->nk", h, u)))
        outputs.push(n.builder.add({ kind: "reshape" }, [n.einsum("nh,ho->no", h, o)], {}, [6, 1, 2]))
      }
      return all ? n.builder.add({ kind: "concat", axis: 1 }, outputs) : outputs[outputs.length - 1]
    })

  test("twenty-four run as three, whether the last or all are read", () => {
    for (const all of [false, true]) {
      const { graph, shortened } = shrink(recurrence(24, { all }), [])
      expect(shortened.map(({ declared, kept }) => [declared, kept])).toEqual([[24, 3]])
      expect(graph.nodes.filter((node) => node.op.kind === "unary")).toHaveLength(3)
    }
  })

  test("stay where a table has a row for each: rows without use would have laws of their own", () => {
    expect(shrink(recurrence(24, { table: true }), []).shortened).toEqual([])
  })

  test("all stay where a law counts them", async () => {
    const power = network((n) => {
      const w = n.parameter("w", [3, 3])
      let x = n.input([6, 3])
      for (let k = 0; k < 6; k++) x = n.unary("relu", n.einsum("nd,de->ne", x, w))
      return n.einsum("nd,do->no", x, n.parameter("o", [3, 20]))
    })
    const counted = (uses: number): GenericLaw => ({
      ...named("norm", "quadratic", ["w", "o"]),
      entries: "all",
      quantities: 1,
      index: [],
      terms: [
        { coefficient: 1, einsum: "ab,ab->", operands: [{ parameter: "w" }, { parameter: "w" }] },
        { coefficient: -uses, einsum: "ab,ab->", operands: [{ parameter: "o" }, { parameter: "o" }] },
      ],
    })
    expect(shrink(power, [counted(6)]).shortened).toHaveLength(1)
    const right = await run(task(power, [counted(6)]))
    expect(right.verdict).toBe("conserved")
    expect(right.depth).toBeUndefined()
    // A law of three steps, claimed of six, holds with few and is caught with all.
    expect((await run(task(power, [counted(3)]))).verdict).toBe("violated")
  })
})
