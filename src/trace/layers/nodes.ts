/** @file Remembers which call of the source made a layer, for hovers on its strings; layer states themselves stay plain data. */
import type * as TypeScript from "typescript"
import type { LayerState } from "../value"

const nodes = new WeakMap<LayerState, TypeScript.Node>()

export const rememberNode = (state: LayerState, node: TypeScript.Node): void => void nodes.set(state, node)
export const nodeOfLayer = (state: LayerState): TypeScript.Node | null => nodes.get(state) ?? null
