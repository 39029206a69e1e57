/**
 * @file A definition whose sizes come from its arguments is read twice: as it stands, and with a call at the end of the file that hands in
 * the arguments of the list. Here the call is written; the rest of the file stays as it is, so that lines stay, too.
 */
import ts from "typescript"
import type { Entry } from "./list"

/** The name that the call gives its result. */
export const resultName = "corpusResult"

interface Binding {
  /** ["inputShape"], or ["labels", "length"] and ["xTrain", "shape", "1"] for what is inside an argument. */
  readonly path: readonly string[]
  readonly value: string
}

/** The text to append to the source, or null where the arguments of the list are none of the definition's. */
export function callText(file: ts.SourceFile, { args, name, lines }: Entry): string | null {
  const found = findDefinition(file, name, lines)
  if (found === null) return null
  const [, units, activation] = /^then Dense\((\d+), (\w+)\)/.exec(args) ?? []
  if (units !== undefined) {
    // The definition adds its layers to a model that it is given, and its caller adds the last one.
    const last = `tf.layers.dense({ units: ${units}, activation: "${activation}" })`
    return `\n;const ${resultName} = tf.sequential(); ${found.name}(${resultName}); ${resultName}.add(${last});\n`
  }
  const bindings = parseArguments(args)
  if (bindings.length === 0) return null
  const globals = bindings.filter(({ path }) => isVariable(file, path[0]))
  const assign = globals.map(({ path: [name, ...inside], value }) => `${name} = ${wrap(inside, value)};`).join(" ")
  const left = bindings.filter((binding) => !globals.includes(binding))
  const own = argumentTexts(file, found.parameters, left)
  if (found.owner === null) {
    if (bindings.length > 0 && own === null && globals.length === 0) return null
    return `\n;${assign} const ${resultName} = ${found.name}(${(own ?? []).join(", ")});\n`
  }
  const made = argumentTexts(file, found.owner.parameters, left)
  if (own === null && made === null && globals.length === 0) return null
  const instance = `new ${found.owner.name}(${(made ?? []).join(", ")})`
  return `\n;${assign} const ${resultName} = ${instance}.${found.name}(${(own ?? []).join(", ")});\n`
}

/** Reads "inputShape=[9], labels.length=3", "{a: 1, b: 2}" and "blockSize 11, nEmbd 48"; words without a value stand for themselves. */
export function parseArguments(list: string): readonly Binding[] {
  const inside = /^\{(.*)\}$/s.exec(list.trim())?.[1].replaceAll(":", "=") ?? list
  return splitOutside(inside).flatMap((part): Binding[] => {
    const match = /^([\w$.[\]]+)\s*(?:=|\s)\s*(.+)$/s.exec(part.trim()) ?? /^([\w$]+)()$/.exec(part.trim())
    if (match === null) return []
    const [, text, value] = match
    const path = text.split(/[.[\]]+/).filter((step) => step !== "")
    return [{ path, value: value === "" ? text : isLiteral(value) ? value : JSON.stringify(value) }]
  })
}

const isLiteral = (value: string): boolean => /^(-?[\d.]+(e-?\d+)?|true|false|null|undefined|\[.*\]|\{.*\}|'.*'|".*")$/s.test(value)

/** Parts between commas that no bracket and no quote encloses; brackets inside brackets do not occur in lists. */
const splitOutside = (text: string): readonly string[] =>
  (text.match(/(?:'[^']*'|"[^"]*"|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)|[^,])+/g) ?? []).filter((part) => part.trim() !== "")

/** A value inside records and lists: wrap(["shape", "1"], "4") is "{ shape: [undefined, 4] }". */
function wrap(path: readonly string[], value: string): string {
  const [first, ...rest] = path
  if (first === undefined) return value
  const inner = wrap(rest, value)
  return /^\d+$/.test(first) ? `[${"undefined, ".repeat(Number(first))}${inner}]` : `{ ${first}: ${inner} }`
}

type Parameters = readonly ts.ParameterDeclaration[]

/** One text for each parameter, or null when nothing of the list fits one. */
function argumentTexts(file: ts.SourceFile, parameters: Parameters, bindings: readonly Binding[]): readonly string[] | null {
  const names = parameters.map(({ name }) => (ts.isIdentifier(name) ? name.text : null))
  const recordOf = (held: readonly Binding[]): string => `{ ${held.map(({ path, value }) => `${path.at(-1)}: ${value}`).join(", ")} }`
  const fitting = bindings.filter(({ path }) => names.includes(path[0]))
  if (fitting.length === 0) {
    const [first] = parameters
    // A single parameter that holds all of them is a configuration.
    const takesRecord = parameters.length === 1 && (ts.isObjectBindingPattern(first.name) || bindings.length > 1)
    // Parameters named like functions of the file get what those return: vae(encoder, decoder).
    const makers = names.map((name) => (name === null ? null : findDefinition(file, name, [1, Infinity])))
    const made = makers.map((maker) => (maker === null ? null : argumentTexts(file, maker.parameters, bindings)))
    if (names.length > 0 && made.every((texts) => texts !== null)) return made.map((texts, i) => `${names[i]}(${texts.join(", ")})`)
    return takesRecord ? [recordOf(bindings)] : null
  }
  const texts = names.map((name) => {
    const held = fitting.filter(({ path }) => path[0] === name)
    if (held.length === 0) return "undefined"
    return held.length === 1 ? wrap(held[0].path.slice(1), held[0].value) : recordOf(held)
  })
  return texts.slice(0, texts.findLastIndex((text) => text !== "undefined") + 1)
}

interface Definition {
  readonly name: string
  readonly parameters: Parameters
  /** The class whose method it is. */
  readonly owner: { readonly name: string; readonly parameters: Parameters } | null
}

/** The function or method of that name ("Network.build", "add(model)") that begins in the lines. */
function findDefinition(file: ts.SourceFile, title: string, [from, to]: Entry["lines"]): Definition | null {
  const wanted = /([\w$]+)\s*(\(.*)?$/.exec(title.replace(/\(.*$/s, ""))?.[1]
  const found: Definition[] = []
  const visit = (node: ts.Node, owner: ts.ClassDeclaration | null): void => {
    if (ts.isClassDeclaration(node)) return ts.forEachChild(node, (child) => visit(child, node))
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    const named = namedFunction(node)
    if (named !== null && named.name === wanted && line >= from - 1 && line <= to) {
      const constructor = owner?.members.find(ts.isConstructorDeclaration)
      found.push({ ...named, owner: owner?.name === undefined ? null : { name: owner.name.text, parameters: constructor?.parameters ?? [] } })
    }
    // What stands inside another function cannot be called from the end of the file.
    if (named === null) ts.forEachChild(node, (child) => visit(child, owner))
  }
  visit(file, null)
  return found.at(0) ?? null
}

function namedFunction(node: ts.Node): Omit<Definition, "owner"> | null {
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name !== undefined && ts.isIdentifier(node.name))
    return { name: node.name.text, parameters: node.parameters }
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name) || node.initializer === undefined) return null
  const made = node.initializer
  return ts.isArrowFunction(made) || ts.isFunctionExpression(made) ? { name: node.name.text, parameters: made.parameters } : null
}

/** Whether the file declares a variable of that name at its top that may be assigned. */
const isVariable = (file: ts.SourceFile, name: string): boolean =>
  file.statements.some(
    (statement) =>
      ts.isVariableStatement(statement) &&
      (statement.declarationList.flags & ts.NodeFlags.Const) === 0 &&
      statement.declarationList.declarations.some((declared) => ts.isIdentifier(declared.name) && declared.name.text === name),
  )
