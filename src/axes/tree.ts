/**
 * @file The structure of one axis after all relations are known, and its segments: an axis is a leaf (one size variable), a product of axes or a
 * sum of axes. Choosing one term of every sum gives a segment, which is a product of leaves ("atoms").
 */
import { addDim, multiplyDim } from "../graph/dim"
import type { Dim } from "../schema/report"

export type AxisTree =
  /** `atom` is the size's name; axes of size one are `unit`. */
  | { readonly kind: "leaf"; readonly atom: string; readonly declared: Dim }
  | { readonly kind: "unit" }
  | { readonly kind: "product"; readonly parts: readonly AxisTree[] }
  | { readonly kind: "sum"; readonly parts: readonly AxisTree[] }

/** One choice of terms. `key` names the choices; `offset` (declared size) is its first cell where the segment is contiguous. */
export interface Segment {
  readonly key: string
  readonly atoms: readonly string[]
  readonly offset: Dim | null
  readonly declared: Dim
}

export function declaredSize(tree: AxisTree): Dim {
  switch (tree.kind) {
    case "leaf":
      return tree.declared
    case "unit":
      return 1
    case "product":
    case "sum":
      return knownOf(tree).declared
  }
}

/** The size in size names. */
export function genericSize(tree: AxisTree): Dim {
  switch (tree.kind) {
    case "leaf":
      return tree.atom
    case "unit":
      return 1
    case "product":
    case "sum":
      return knownOf(tree).generic
  }
}

/** All segments in order. A sum below a leading factor is not contiguous: its segments have no offset. */
export const segmentsOf = (tree: AxisTree): readonly Segment[] => knownOf(tree).segments

interface Known {
  readonly segments: readonly Segment[]
  readonly declared: Dim
  readonly generic: Dim
}

/** One tree stands on many axes of many tensors: what follows from it is computed once. */
const known = new WeakMap<AxisTree, Known>()

function knownOf(tree: AxisTree): Known {
  let own = known.get(tree)
  if (own === undefined) known.set(tree, (own = { segments: makeSegments(tree), ...sizesOf(tree) }))
  return own
}

function sizesOf(tree: AxisTree): { readonly declared: Dim; readonly generic: Dim } {
  if (tree.kind === "leaf" || tree.kind === "unit") return { declared: declaredSize(tree), generic: genericSize(tree) }
  const [combine, neutral] = tree.kind === "product" ? ([multiplyDim, 1] as const) : ([addDim, 0] as const)
  return { declared: tree.parts.map(declaredSize).reduce(combine, neutral), generic: tree.parts.map(genericSize).reduce(combine, neutral) }
}

function makeSegments(tree: AxisTree): readonly Segment[] {
  switch (tree.kind) {
    case "leaf":
      return [{ key: "", atoms: [tree.atom], offset: 0, declared: tree.declared }]
    case "unit":
      return [{ key: "", atoms: [], offset: 0, declared: 1 }]
    case "sum": {
      const out: Segment[] = []
      let start: Dim = 0
      tree.parts.forEach((part, i) => {
        for (const s of segmentsOf(part))
          out.push({ ...s, key: joinKeys(String(i), s.key), offset: s.offset === null ? null : addDim(start, s.offset) })
        start = addDim(start, declaredSize(part))
      })
      return out
    }
    case "product": {
      let out: Segment[] = [{ key: "", atoms: [], offset: 0, declared: 1 }]
      tree.parts.forEach((part) => {
        const many = segmentsOf(part),
          size = declaredSize(part)
        out = out.flatMap((left) =>
          many.map((right) => ({
            key: joinKeys(left.key, right.key),
            atoms: [...left.atoms, ...right.atoms],
            offset:
              left.offset === null || right.offset === null || (many.length > 1 && left.declared !== 1)
                ? null
                : addDim(multiplyDim(left.offset, size), right.offset),
            declared: multiplyDim(left.declared, right.declared),
          })),
        )
      })
      return out
    }
  }
}

export const joinKeys = (a: string, b: string): string => (a === "" ? b : b === "" ? a : `${a}.${b}`)

/** Same segments, same atoms: two axes that mean the same index. */
export function sameTree(a: AxisTree, b: AxisTree): boolean {
  if (a === b) return true
  const as = segmentsOf(a),
    bs = segmentsOf(b)
  return (
    as.length === bs.length &&
    as.every((s, i) => s.key === bs[i].key && s.atoms.length === bs[i].atoms.length && s.atoms.every((atom, k) => atom === bs[i].atoms[k]))
  )
}

/** The tree with every sum taken as one leaf: what is the same along the whole axis, however it is cut. */
export function collapseSums(tree: AxisTree): AxisTree {
  switch (tree.kind) {
    case "leaf":
    case "unit":
      return tree
    case "sum":
      return { kind: "leaf", atom: String(genericSize(tree)), declared: declaredSize(tree) }
    case "product":
      return { kind: "product", parts: tree.parts.map(collapseSums) }
  }
}

export const hasSum = (tree: AxisTree): boolean => tree.kind === "sum" || (tree.kind === "product" && tree.parts.some(hasSum))
