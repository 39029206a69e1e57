/**
 * @file Lowers contractions: einsum and sums of products, one contraction for every combination of segments of the summed axes.
 */
import { segmentsOf } from "../axes/tree"
import type { AxisTree, Segment } from "../axes/tree"
import type { Node, NodeId } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, broadcastBlock, eachChoice, startsOf } from "./blocks"
import type { Block, Lowering } from "./lowering"
import { contract, sumBlocks } from "./lowerSum"
import type { Use } from "./program"

interface Letters {
  readonly operands: readonly string[]
  readonly output: string
}

/** Sums the blocks of every combination of segments of the summed letters. */
export function lowerEinsum(lowering: Lowering, node: Node, op: OpOf<"einsum">): Blocks {
  const [inputs, output] = op.equation.split("->")
  const letters: Letters = { operands: inputs.split(","), output }
  const trees = new Map<string, AxisTree>()
  ;[...output].forEach((letter, i) => trees.set(letter, lowering.tree(node.id, i)))
  letters.operands.forEach((own, k) =>
    [...own].forEach((letter, i) => {
      const tree = lowering.tree(node.operands[k], i)
      if (!output.includes(letter) && (!trees.has(letter) || trees.get(letter)!.kind === "unit")) trees.set(letter, tree)
    }),
  )
  const summed = [...trees.keys()].filter((letter) => !output.includes(letter))
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    let combinations: ReadonlyMap<string, Segment>[] = [new Map([...output].map((letter, i) => [letter, choice[i]]))]
    for (const letter of summed) combinations = combinations.flatMap((c) => segmentsOf(trees.get(letter)!).map((s) => new Map([...c, [letter, s]])))
    const parts = combinations.map((segments) => contractBlocks(lowering, node, letters, trees, segments, atoms, starts)).filter((b) => b !== null)
    return sumBlocks(lowering, node.id, parts, atoms)
  })
}

function contractBlocks(
  lowering: Lowering,
  node: Node,
  letters: Letters,
  trees: ReadonlyMap<string, AxisTree>,
  segments: ReadonlyMap<string, Segment>,
  atoms: readonly string[],
  starts: readonly number[],
): Block | null {
  const first = new Map<string, number>()
  ;[...letters.output].forEach((letter, i) => first.set(letter, starts[i]))
  let next = atoms.length
  for (const [letter, s] of segments) {
    if (first.has(letter)) continue
    first.set(letter, next)
    next += s.atoms.length
  }
  const uses = letters.operands.map((own, k): Use => {
    const targets = [...own].map((letter, i) =>
      lowering.tree(node.operands[k], i).kind === "unit" ? lowering.tree(node.operands[k], i) : trees.get(letter)!,
    )
    const ownChoice = [...own].map((letter, i) => (targets[i].kind === "unit" ? segmentsOf(targets[i])[0] : segments.get(letter)!))
    const block = lowering.conformed(node.operands[k], targets)(ownChoice)
    const from = startsOf(ownChoice)
    return {
      value: block.value,
      labels: block.positions.map((p) => {
        const axis = axisAt(ownChoice, from, p)
        return first.get(own[axis])! + p - from[axis]
      }),
    }
  })
  return contract(lowering, node.id, uses, atoms, labelsFrom(atoms.length, next))
}

/** Labels of what is summed: they come after those of the result. */
const labelsFrom = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** Σ over `axes` of a product: a contraction, segment by segment. */
export function lowerProductSum(lowering: Lowering, node: Node, product: NodeId, axes: readonly number[], keepDims: boolean): Blocks {
  const rank = lowering.network.axes[product].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice)
    let next = 0
    const base = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? null : choice[keepDims ? i : next++]))
    let combinations: Segment[][] = [[]]
    base.forEach((s, i) => {
      combinations = combinations.flatMap((c) => (s === null ? lowering.segments(product, i) : [s]).map((own) => [...c, own]))
    })
    const parts = combinations.map((full) => {
      const starts = startsOf(full)
      let kept = 0,
        summed = atoms.length
      const first = full.map((s, i) => {
        const start = axes.includes(i) ? summed : kept
        if (axes.includes(i)) summed += s.atoms.length
        else kept += s.atoms.length
        return start
      })
      const uses = lowering.node(product).operands.map((o): Use => {
        const block = broadcastBlock(lowering, o, product, full)
        return {
          value: block.value,
          labels: block.positions.map((p) => {
            const axis = axisAt(full, starts, p)
            return first[axis] + p - starts[axis]
          }),
        }
      })
      return contract(lowering, node.id, uses, atoms, labelsFrom(atoms.length, summed))
    })
    return sumBlocks(
      lowering,
      node.id,
      parts.filter((b) => b !== null),
      atoms,
    )
  })
}
