/**
 * @file Lowers lookups and dropout: products with one-hot matrices and random masks that nobody differentiates.
 */
import type { Segment } from "../axes/tree"
import type { Node } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, eachChoice, startsOf, useOf } from "./blocks"
import { dataOp } from "./lowerData"
import type { Choice, Lowering } from "./lowering"
import { contract, sumBlocks } from "./lowerSum"
import type { Use } from "./program"

/** gather(x, indices) is a contraction with a one-hot matrix that nobody differentiates. */
export function lowerGather(lowering: Lowering, node: Node, op: OpOf<"gather">): Blocks {
  const [table, indices] = node.operands
  const indexRank = lowering.network.axes[indices].length
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    const rows = lowering.segments(table, op.axis)
    const picked = pickedCell(lowering, node, op, choice, rows)
    if (picked !== undefined) {
      const own = choice.map((s, i) => (i === op.axis ? picked : s))
      return lowering.conformed(table, lowering.network.axes[table])(own)
    }
    const parts = rows.map((row) => {
      const own: Segment[] = [...choice.slice(0, op.axis), row, ...choice.slice(op.axis + indexRank - op.batchAxes)]
      const labelStart = own.map((_, i) => (i < op.axis ? starts[i] : i === op.axis ? atoms.length : starts[i + indexRank - op.batchAxes - 1]))
      const block = lowering.conformed(table, lowering.network.axes[table])(own),
        from = startsOf(own)
      const tableUse: Use = {
        value: block.value,
        labels: block.positions.map((p) => {
          const axis = axisAt(own, from, p)
          return labelStart[axis] + p - from[axis]
        }),
      }
      const indexLabels = [...Array(op.batchAxes).keys(), ...Array.from({ length: indexRank - op.batchAxes }, (_, i) => op.axis + i)].flatMap(
        (axis) => choice[axis].atoms.map((_, k) => starts[axis] + k),
      )
      const hotLabels = [...indexLabels, ...row.atoms.map((_, k) => atoms.length + k)]
      const sums = rows.length === 1 ? [row.atoms.map((_, k) => indexLabels.length + k)] : [],
        names = hotLabels.map((l) => (l < atoms.length ? atoms[l] : row.atoms[l - atoms.length])),
        pieces = choice.filter((_, i) => i < op.batchAxes || (i >= op.axis && i < op.axis + indexRank - op.batchAxes)).map(({ key }) => key)
      // Tables of the same parts that are read by the same indices are read by the same matrix.
      const cuts = lowering.cuts(table, op.axis, op.axis + 1)
      const hot = lowering.emitOnce(JSON.stringify(["lookup", indices, pieces, row.key, cuts, names, sums]), () =>
        lowering.emit(node.id, { kind: "data", sumsToOne: sums, sumsToZero: [], lookup: true }, [], hotLabels, names).value)
      return contract(lowering, node.id, [tableUse, { value: hot, labels: hotLabels }], atoms)
    })
    return sumBlocks(
      lowering,
      node.id,
      parts.filter((b) => b !== null),
      atoms,
    )
  })
}

/** The row that a known index picks, where the table is cut into single rows and the result into the picked ones. */
function pickedCell(lowering: Lowering, node: Node, op: OpOf<"gather">, choice: Choice, rows: readonly Segment[]): Segment | undefined {
  const { op: index, shape } = lowering.node(node.operands[1])
  if (index.kind !== "constant" || index.value.kind !== "data" || shape.length !== 1 || op.batchAxes > 0) return undefined
  const { values } = index.value, isCell = (s: Segment): boolean => s.atoms.length === 0 && s.offset !== null
  const fits = rows.length > 1 && lowering.segments(node.id, op.axis).length === values.length
  if (!fits || !isCell(choice[op.axis])) return undefined
  const wanted = values[Number(choice[op.axis].offset)]
  return rows.find((s) => s.offset === wanted && isCell(s))
}

export function lowerDropout(lowering: Lowering, node: Node, op: OpOf<"dropout">): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const atoms = atomsOf(choice),
      starts = startsOf(choice)
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(choice)
    if (op.rate === 0) return block
    const labels = choice.flatMap((s, i) => (op.sharedAxes.includes(i) ? [] : s.atoms.map((_, k) => starts[i] + k)))
    const mask = lowering.emit(
      node.id,
      dataOp,
      [],
      labels,
      labels.map((l) => atoms[l]),
    )
    return contract(lowering, node.id, [useOf(block), { value: mask.value, labels }], atoms) ?? block
  })
}
