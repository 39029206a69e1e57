/** @file Certificates of small networks, from the graph to the verdict: laws derived, compiled, and counted against the Lie algebra's dimension. */
import type { Graph } from "../../src/graph/graph"
import { generalize } from "../../src/axes/generalize"
import { GraphBuilder } from "../../src/graph/build"
import { deriveLaws } from "../../src/laws/derive"
import { certifyCompleteness } from "../../src/verification/certificate"
import { instantiate } from "../../src/verification/instantiate"
import { compileLaw } from "../../src/verification/laws"
import { compilePlan } from "../../src/verification/plan"
import { seededRandom } from "../../src/verification/random"

export interface SmallNet {
  readonly activation: "linear" | "relu"
  readonly widths: readonly number[]
  readonly bias: boolean
}

const net = (activation: SmallNet["activation"], widths: readonly number[], bias = false): SmallNet => ({ activation, widths, bias })

/** The networks that the authors of the criterion time their Sage program on. */
export const eleven: readonly SmallNet[] = [
  net("linear", [3, 2, 3]), net("linear", [2, 3, 2]), net("linear", [3, 3, 3]), net("linear", [3, 4, 3]), net("linear", [4, 3, 2, 3]),
  net("linear", [4, 5, 4]),
  net("relu", [2, 3, 2]), net("relu", [3, 3, 3]), net("relu", [3, 3, 3], true), net("relu", [3, 4, 4, 2]), net("relu", [5, 6, 4], true),
]

/** Fifty linear nets and fifty ReLU nets, two to four layers deep, widths 2–5 and 2–9. */
export function randomNets(seed: number): readonly SmallNet[] {
  const random = seededRandom(seed)
  return Array.from({ length: 100 }, (_, k) => {
    const relu = k >= 50
    const widths = Array.from({ length: 3 + random.integer(3) }, () => 2 + random.integer(relu ? 8 : 4))
    return net(relu ? "relu" : "linear", widths)
  })
}

const start = { line: 1, column: 1 }

function graphOf({ activation, widths, bias }: SmallNet): Graph {
  const builder = new GraphBuilder(),
    parameter = (id: string, shape: readonly number[]): number =>
      builder.parameterNode(builder.addParameter({ id, shape, trainable: true, start, end: start }))
  let x = builder.input("x", [1, widths[0]], "real")
  for (let k = 1; k < widths.length; k++) {
    x = builder.add({ kind: "einsum", equation: "ni,io->no" }, [x, parameter(`W${k}`, [widths[k - 1], widths[k]])])
    if (bias) x = builder.add({ kind: "binary", fn: "add" }, [x, parameter(`b${k}`, [widths[k]])])
    if (activation === "relu" && k < widths.length - 1) x = builder.add({ kind: "unary", fn: "relu" }, [x])
  }
  return builder.finish([x])
}

export interface Certified {
  readonly milliseconds: number
  readonly complete: boolean
  readonly parameters: number
  readonly laws: number
  readonly possible: number
}

export function certifyNet(small: SmallNet): Certified {
  const began = performance.now(),
    derived = deriveLaws(generalize(graphOf(small))),
    sizes = Object.fromEntries(derived.sizes.map((s) => [s.name, Number(s.declared)])),
    plan = compilePlan(instantiate(derived.graph, sizes)),
    laws = derived.laws.filter((l) => l.exactness === "exact").map((l) => compileLaw({ ...l, formula: "", latex: "" }, plan.slots, sizes)),
    found = certifyCompleteness(plan, laws, seededRandom(1))
  if (found === null) throw new Error(`certificate: none for widths ${small.widths.join(", ")}`)
  const { complete, parameters, derived: count, possible } = found
  return { milliseconds: performance.now() - began, complete, parameters, laws: count, possible }
}
