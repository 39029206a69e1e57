/** @file JSON as code uses it: text that is known is read, and a copy through text (`JSON.parse(JSON.stringify(x))`) is a copy. */
import type { Value } from "../value"
import { arrayOf, native, objectOf, primitive, unknown } from "../value"

/** Key of what a text was made of, where the text itself is not known. */
const madeOf = "\u0000json"

export function jsonObject(): Value {
  return objectOf([
    ["parse", native("JSON.parse", ([text]) => (text === undefined ? unknown("JSON of nothing") : parse(text)))],
    ["stringify", native("JSON.stringify", ([value]) => (value === undefined ? unknown("JSON of nothing") : textOf(value)))],
  ])
}

function parse(text: Value): Value {
  if (text.kind === "unknown") {
    const from = text.properties.get(madeOf)
    return from === undefined ? unknown("data from JSON", text.name, [text]) : copyOf(from)
  }
  if (text.kind !== "primitive" || typeof text.value !== "string") return unknown("data from JSON", null, [text])
  try {
    return valueOf(JSON.parse(text.value) as unknown)
  } catch {
    return unknown("text that is no JSON")
  }
}

function valueOf(data: unknown): Value {
  if (Array.isArray(data)) return arrayOf(data.map(valueOf))
  if (typeof data === "object" && data !== null) return objectOf(Object.entries(data).map(([key, item]): [string, Value] => [key, valueOf(item)]))
  return primitive(data as string | number | boolean | null)
}

/** A text nobody needs letter by letter: it remembers what it was made of. */
function textOf(value: Value): Value {
  const text = unknown("text made of data", "text", [value])
  text.properties.set(madeOf, value)
  return text
}

/** The data in a value; what JSON leaves out, such as functions and tensors, is unknown. */
function copyOf(value: Value): Value {
  if (value.kind === "primitive" || value.kind === "dim") return value
  if (value.kind === "array") return arrayOf(value.items.map(copyOf))
  if (value.kind !== "object") return value.kind === "unknown" ? value : unknown("data from JSON", null, [value])
  return objectOf(
    [...value.fields].flatMap(([key, item]): [string, Value][] => {
      if (item.kind === "function" || item.kind === "native" || (key.startsWith("\u0000") && key !== "\u0000rest")) return []
      return [[key, copyOf(item)]]
    }),
  )
}
