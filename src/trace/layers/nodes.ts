/** @file Remembers which call of the source made a layer, for hovers on its strings, and its kind; layer states themselves stay plain data. */
import type * as TypeScript from "typescript"
import type { LayerState } from "../value"

const nodes = new WeakMap<LayerState, TypeScript.Node>()

export const rememberNode = (state: LayerState, node: TypeScript.Node): void => void nodes.set(state, node)
const kinds = new WeakMap<LayerState, string>()

/** tfjs's own name of the kind: "simpleRNN", whatever alias the source writes. */
export const rememberKind = (state: LayerState, kind: string): void => void kinds.set(state, kind)
export const kindOfLayer = (state: LayerState): string => kinds.get(state) ?? state.type
export const nodeOfLayer = (state: LayerState): TypeScript.Node | null => nodes.get(state) ?? null
