/**
 * @file How a block is cut out of its parameter, as view steps anyone can replay: reshape axes into factors, slice terms of sums, again until leaves.
 */
import { addDim } from "../graph/dim"
import { genericSize, segmentsOf } from "../axes/tree"
import type { AxisTree } from "../axes/tree"
import type { Dim, ViewStep } from "../schema/report"
import type { Choice } from "./lowering"

export interface ParameterView {
  readonly steps: readonly ViewStep[]
  /** Size name of each axis after the steps; null for axes of one cell. */
  readonly axes: readonly (string | null)[]
  /** Atoms the block has for every factor of every axis: one for a leaf, those of the chosen term for a sum. */
  readonly groups: readonly number[]
}

/** @param choice one segment an axis; only its keys are read. */
export function parameterView(trees: readonly AxisTree[], choice: Choice): ParameterView {
  const steps: ViewStep[] = []
  let axes = trees.map((tree, i) => ({ tree, key: choice[i].key === "" ? [] : choice[i].key.split(".") }))
  while (axes.some(({ tree }) => tree.kind === "product" || tree.kind === "sum")) {
    if (axes.some(({ tree }) => tree.kind === "product")) {
      axes = axes.flatMap(({ tree, key }) => (tree.kind === "product" ? splitKey(tree.parts, key) : [{ tree, key }]))
      steps.push({ reshape: axes.map(({ tree }) => genericSize(tree)) })
    }
    axes = axes.map(({ tree, key }, axis) => {
      if (tree.kind !== "sum") return { tree, key }
      const term = Number(key[0])
      const from = tree.parts.slice(0, term).map(genericSize).reduce<Dim>(addDim, 0)
      steps.push({ slice: [axis, from, addDim(from, genericSize(tree.parts[term]))] })
      return { tree: tree.parts[term], key: key.slice(1) }
    })
  }
  const factors = trees.flatMap((tree, i) =>
    splitKey(tree.kind === "product" ? tree.parts : [tree], choice[i].key === "" ? [] : choice[i].key.split(".")),
  )
  const groups = factors.map(({ tree, key }) => segmentsOf(tree).find((s) => s.key === key.join("."))?.atoms.length ?? 0)
  return { steps, groups, axes: axes.map(({ tree }) => (tree.kind === "leaf" ? tree.atom : null)) }
}

/** Deals the choices of a product's key out to its factors: each factor takes as many as its own sums ask for. */
function splitKey(parts: readonly AxisTree[], key: readonly string[]): { tree: AxisTree; key: string[] }[] {
  let rest = key.join(".")
  return parts.map((tree) => {
    const own =
      segmentsOf(tree)
        .map((s) => s.key)
        .filter((k) => k === "" || rest === k || rest.startsWith(`${k}.`))
        .sort((a, b) => b.length - a.length)[0] ?? ""
    rest = rest.slice(own === "" ? 0 : own.length + 1)
    return { tree, key: own === "" ? [] : own.split(".") }
  })
}
