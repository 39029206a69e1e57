/** @file The list of definitions to read: its entries as data, checked on the way in. The list itself is not part of the project. */

/** A definition somewhere in a public repository, and what tfjs says about the model it makes. */
export interface Entry {
  readonly id: string
  readonly repo: string
  readonly path: string
  /** First and last line of the definition. */
  readonly lines: readonly [number, number]
  readonly name: string
  readonly form: string
  readonly summary: string
  readonly params: number | null
  /** The commit it is listed at, where that is not the one of the checked out repository. */
  readonly commit: string | null
  /** Arguments of the definition that `expected` was made with: "inputShape=[240,14], dropoutRate=0.25". */
  readonly args: string
  readonly expected: Expected | null
}

/** A shape as tfjs prints it: null where a size is open. */
export type ExpectedShape = readonly (number | null)[]

export interface Expected {
  readonly inputs: readonly { readonly shape: ExpectedShape }[]
  readonly outputs: readonly ExpectedShape[]
  readonly layers: readonly ExpectedLayer[]
  readonly params: number
}

export type ExpectedOption = number | string | boolean | readonly number[]

export interface ExpectedLayer {
  /** tfjs's class name: "Conv2D". */
  readonly class: string
  /** Null where the layer was not built on its own. */
  readonly outputShapes: readonly ExpectedShape[] | null
  readonly params: number | null
  readonly options: Readonly<Record<string, ExpectedOption>>
  readonly layers: readonly ExpectedLayer[]
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Reads the text of a list.
 * @throws Error that names the entry and the field which are not as expected.
 */
export function parseList(text: string): readonly Entry[] {
  const json = JSON.parse(text) as Json
  if (!Array.isArray(json)) throw new Error("list: expected an array of definitions")
  return (json as readonly Json[]).map((item, i) => parseEntry(recordOf(item, `definition ${i + 1}`), `definition ${i + 1}`))
}

type JsonRecord = { readonly [key: string]: Json }

function recordOf(json: Json, where: string): JsonRecord {
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw new Error(`${where}: expected an object`)
  return json as JsonRecord
}

function textOf(record: JsonRecord, key: string, where: string): string {
  const value = record[key]
  if (typeof value !== "string") throw new Error(`${where}: expected a text as '${key}', found ${JSON.stringify(value)}`)
  return value
}

function parseEntry(record: JsonRecord, where: string): Entry {
  const id = textOf(record, "id", where)
  const lines = /^(\d+)-(\d+)$/.exec(textOf(record, "lines", id))
  if (lines === null) throw new Error(`${id}: expected lines such as "35-85", found ${JSON.stringify(record.lines)}`)
  const { params, args, expected, commit } = record
  return {
    id,
    repo: textOf(record, "repo", id),
    path: textOf(record, "path", id),
    lines: [Number(lines[1]), Number(lines[2])],
    name: textOf(record, "name", id),
    form: textOf(record, "form", id),
    summary: textOf(record, "layersSummary", id),
    params: typeof params === "number" ? params : null,
    commit: typeof commit === "string" ? commit : null,
    args: typeof args === "string" ? args : "",
    expected: expected === undefined || expected === null ? null : parseExpected(recordOf(expected, id), id),
  }
}

function parseExpected(record: JsonRecord, id: string): Expected {
  const list = (key: string): readonly Json[] => {
    const value = record[key]
    if (!Array.isArray(value)) throw new Error(`${id}: expected a list as expected.${key}`)
    return value as readonly Json[]
  }
  if (typeof record.params !== "number") throw new Error(`${id}: expected a number as expected.params`)
  return {
    inputs: list("inputs").map((item) => ({ shape: shapeOf(recordOf(item, id).shape, id) })),
    outputs: list("outputs").map((item) => shapeOf(item, id)),
    layers: list("layers").map((item) => parseLayer(recordOf(item, id), id)),
    params: record.params,
  }
}

function shapeOf(json: Json | undefined, id: string): ExpectedShape {
  if (!Array.isArray(json) || !json.every((d) => d === null || typeof d === "number")) throw new Error(`${id}: ${JSON.stringify(json)} is no shape`)
  return json as ExpectedShape
}

function parseLayer(record: JsonRecord, id: string): ExpectedLayer {
  const { class: _, outputShape, params, layer, layers, ...options } = record
  const inner = Array.isArray(layers) ? (layers as readonly Json[]) : layer === undefined ? [] : [layer]
  return {
    class: textOf(record, "class", id),
    outputShapes: parseShapes(outputShape, id),
    params: typeof params === "number" ? params : null,
    options: options as Readonly<Record<string, ExpectedOption>>,
    layers: inner.map((item) => parseLayer(recordOf(item, id), id)),
  }
}

/** One shape, a list of them, or "multiple" for a layer that was not built on its own. */
function parseShapes(json: Json | undefined, id: string): readonly ExpectedShape[] | null {
  if (!Array.isArray(json)) return null
  return json.some(Array.isArray) ? json.map((item: Json) => shapeOf(item, id)) : [shapeOf(json as readonly Json[], id)]
}
