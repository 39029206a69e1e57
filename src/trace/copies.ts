/**
 * @file Networks that nobody trains, which training code writes all the same: a target network that is given the weights of another one. It is one
 * where it is made for itself, under no second name, and where nothing that is said of it trains it. Syntax only.
 */
import type * as TypeScript from "typescript"
import { isWithin, lastName, resultsOf } from "../source/nodes"
import { declarationOf, functionName, listOf, storedName, type Names } from "./receivers"
import { withoutCasts } from "./trainers"

const maximumDepth = 4
/** What tfjs or a class keeps weights and layers in. */
const parts = /^(layers|weights|trainableWeights|nonTrainableWeights|variables|getWeights|getLayer)$/
/** What trains a network, or makes it a part of another one. */
const joins = /^(fit|train(?!able$)|learn|update|step|optimi[sz]e|minimize|inputs?$|outputs?$|apply$)/i

/** What several files say of their names, and all names that lead to what they differentiate. */
export interface Files {
  readonly names: Names
  readonly differentiated: ReadonlySet<string>
}

/** What another network may be made of. */
const shared = /^(layers|inputs?|outputs?|getLayer|weights)$/

/** Whether what is written belongs to a network of its own that is never trained. */
export function isApart(ts: typeof TypeScript, files: Files, receiver: TypeScript.Expression, depth = maximumDepth): boolean {
  const node = withoutCasts(ts, receiver)
  if (depth === 0) return false
  if (ts.isElementAccessExpression(node)) return isApart(ts, files, node.expression, depth - 1)
  if (ts.isCallExpression(node)) {
    const { expression: callee } = node
    return ts.isPropertyAccessExpression(callee) && parts.test(callee.name.text) && isApart(ts, files, callee.expression, depth - 1)
  }
  if (ts.isPropertyAccessExpression(node)) {
    const { expression: object, name } = node
    return isNamedApart(ts, files, name.text, depth) || (object.kind !== ts.SyntaxKind.ThisKeyword && isApart(ts, files, object, depth - 1))
  }
  if (!ts.isIdentifier(node)) return false
  const declared = declarationOf(ts, node)
  if (declared !== null && ts.isParameter(declared)) return isHandedApart(ts, files, declared, depth)
  const { parent: list } = declared ?? { parent: undefined }
  if (list !== undefined && ts.isVariableDeclarationList(list) && ts.isForOfStatement(list.parent))
    return isApart(ts, files, list.parent.expression, depth - 1)
  return isNamedApart(ts, files, node.text, depth)
}

/** Whether every call hands such a network over, or a list of its parts calls the function. */
function isHandedApart(ts: typeof TypeScript, files: Files, parameter: TypeScript.ParameterDeclaration, depth: number): boolean {
  const fn = parameter.parent, index = fn.parameters.indexOf(parameter), list = listOf(ts, fn)
  if (list !== null) return index === 0 && isApart(ts, files, list, depth - 1)
  const name = functionName(ts, fn), mentions = name === null ? [] : (files.names.mentioned.get(name) ?? [])
  return mentions.length > 0 && ts.isIdentifier(parameter.name) && parameter.dotDotDotToken === undefined && mentions.every((mention) => {
    const whole = wholeOf(ts, mention), { parent } = whole
    if (ts.isImportSpecifier(parent)) return parent.propertyName === undefined
    return ts.isCallExpression(parent) && parent.expression === whole && parent.arguments.length > index &&
      !parent.arguments.slice(0, index + 1).some((argument) => ts.isSpreadElement(argument)) &&
      isApart(ts, files, parent.arguments[index], depth - 1)
  })
}

function isNamedApart(ts: typeof TypeScript, { names, differentiated }: Files, name: string, depth: number): boolean {
  const mentions = names.mentioned.get(name) ?? []
  const flags = mentions.map((mention) => isFrozen(ts, mention))
  if (differentiated.has(name) && (!flags.includes(true) || flags.includes(null))) return false
  const given = names.given.get(name) ?? []
  return given.some((node) => !isNothing(ts, node)) && given.every((node) => isNothing(ts, node) || isMadeFor(ts, names, node, depth)) &&
    mentions.every((mention) => isLeftAlone(ts, names, mention, depth))
}

/** `target.trainable = false`, and null where it is given anything else. */
function isFrozen(ts: typeof TypeScript, mention: TypeScript.Node): boolean | null {
  const { parent } = wholeOf(ts, mention)
  const isFlag = ts.isPropertyAccessExpression(parent) && parent.name.text === "trainable"
  if (!isFlag || !ts.isBinaryExpression(parent.parent) || parent.parent.left !== parent) return false
  return parent.parent.right.kind === ts.SyntaxKind.FalseKeyword ? true : null
}

const wholeOf = (ts: typeof TypeScript, mention: TypeScript.Node): TypeScript.Node =>
  ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention ? mention.parent : mention

const isNothing = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === "undefined")

/** Whether an expression makes a network of its own: it is built there, of nothing that belongs to another one. */
function isMadeFor(ts: typeof TypeScript, names: Names, written: TypeScript.Node, depth: number): boolean {
  if (depth === 0 || !ts.isExpression(written)) return false
  const plain = withoutCasts(ts, written), node = ts.isAwaitExpression(plain) ? withoutCasts(ts, plain.expression) : plain
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].every((way) => isMadeFor(ts, names, way, depth - 1))
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return false
  if (sharesParts(ts, names, node, depth)) return false
  const name = lastName(ts, node.expression)
  const given = (name === null ? [] : (names.given.get(name) ?? [])).filter((found) => ts.isFunctionLike(found) || ts.isClassLike(found))
  if (ts.isNewExpression(node)) return given.length > 0 && given.every((found) => ts.isClassLike(found) && !sharesParts(ts, names, found, depth))
  if (given.length === 0) return /^tf\.(sequential|model|loadLayersModel|models\.modelFromJSON)$/.test(node.expression.getText())
  return given.every((fn) => {
    const results = ts.isFunctionLike(fn) ? resultsOf(ts, fn) : []
    return results.length > 0 && !sharesParts(ts, names, fn, depth) && results.every((result) => {
      const made = ts.isExpression(result) ? withoutCasts(ts, result) : result
      const declared = ts.isIdentifier(made) ? declarationOf(ts, made) : null
      if (declared === null) return isMadeFor(ts, names, made, depth - 1)
      return ts.isVariableDeclaration(declared) && declared.initializer !== undefined && isWithin(declared, fn) &&
        isMadeFor(ts, names, declared.initializer, depth - 1)
    })
  })
}

/** Whether code takes parts of a network that is there: its layers, its inputs and outputs, or the network itself. */
function sharesParts(ts: typeof TypeScript, names: Names, code: TypeScript.Node, depth: number): boolean {
  let found = false
  const visit = (node: TypeScript.Node): void => {
    if (found) return
    const isField = ts.isPropertyAccessExpression(node)
    if (isField && shared.test(node.name.text) && node.expression.getText() !== "tf") found = true
    const isArgument = (ts.isIdentifier(node) || isField) && ts.isCallExpression(node.parent) && node.parent.expression !== node
    const name = isArgument ? storedName(ts, node) : null
    const declared = ts.isIdentifier(node) ? declarationOf(ts, node) : null
    // What is made in the code itself is its own.
    if (name !== null && !(declared !== null && isWithin(declared, code)))
      found ||= (names.given.get(name) ?? []).some((made) => isMadeFor(ts, names, made, depth - 1))
    ts.forEachChild(node, visit)
  }
  visit(code)
  return found
}

/** Whether a mention of a network neither trains it nor gives it a second name. */
function isLeftAlone(ts: typeof TypeScript, names: Names, mention: TypeScript.Node, depth: number): boolean {
  const whole = wholeOf(ts, mention), { parent } = whole
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === whole && !joins.test(parent.name.text)
  if (ts.isBinaryExpression(parent)) return parent.left === whole || /^[=!<>]=/.test(parent.operatorToken.getText())
  if (ts.isCallExpression(parent)) {
    if (parent.expression === whole) return true
    if (/^tf\.dispose$/.test(parent.expression.getText())) return true
    const name = lastName(ts, parent.expression), index = parent.arguments.indexOf(whole as TypeScript.Expression)
    const functions = (name === null ? [] : (names.given.get(name) ?? []))
    return depth > 0 && functions.length > 0 && index >= 0 && functions.every((fn) => {
      const parameter = ts.isFunctionLike(fn) && "parameters" in fn ? (fn.parameters as readonly TypeScript.ParameterDeclaration[])[index] : undefined
      if (parameter === undefined || !ts.isIdentifier(parameter.name) || parameter.dotDotDotToken !== undefined) return false
      const own = (names.mentioned.get(parameter.name.text) ?? []).filter((inner) => isWithin(inner, fn))
      return own.every((inner) => isLeftAlone(ts, names, inner, depth - 1))
    })
  }
  return ts.isIfStatement(parent) || ts.isPrefixUnaryExpression(parent) || ts.isTypeNode(parent) || ts.isImportSpecifier(parent)
}
