/**
 * @file Lowers shape operations: renamings of blocks, and barriers where axes do not line up.
 */
import { addDim, multiplyDim, substitutionOf } from "../graph/dim"
import { declaredSize, joinKeys, segmentsOf } from "../axes/tree"
import type { Segment } from "../axes/tree"
import type { Node, NodeId } from "../graph/graph"
import type { OpOf } from "../graph/op"
import type { Dim } from "../schema/report"
import type { Blocks } from "./blocks"
import { atomsOf, axisAt, eachChoice, emitOver, startsOf } from "./blocks"
import { lowerOpaque } from "./lowerData"
import { keyOf } from "./lowering"
import type { Block, Choice, Lowering } from "./lowering"

/** Blocks of the operand by key, if their atoms agree; else a barrier. */
export function lowerReshape(lowering: Lowering, node: Node): Blocks {
  const operand = node.operands[0]
  const own = new Map(lowering.choices(operand).map((choice) => [keyOf(choice), atomsOf(choice)]))
  const choices = lowering.choices(node.id)
  const alike = choices.length === own.size && choices.every((choice) => own.get(keyOf(choice))?.join() === atomsOf(choice).join())
  const matches = alike && (choices.length < 2 || inOneOrder(lowering, operand, node.id))
  return eachChoice(lowering, node.id, (choice) =>
    matches ? lowering.block(operand, keyOf(choice))! : lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice)),
  )
}

/** Whether blocks of one name start at one place: single cells have no atoms that would tell [cells, n] from [n, cells]. */
function inOneOrder(lowering: Lowering, operand: NodeId, node: NodeId): boolean {
  const firstCells = (id: NodeId): ReadonlyMap<string, Dim | null> => {
    const sizes = lowering.network.axes[id].map(declaredSize)
    const strides = sizes.map((_, i) => sizes.slice(i + 1).reduce(multiplyDim, 1))
    const first = (choice: Choice): Dim | null =>
      choice.reduce<Dim | null>((sum, { offset }, i) => (sum === null || offset === null ? null : addDim(sum, multiplyDim(offset, strides[i]))), 0)
    return new Map(lowering.choices(id).map((choice) => [keyOf(choice), first(choice)]))
  }
  const own = firstCells(operand), made = firstCells(node)
  if ([...own.values(), ...made.values()].includes(null)) return factorsOf(lowering, operand).join("|") === factorsOf(lowering, node).join("|")
  return [...made].every(([key, first]) => own.get(key) === first)
}

/** The factors of all axes in order, those of one cell left out. */
function factorsOf(lowering: Lowering, id: NodeId): string[] {
  return lowering.network.axes[id]
    .flatMap((tree) => (tree.kind === "product" ? tree.parts : [tree]))
    .filter((tree) => tree.kind !== "unit")
    .map((tree) => segmentsOf(tree).map((s) => `${s.key}:${s.atoms.join()}`).join(";"))
}

export function lowerTranspose(lowering: Lowering, node: Node, op: OpOf<"transpose">): Blocks {
  return eachChoice(lowering, node.id, (choice) => {
    const own: Segment[] = []
    op.permutation.forEach((from, to) => (own[from] = choice[to]))
    const block = lowering.conformed(node.operands[0], lowering.network.axes[node.operands[0]])(own)
    const from = startsOf(own),
      to = startsOf(choice)
    return {
      value: block.value,
      positions: block.positions.map((p) => {
        const axis = axisAt(own, from, p)
        return to[op.permutation.indexOf(axis)] + p - from[axis]
      }),
    }
  })
}

export function lowerSlice(lowering: Lowering, node: Node, op: OpOf<"slice">): Blocks {
  const operand = node.operands[0]
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, i) => sliceSegment(lowering.segments(operand, i), s, declared(lowering, op.begin[i]), op.strides[i] ?? 1))
    if (own.some((s) => s === undefined)) return cutBlock(lowering, node, operand, choice, own)
    return lowering.conformed(operand, lowering.network.axes[operand])(own as Segment[])
  })
}

/** A slice along axes that stay whole: nothing is known along them but that constants stay constant. */
function cutBlock(lowering: Lowering, node: Node, operand: NodeId, choice: Choice, own: readonly (Segment | undefined)[]): Block {
  const atoms = atomsOf(choice)
  const whole = own.map((s, i) => s ?? (lowering.segments(operand, i).length === 1 ? lowering.segments(operand, i)[0] : undefined))
  if (whole.some((s) => s === undefined)) return lowering.barrier(node.id, lowering.allBlocks(operand), atoms)
  const full = whole as Segment[],
    starts = startsOf(choice),
    from = startsOf(full)
  const block = lowering.conformed(operand, lowering.network.axes[operand])(full)
  const label = (p: number): number => {
    const axis = axisAt(full, from, p)
    return own[axis] === undefined ? atoms.length + p : starts[axis] + p - from[axis]
  }
  const labels = block.positions.map(label)
  const cut = choice.flatMap((s, i) => (own[i] === undefined ? s.atoms.map((_, k) => starts[i] + k) : []))
  const out = [...new Set([...labels.filter((l) => l < atoms.length), ...cut])].sort((a, b) => a - b)
  return emitOver(
    lowering,
    node.id,
    { kind: "mix", over: [...labels.filter((l) => l >= atoms.length), ...cut], keepsConstants: true, maximal: false },
    [{ value: block.value, labels }],
    out,
    atoms,
  )
}

/** The operand's segment that a segment of the slice is. */
function sliceSegment(own: readonly Segment[], wanted: Segment, begin: Dim, stride: number): Segment | undefined {
  const same = (s: Segment): boolean => s.atoms.length === wanted.atoms.length && s.atoms.every((a, k) => a === wanted.atoms[k])
  // Every stride-th cell is a part of a product and has no offset of its own; a part of a sum with the same key is something else.
  if (stride !== 1 && wanted.atoms.length > 0) return own.find((s) => s.offset === null && s.key === joinKeys(wanted.key, String(begin)) && same(s))
  if (wanted.offset === null) return begin === 0 ? own.find((s) => s.key === wanted.key && same(s)) : undefined
  const offset = addDim(begin, multiplyDim(stride, wanted.offset))
  return own.find((s) => s.offset === offset && same(s))
}

const declared = (lowering: Lowering, d: Dim): Dim => substitutionOf(lowering.network.declared)(d)

export function lowerConcat(lowering: Lowering, node: Node, op: OpOf<"concat">): Blocks {
  const lengths = node.operands.map((o) => declaredSize(lowering.tree(o, op.axis)))
  return eachChoice(lowering, node.id, (choice) => {
    const wanted = choice[op.axis]
    let start: Dim = 0
    for (let k = 0; k < node.operands.length; k++) {
      const own = lowering
        .segments(node.operands[k], op.axis)
        .find(
          (s) => s.offset !== null && wanted.offset !== null && addDim(start, s.offset) === wanted.offset && s.atoms.join() === wanted.atoms.join(),
        )
      if (own !== undefined) return concatBlock(lowering, node, op.axis, k, choice, own)
      start = addDim(start, lengths[k])
    }
    return lowering.barrier(
      node.id,
      node.operands.flatMap((o) => lowering.allBlocks(o)),
      atomsOf(choice),
    )
  })
}

function concatBlock(lowering: Lowering, node: Node, axis: number, k: number, choice: Choice, own: Segment): Block {
  const operand = node.operands[k]
  const targets = lowering.network.axes[node.id].map((tree, i) => (i === axis ? lowering.tree(operand, axis) : tree))
  return lowering.conformed(operand, targets)(choice.map((s, i) => (i === axis ? own : s)))
}

/** The operand's cells stand in the result's segments by `place`: a suffix (tile) or a prefix (upsample) of the atoms. */
export function lowerRepeat(lowering: Lowering, node: Node, place: "suffix" | "prefix"): Blocks {
  const operand = node.operands[0]
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, i) =>
      lowering
        .segments(operand, i)
        .find(
          (c) =>
            (c.key === s.key || lowering.segments(operand, i).length === 1) &&
            c.atoms.join() === (place === "suffix" ? s.atoms.slice(s.atoms.length - c.atoms.length) : s.atoms.slice(0, c.atoms.length)).join(),
        ),
    )
    if (own.some((s) => s === undefined)) return lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice))
    const found = own as Segment[]
    const block = lowering.conformed(operand, lowering.network.axes[operand])(found)
    const from = startsOf(found),
      to = startsOf(choice)
    return {
      value: block.value,
      positions: block.positions.map((p) => {
        const axis = axisAt(found, from, p)
        return to[axis] + (place === "suffix" ? choice[axis].atoms.length - found[axis].atoms.length : 0) + p - from[axis]
      }),
    }
  })
}

export function lowerPad(lowering: Lowering, node: Node, op: OpOf<"pad">): Blocks {
  const operand = node.operands[0]
  const isMoved = (c: Segment, s: Segment, axis: number): boolean =>
    c.offset !== null &&
    s.offset !== null &&
    addDim(c.offset, declared(lowering, op.before[axis])) === s.offset &&
    c.atoms.join() === s.atoms.join()
  // Where an axis is not cut at the padding (sums taken as one axis, offsets nobody knows), the operand's cells stand somewhere in it.
  const linesUp = op.before.every((_, axis) =>
    lowering.segments(operand, axis).every((c) => lowering.segments(node.id, axis).some((s) => isMoved(c, s, axis))),
  )
  if (op.mode === "constant" && op.value !== 0 && !linesUp) return lowerOpaque(lowering, node, "it is padded with a constant at a place nobody knows")
  if (op.mode !== "constant" || !linesUp)
    return eachChoice(lowering, node.id, (choice) => lowering.barrier(node.id, lowering.allBlocks(operand), atomsOf(choice)))
  return eachChoice(lowering, node.id, (choice) => {
    const own = choice.map((s, axis) => lowering.segments(operand, axis).find((c) => isMoved(c, s, axis)))
    if (own.some((s) => s === undefined)) return lowering.emit(node.id, { kind: "fill", value: op.value }, [], [], [])
    return lowering.conformed(operand, lowering.network.axes[operand])(own as Segment[])
  })
}
