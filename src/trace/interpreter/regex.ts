/**
 * @file Regular expressions on known text. They are the analyzed code's own, so that only short patterns without nested repetition run, on short
 * text: none can take long. Anything else is unknown.
 */
import type { Value } from "../value"
import { arrayOf, native, nullValue, objectOf, primitive, stringIn, unknown } from "../value"

const patternKey = "\u0000pattern",
  flagsKey = "\u0000flags"
const longestPattern = 120,
  longestText = 200,
  mostRepetitions = 4,
  mostOptional = 8

/** The value of a literal such as /a+b/g. */
export function regexValue(literal: string): Value {
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(literal)
  if (parts === null) return unknown("a regular expression")
  const [, pattern, flags] = parts
  const value = objectOf([
    [patternKey, primitive(pattern)],
    [flagsKey, primitive(flags)],
    ["source", primitive(pattern)],
    ["flags", primitive(flags)],
  ])
  const on = (run: (text: string, regex: RegExp) => Value): Value =>
    native("a method of a regular expression", ([given]) => {
      const text = given === undefined ? null : stringIn(given),
        regex = regexOf(value)
      return text === null || regex === null || text.length > longestText ? unknown("a regular expression on something unknown") : run(text, regex)
    })
  value.fields.set(
    "test",
    on((text, regex) => primitive(regex.test(text))),
  )
  value.fields.set(
    "exec",
    on((text, regex) => matchValue(regex.exec(text))),
  )
  return value
}

/** The expression behind a value, if it is harmless. */
export function regexOf(value: Value | undefined): RegExp | null {
  if (value?.kind !== "object") return null
  const pattern = value.fields.get(patternKey),
    flags = value.fields.get(flagsKey)
  const source = pattern === undefined ? null : stringIn(pattern)
  if (source === null || flags === undefined || source.length > longestPattern) return null
  const bare = source.replace(/\\./g, "_").replace(/\[[^\]]*\]/g, "_")
  const repetitions = bare.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0
  const optional = bare.match(/(?<![*+?}(])\?/g)?.length ?? 0
  // A choice or a repetition inside a repeated group may backtrack without end.
  const isNested = /\)[*+{]/.test(bare.replace(/\((?:\?:)?[^()|*+?{]*\)[*+{]/g, "_"))
  if (repetitions > mostRepetitions || optional > mostOptional || isNested || /\(\?<?[=!]|\\\d/.test(source)) return null
  try {
    return new RegExp(source, stringIn(flags) ?? "")
  } catch {
    return null
  }
}

const matchValue = (found: readonly (string | undefined)[] | null): Value =>
  found === null ? nullValue : arrayOf(found.map((part) => primitive(part)))

/** text.match(/…/) and its kin; null where the method takes no regular expression or the arguments are not known. */
export function textWithRegex(text: string, method: string, args: readonly Value[]): Value | null {
  const regex = regexOf(args[0])
  if (regex === null || text.length > longestText) return null
  const second = args[1] === undefined ? null : stringIn(args[1])
  switch (method) {
    case "match":
      return matchValue(text.match(regex))
    case "matchAll":
      return regex.flags.includes("g") ? arrayOf([...text.matchAll(regex)].map((found) => matchValue(found))) : null
    case "search":
      return primitive(text.search(regex))
    case "split":
      return arrayOf(text.split(regex).map((part) => primitive(part)))
    case "replace":
      return second === null ? null : primitive(text.replace(regex, second))
    case "replaceAll":
      return second === null || !regex.flags.includes("g") ? null : primitive(text.replaceAll(regex, second))
    default:
      return null
  }
}
