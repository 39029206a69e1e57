/**
 * @file Which sizes of a network are independent, and every other size written in their names. Leaves of axis classes get names; extents of
 * convolutions and pools follow from their inputs; axes that have one size without being one index (a padded axis that a reshape folds, two
 * sums that are cut differently) give equations. An equation is solved for a size that stands in it alone, or that is a multiple (n = 2·⌈n/2⌉),
 * or else pins what stands in it to the declared sizes, which always solve it. So every choice of the independent sizes that keeps the fixed
 * ones gives a network.
 */
import { addDim, ceilDim, divideDim, floorDim, multiplyDim, substituteDim, subtractDim, symbolsOf } from "../graph/dim"
import type { Dim } from "../schema/report"
import type { AxisClasses, ClassId, Derivation } from "./classes"
import type { Axes } from "./relate"
import type { SizeVariable } from "./size"
import { genericSize } from "./tree"
import type { AxisTree } from "./tree"

export interface NamedSizes {
  /** Tree of every axis of every node. */
  readonly axes: readonly (readonly AxisTree[])[]
  readonly sizes: readonly SizeVariable[]
  /** Names of all leaves to declared sizes. */
  readonly declared: Readonly<Record<string, Dim>>
  /** Leaves that follow from others, written in names of `sizes`. */
  readonly extents: Readonly<Record<string, Dim>>
  /** Writes a size in names of `sizes`. */
  readonly resolve: (size: Dim) => Dim
}

/** @param nodeAxes classes of the axes of every node, in the order in which they are to be named */
export function nameSizes(nodeAxes: readonly Axes[], classes: AxisClasses): NamedSizes {
  const namer = new SizeNamer(classes, nodeAxes.flat())
  const axes = nodeAxes.map((own) => own.map((c) => namer.tree(c)))
  namer.settle()
  return { axes, sizes: namer.sizes(), declared: namer.declared(), extents: namer.extents(), resolve: (d) => namer.resolve(d) }
}

/** What strides and pools divide a size by that is restored later; deeper nestings come one by one. */
const multiples = [2, 3, 4, 5, 8, 16, 32]

class SizeNamer {
  /** Leaves in order of appearance. */
  private readonly names = new Map<ClassId, string>()
  private readonly leaves = new Map<string, ClassId>()
  private readonly taken = new Set<string>(["floor", "ceil"])
  /** Symbols of the source, which no other size may be called. */
  private readonly symbols: ReadonlySet<string>
  private readonly trees = new Map<ClassId, AxisTree>()
  /** What leaves are in terms of others. */
  private readonly definitions = new Map<ClassId, Dim>()
  private readonly pinned = new Set<ClassId>()
  /** Derived extents whose inputs are being named. */
  private readonly open = new Set<ClassId>()
  private readonly resolved = new Map<string, Dim>()

  constructor(
    private readonly classes: AxisClasses,
    axes: readonly ClassId[],
  ) {
    // Most axes have a number, and the others one of few symbols.
    const written = new Set<Dim>()
    for (const c of axes) if (typeof classes.value(c) !== "number") written.add(classes.value(c))
    this.symbols = new Set([...written].flatMap(symbolsOf))
  }

  tree(c: ClassId): AxisTree {
    c = this.classes.find(c)
    let tree = this.trees.get(c)
    if (tree === undefined) this.trees.set(c, (tree = this.makeTree(c)))
    return tree
  }

  private makeTree(c: ClassId): AxisTree {
    const structure = this.classes.structure(c)
    if (structure !== null) {
      // Flat trees: a sum of sums is a sum, and the same for products.
      const parts = structure.parts
        .map((p) => this.tree(p))
        .flatMap((t) => (t.kind === structure.kind ? t.parts : t.kind === "unit" && structure.kind === "product" ? [] : [t]))
      return parts.length === 1 ? parts[0] : { kind: structure.kind, parts }
    }
    const declared = this.classes.value(c)
    if (declared === 1) return { kind: "unit" }
    // Names the input's size first, so that sizes appear in the order of the data.
    if (!this.open.has(c)) {
      this.open.add(c)
      for (const how of this.classes.derivations(c)) this.extent(how)
      this.open.delete(c)
      const again = this.trees.get(c)
      if (again !== undefined) return again
    }
    const name = this.freeName(declared)
    this.names.set(c, name)
    this.leaves.set(name, c)
    return { kind: "leaf", atom: name, declared }
  }

  /** A symbol keeps its name; a number n becomes "n8", so that a reader of a replica sees what was shrunk. */
  private freeName(declared: Dim): string {
    const base =
      typeof declared === "number" ? `n${declared}` : /^[A-Za-z_]\w*(\/[A-Za-z_]\w*)?$/.test(declared) ? declared.replace("/", "_per_") : "size"
    let name = base
    for (let i = 2; this.taken.has(name) || (name !== declared && this.symbols.has(name)); i++) name = `${base}_${i}`
    this.taken.add(name)
    return name
  }

  /** Result extent of a convolution or pool, in names of leaves. */
  private extent(how: Derivation): Dim {
    return outputExtent(genericSize(this.tree(how.input)), "cells" in how.kernel ? how.kernel.cells : genericSize(this.tree(how.kernel.axis)), how)
  }

  /** Decides after all leaves are named which sizes are independent. */
  settle(): void {
    const equations: (readonly [ClassId, Dim])[] = this.classes.equations().map(([a, b]) => [a, genericSize(this.tree(b))])
    for (const c of [...this.trees.keys()]) {
      const [first, ...others] = this.classes.derivations(c).map((how) => this.extent(how))
      if (first === undefined) continue
      // An extent of one is no axis: what it is computed from must keep it so.
      if (this.classes.value(c) === 1 && first !== 1) this.pin(c)
      else if (this.names.has(c) && !this.refersTo(first, c)) this.definitions.set(c, first)
      else equations.push([c, first])
      for (const other of others) equations.push([c, other])
    }
    for (const c of [...this.trees.keys()]) this.lift(c)
    for (const c of [...this.trees.keys()]) if (this.classes.isFixed(c)) this.pin(c)
    for (const c of [...this.definitions.keys()]) if (this.atDeclared(this.names.get(c)!) !== this.classes.value(c)) this.pin(c)
    for (const [c, other] of equations) this.equate(c, other)
  }

  /** Whether a size depends on a leaf through the extents defined so far. */
  private refersTo(size: Dim, leaf: ClassId): boolean {
    return symbolsOf(size).some((s) => {
      const c = this.leaves.get(s)
      return c !== undefined && (c === leaf || this.refersTo(this.definitions.get(c) ?? 0, leaf))
    })
  }

  /** What an axis of several parts must at least be, its largest part must (nearly) be. */
  private lift(c: ClassId): void {
    const structure = this.classes.structure(c), least = this.classes.minimum(c)
    if (structure === null || least <= 1) return
    const size = (p: ClassId): number => { const v = this.classes.value(p); return typeof v === "number" ? v : Infinity }
    const largest = structure.parts.reduce((a, b) => (size(b) > size(a) ? b : a))
    this.classes.needAtLeast(largest, structure.kind === "product" ? least : Math.max(1, least - structure.parts.length + 1))
    this.lift(this.classes.find(largest))
  }

  /** An axis keeps its declared size, and so does what it is computed from. */
  private pin(c: ClassId): void {
    c = this.classes.find(c)
    if (this.pinned.has(c)) return
    this.pinned.add(c)
    const defined = this.definitions.get(c) ?? 0
    this.definitions.delete(c)
    this.resolved.clear()
    this.classes.structure(c)?.parts.forEach((p) => this.pin(p))
    for (const how of this.classes.derivations(c)) {
      this.pin(how.input)
      if ("axis" in how.kernel) this.pin(how.kernel.axis)
    }
    for (const s of [...symbolsOf(this.classes.value(c)), ...symbolsOf(defined)]) if (this.leaves.has(s)) this.pin(this.leaves.get(s)!)
  }

  private equate(c: ClassId, other: Dim): void {
    const left = this.known(genericSize(this.tree(c))), right = this.known(other)
    if (left === right) return
    const difference = subtractDim(left, right), solutions = symbolsOf(difference).flatMap((s) => this.solve(difference, s) ?? [])
    // Sums make sizes that exist for all sizes of their parts; differences may not.
    const [best] = solutions.sort((a, b) => Number(String(a.size).includes("-")) - Number(String(b.size).includes("-")))
    const chosen = best ?? this.asMultiple(difference)
    if (chosen !== null) {
      this.definitions.set(chosen.leaf, chosen.size)
      this.resolved.clear()
    } else for (const s of [...symbolsOf(genericSize(this.tree(c))), ...symbolsOf(other)]) if (this.leaves.has(s)) this.pin(this.leaves.get(s)!)
  }

  /** The leaf that makes a difference zero, where it stands in it once and alone. */
  private solve(difference: Dim, name: string): { readonly leaf: ClassId; readonly size: Dim } | null {
    const leaf = this.leaves.get(name)
    if (leaf === undefined || this.pinned.has(leaf) || this.classes.derivations(leaf).length > 0) return null
    const rest = substituteDim(difference, { [name]: 0 }), factor = subtractDim(substituteDim(difference, { [name]: 1 }), rest)
    if ((factor !== 1 && factor !== -1) || addDim(rest, multiplyDim(factor, name)) !== difference) return null
    const size = factor === 1 ? multiplyDim(-1, rest) : rest
    return String(size).includes("/") || this.atDeclared(size) !== this.classes.value(leaf) ? null : { leaf, size }
  }

  /**
   * The leaf that a network halves, rounding, and doubles again, as a multiple of a new leaf: n = 2·⌈n/2⌉, which the skips of a U-Net ask for, holds
   * for all of them.
   */
  private asMultiple(difference: Dim): { readonly leaf: ClassId; readonly size: Dim } | null {
    if (typeof difference === "number" || !/floor|ceil/.test(difference)) return null
    for (const name of symbolsOf(difference)) {
      const leaf = this.leaves.get(name), declared = leaf === undefined ? undefined : this.classes.value(leaf)
      if (leaf === undefined || typeof declared !== "number" || this.pinned.has(leaf) || this.definitions.has(leaf)) continue
      for (const factor of multiples) {
        if (declared % factor !== 0 || substituteDim(difference, { [name]: multiplyDim(factor, name) }) !== 0) continue
        const part = this.classes.fresh(declared / factor)
        this.classes.needAtLeast(part, Math.ceil(this.classes.minimum(leaf) / factor))
        return { leaf, size: multiplyDim(factor, genericSize(this.tree(part))) }
      }
    }
    return null
  }

  /** A size with numbers for the sizes that are pinned. */
  private known(size: Dim): Dim {
    return this.atDeclared(size, (leaf) => this.pinned.has(leaf))
  }

  /** A size at the declared sizes of the source. */
  private atDeclared(size: Dim, chosen: (leaf: ClassId) => boolean = () => true): Dim {
    const written = this.resolve(size), values: Record<string, Dim> = {}
    for (const s of symbolsOf(written)) {
      const leaf = this.leaves.get(s)
      if (leaf !== undefined && chosen(leaf)) values[s] = this.classes.value(leaf)
    }
    return substituteDim(written, values)
  }

  /** Writes dependent sizes out in terms of independent ones. */
  resolve(size: Dim): Dim {
    if (typeof size === "number") return size
    const known = this.resolved.get(size)
    if (known !== undefined) return known
    const values: Record<string, Dim> = {}
    for (const s of symbolsOf(size)) {
      const leaf = this.leaves.get(s), meant = leaf === undefined ? undefined : this.meaning(leaf, s)
      if (meant !== undefined) values[s] = this.resolve(meant)
    }
    const written = Object.keys(values).length === 0 ? size : substituteDim(size, values)
    this.resolved.set(size, written)
    return written
  }

  /** What a leaf's name stands for, where it is not a size of its own. */
  private meaning(leaf: ClassId, name: string): Dim | undefined {
    const declared = this.classes.value(leaf)
    return this.definitions.get(leaf) ?? (this.pinned.has(leaf) && typeof declared === "string" && declared !== name ? declared : undefined)
  }

  extents(): Record<string, Dim> {
    const dependent = [...this.names].filter(([c, name]) => this.meaning(c, name) !== undefined)
    return Object.fromEntries(dependent.map(([, name]) => [name, this.resolve(name)]))
  }

  sizes(): SizeVariable[] {
    const own = [...this.names].filter(([c, name]) => this.meaning(c, name) === undefined)
    const named = new Set(own.map(([, name]) => name))
    // Symbols that stand in pinned sizes only.
    const loose = new Set(Object.values(this.extents()).flatMap(symbolsOf).filter((s) => !named.has(s)))
    return [
      ...own.map(([c, name]): SizeVariable => {
        const declared = this.classes.value(c)
        return { name, declared, shrink: this.pinned.has(c) && typeof declared === "number" ? "fixed" : "free", minimum: this.classes.minimum(c) }
      }),
      ...[...loose].map((name): SizeVariable => ({ name, declared: name, shrink: "free", minimum: 1 })),
    ]
  }

  declared(): Record<string, Dim> {
    return Object.fromEntries([...this.names].map(([c, name]) => [name, this.classes.value(c)]))
  }
}

/** Result extent of a convolution or pool, as tfjs computes it. */
export function outputExtent(input: Dim, kernel: Dim, how: Pick<Derivation, "stride" | "dilation" | "padding" | "transposed">): Dim {
  const reach = addDim(multiplyDim(subtractDim(kernel, 1), how.dilation), 1)
  if (how.transposed) {
    if (how.padding === "same") return multiplyDim(input, how.stride)
    const over = subtractDim(reach, how.stride), least = how.padding === "valid" && typeof over === "number" ? Math.max(over, 0) : over
    const full = addDim(multiplyDim(input, how.stride), least)
    return how.padding === "valid" ? full : subtractDim(full, how.padding[0] + how.padding[1])
  }
  if (how.padding === "same") return ceilDim(divideDim(input, how.stride) ?? fraction(input, how.stride))
  const padded = how.padding === "valid" ? input : addDim(input, how.padding[0] + how.padding[1])
  const steps = subtractDim(padded, reach)
  return addDim(floorDim(divideDim(steps, how.stride) ?? fraction(steps, how.stride)), 1)
}

const fraction = (d: Dim, by: number): Dim => (typeof d === "number" ? d / by : `(${d})/${by}`)
