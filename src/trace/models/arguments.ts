/**
 * @file What a forward method, constructor or factory is called with when nothing in the source calls it: inputs of stated or guessed shape,
 * sizes as symbols.
 */
import type * as TypeScript from "typescript"
import type { Context, State } from "../context"
import type { Dim } from "../../schema/report"
import type { FunctionLike } from "../../source/forms"
import type { TensorValue, UnknownValue, Value } from "../value"
import { arrayOf, givenUnknown, objectOf, openParameter, primitive, tfValue, undefinedValue } from "../value"
import { assume, freshSymbol, place } from "../context"
import { makeInput } from "../tensor"
import { markSymbolic } from "../layers/mask"
import { openShape } from "../rank"
import { makeWeight } from "../weight"
import { readParameterType, returnedTypeOf } from "../../source/forms"
import { requiredTensors, settingsArgument } from "./settings"
import { returnedArgument } from "./returned"
import { readShapeTags } from "../../source/jsdoc"
import { standsForTfjs } from "../../source/tfjsType"

/** Ranks to take for inputs whose rank nobody states. */
export interface Guess {
  readonly rank: number
  /** By input name, where the code has told. */
  readonly ranks: ReadonlyMap<string, number>
  /** Parameters without a type that the code uses as tensors. */
  readonly tensors: ReadonlySet<string>
  /** Whether what the type of a constructor's configuration leaves optional is taken to be left out. */
  readonly leaveOut?: true
  /** Shapes the input had where the source does call this. */
  readonly shapes?: readonly (readonly Dim[])[]
}

export interface Arguments {
  readonly values: readonly Value[]
  readonly inputs: readonly TensorValue[]
  /** Inputs whose rank was guessed. */
  readonly guessed: readonly TensorValue[]
}

/** Arguments for a function that computes a network's output. `expectsTensors`: an untyped first parameter is an input. */
export function forwardArguments(context: Context, node: FunctionLike, guess: Guess, expectsTensors: boolean): Arguments {
  const { ts } = context,
    tags = readShapeTags(ts, node)
  const inputs: TensorValue[] = [],
    guessed: TensorValue[] = []
  const batch = freshSymbol(context, "batch")
  const tensor = (name: string, rank: number | null, at: TypeScript.Node): TensorValue => {
    const shape = inputShape(context, name, rank, tags.get(name), guess, batch, inputs.length)
    const x = makeInput(context, name, shape.dims, "real", at)
    inputs.push(x)
    if (shape.guessed) {
      guessed.push(x)
      context.state.guesses.add(x)
    }
    return x
  }
  const stand = (name: string): UnknownValue => {
    const value = givenUnknown(`the parameter '${name}' is not known`, name)
    value.properties.set(openParameter, undefinedValue)
    return value
  }
  const valueFor = (parameter: TypeScript.ParameterDeclaration, i: number): Value => {
    const type = readParameterType(ts, context.program, parameter)
    const tagged = ts.isIdentifier(parameter.name) && tags.has(parameter.name.text)
    const returned = type.kind === "other" && !tagged ? returnedArgument(context, parameter, (made) => constructionArguments(context, made)) : null
    if (returned !== null) return returned
    if (ts.isObjectBindingPattern(parameter.name))
      return objectOf(
        parameter.name.elements.flatMap((element): [string, Value][] => {
          const key = (element.propertyName ?? element.name).getText()
          return element.initializer !== undefined && !tags.has(key)
            ? []
            : [[key, tags.has(key) || guess.tensors.has(key) ? tensor(key, null, element) : stand(key)]]
        }),
      )
    // `call([x, condition])` takes a list of inputs.
    if (ts.isArrayBindingPattern(parameter.name) && expectsTensors && i === 0)
      return arrayOf(
        parameter.name.elements.map((element, k) => {
          return ts.isBindingElement(element) ? tensor(element.name.getText(), null, element) : stand(`input ${k}`)
        }),
      )
    const name = parameter.name.getText()
    if (isTfjsParameter(context, parameter)) return tfValue("")
    if (/^(is_?)?train(ing)?$/i.test(name)) {
      assume(context, `'${name}' is taken to be true`)
      return primitive(true)
    }
    if (tags.has(name)) return tensor(name, type.kind === "tensor" ? type.rank : null, parameter.name)
    if (type.kind === "tensor") {
      if (
        parameter.dotDotDotToken !== undefined ||
        (/\[\]\s*$/.test(parameter.type?.getText() ?? "") && !/\|/.test(parameter.type?.getText() ?? ""))
      ) {
        return arrayOf(Array.from({ length: listLength(ts, node, name) }, (_, k) => tensor(`${name}.${k}`, type.rank, parameter.name)))
      }
      if (parameter.initializer !== undefined || parameter.questionToken !== undefined) {
        assume(context, `'${name}' is taken to be left out`)
        return undefinedValue
      }
      return type.variable ? variableArgument(context, name, type.rank, parameter) : tensor(name, type.rank, parameter.name)
    }
    if (parameter.initializer !== undefined || parameter.questionToken !== undefined) return undefinedValue
    if (/^(kwargs|opts|options)$/.test(name)) {
      const given = requiredTensors(context, parameter).map(({ name: key, rank }): [string, Value] => [key, tensor(key, rank, parameter.name)])
      return objectOf([["training", primitive(true)], ...given])
    }
    const settings = settingsArgument(context, parameter)
    if (settings !== null) return settings
    const open = (text: string): boolean => mayBeTensor(text) || returnedTypeOf(ts, context.program, parameter) !== null
    const untyped = type.kind === "none" || (type.kind === "other" && open(type.text))
    if (untyped && (guess.tensors.has(name) || (expectsTensors && i === 0))) {
      const length = i === 0 ? listInputs(ts, node, name) : 0
      if (length > 1) return arrayOf(Array.from({ length }, (_, k) => tensor(`${name}.${k}`, null, parameter.name)))
      return tensor(name, null, parameter.name)
    }
    return stand(name)
  }
  const values = node.parameters.filter((p) => !(ts.isIdentifier(p.name) && p.name.text === "this")).map(valueFor)
  return { values, inputs, guessed }
}

/** A parameter that stands for the symbolic input of what is built: by its type, or since it is listed as a model's input. */
function isSymbolicInput({ ts }: Context, { name, type, parent, questionToken }: TypeScript.ParameterDeclaration): boolean {
  if (questionToken !== undefined || !ts.isIdentifier(name)) return false
  if (type !== undefined) return /^([\w.]+\.)?SymbolicTensor$/.test(type.getText())
  const body = (parent as FunctionLike).body?.getText() ?? ""
  const own = name.text.replace(/\$/g, "\\$&"), listed = `\\binputs\\s*:\\s*(\\[[^\\]]*)?(?<![\\w$.])${own}\\s*[,}\\]]`
  const shorthand = own === "inputs" ? "|(?<![\\w$.])inputs\\s*[,}]" : ""
  return /\bmodel\s*\(/.test(body) && new RegExp(listed + shorthand).test(body)
}

/** An input with as many axes as the layers on it read. */
const symbolicInput = (context: Context, name: string, at: TypeScript.Node): Value =>
  markSymbolic(makeInput(context, name, openShape(context, ["batch"], givenUnknown(`the parameter '${name}' is not known`, name), name), "real", at))

/** A parameter that is tfjs itself, by its usual names or by its type. */
const isTfjsParameter = ({ ts, program }: Context, { name, type }: TypeScript.ParameterDeclaration): boolean =>
  /^(tf|tfjs)$/.test(name.getText()) || standsForTfjs(ts, program, type)

/** A weight handed in as an argument: its sizes are symbols. */
function variableArgument(context: Context, name: string, rank: number | null, parameter: TypeScript.ParameterDeclaration): Value {
  const at = place(context, parameter.name)
  const tensor = makeWeight(context, {
    label: name,
    shape: Array.from({ length: rank ?? 2 }, (_, i) => freshSymbol(context, `${name}.${i}`)),
    place: at,
  })
  if (tensor.source.kind === "weight") tensor.source.weight.name = { text: name, place: at }
  return tensor
}

interface InputShape {
  readonly dims: readonly Dim[]
  readonly guessed: boolean
}

function inputShape(
  context: Context,
  name: string,
  typeRank: number | null,
  tag: readonly (Dim | null)[] | undefined,
  guess: Guess,
  batch: string,
  index: number,
): InputShape {
  const openSize = (axis: number): Dim => freshSymbol(context, `${name}.${axis}`)
  if (tag !== undefined)
    return { dims: tag.map((d, i) => (d === null ? openSize(i) : typeof d === "number" ? d : symbolFor(context, d, batch))), guessed: false }
  const known = guess.shapes?.[index]
  if (known !== undefined) return { dims: known, guessed: false }
  // What the code does with a tensor tells more than a type, which is gone at run time.
  const met = guess.ranks.get(name), rank = met ?? typeRank ?? guess.rank
  if (typeRank !== null && rank !== typeRank) assume(context, `'${name}' has ${rank} axes, as the code needs, not the ${typeRank} of its type`)
  return { dims: Array.from({ length: rank }, (_, i) => (i === 0 && rank > 1 ? batch : openSize(i))), guessed: typeRank === null }
}

/** One symbol for each name in a @shape tag; it may still be solved when it meets a weight's size. */
function symbolFor(context: Context, name: string, batch: string): Dim {
  if (name === "batch") return batch
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return name
  const calls = tagSymbols.get(context.state) ?? new Map<string, Map<string, string>>()
  tagSymbols.set(context.state, calls)
  const held = calls.get(batch) ?? new Map<string, string>()
  calls.set(batch, held)
  const symbol = held.get(name) ?? freshSymbol(context, name)
  held.set(name, symbol)
  return symbol
}
/** Symbols of the tags of one call, by trace and that call's batch symbol. */
const tagSymbols = new WeakMap<State, Map<string, Map<string, string>>>()

/** A type by a name that nothing here explains: a type parameter, an imported alias, `any`. */
const mayBeTensor = (text: string): boolean => /^(any|unknown|[A-Z]\w*)$/.test(text.trim()) && !plainObjects.has(text.trim())
const plainObjects = new Set(["Array", "Record", "Map", "Set", "Function", "Promise", "String", "Number", "Boolean", "Date"])

/** How many tensors an untyped parameter lists, where the body treats it as a list throughout; 0 where it does not. */
function listInputs(ts: typeof TypeScript, node: FunctionLike, name: string): number {
  const body = node.body?.getText() ?? ""
  const destructured = listLength(ts, node, name)
  // Code for one tensor or a list gets one, unless it has a use for more.
  if (new RegExp(`isArray\\(\\s*${name}\\b`).test(body)) return new RegExp(`\\b${name}\\[[1-9]`).test(body) ? destructured : 0
  if (new RegExp(`\\b${name}\\s*\\.(map|forEach|reduce)\\(|\\b${name}\\.slice\\(\\s*1\\s*\\)`).test(body)) return Math.max(2, destructured)
  return destructured > 1 ? destructured : 0
}

/** How many items of a list parameter the body takes: a destructuring pattern's length or the largest literal index. */
function listLength(ts: typeof TypeScript, node: FunctionLike, name: string): number {
  let length = 1
  const listOrMapped = new RegExp(`^${name.replace(/\$/g, "\\$")}(\\.map\\(.*\\))?$`, "s")
  const visit = (child: TypeScript.Node): void => {
    if (ts.isVariableDeclaration(child) && ts.isArrayBindingPattern(child.name) && listOrMapped.test(child.initializer?.getText() ?? ""))
      length = Math.max(length, child.name.elements.length)
    if (ts.isElementAccessExpression(child) && child.expression.getText() === name && ts.isNumericLiteral(child.argumentExpression))
      length = Math.max(length, Number(child.argumentExpression.text) + 1)
    ts.forEachChild(child, visit)
  }
  if (node.body !== undefined) visit(node.body)
  return Math.min(length, 16)
}

/** Arguments for a constructor or factory: numbers become sizes named after the parameter. */
export function constructionArguments(context: Context, node: TypeScript.SignatureDeclaration | undefined, leaveOut = false): readonly Value[] {
  const { ts } = context
  return (node?.parameters ?? []).map((parameter): Value => {
    const returned = parameter.initializer === undefined ? returnedArgument(context, parameter, (made) => constructionArguments(context, made)) : null
    if (returned !== null) return returned
    if (ts.isObjectBindingPattern(parameter.name)) {
      if (parameter.initializer !== undefined) return undefinedValue
      return objectOf(
        parameter.name.elements.flatMap((element): [string, Value][] => {
          const key = (element.propertyName ?? element.name).getText()
          return element.initializer === undefined ? [[key, givenUnknown(`'${key}' is not known`, key)]] : []
        }),
      )
    }
    const name = parameter.name.getText()
    if (isTfjsParameter(context, parameter)) return tfValue("")
    if (parameter.initializer !== undefined) return undefinedValue
    if (isSymbolicInput(context, parameter)) return symbolicInput(context, name, parameter)
    if (parameter.questionToken !== undefined && parameter.type?.kind !== ts.SyntaxKind.NumberKeyword) return undefinedValue
    if (parameter.type !== undefined && ts.isTupleTypeNode(parameter.type)) return tupleOf(ts, parameter.type, name)
    return (leaveOut ? settingsArgument(context, parameter) : null) ?? givenUnknown(`the parameter '${name}' is not known`, name)
  })
}

/** `[height: number, width: number]`: as many unknown values as the type says. */
const tupleOf = (ts: typeof TypeScript, type: TypeScript.TupleTypeNode, name: string): Value =>
  arrayOf(
    type.elements.map((element, i) => {
      const own = ts.isNamedTupleMember(element) ? element.name.text : `${name}.${i}`
      return givenUnknown(`'${own}' is not known`, own)
    }),
  )
