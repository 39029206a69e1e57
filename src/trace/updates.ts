/**
 * @file Whether a weight is given a value that is made of its own: clipped, decayed, averaged. Such code is meant to run again; what gives a weight
 * a value from elsewhere loads it, and training starts there. Syntax only.
 */
import type * as TypeScript from "typescript"
import { declarationOf, functionName, listOf, storedName, type Names } from "./receivers"
import { withoutCasts } from "./trainers"

const maximumDepth = 6
/** What gives out the weights of a network. */
const givesWeights = /^(getWeights|trainableWeights|weights|variables|trainableVariables|registeredVariables|layers)$/

/** Whether what is given mentions what is written, directly or through variables and parameters; true where neither can be seen. */
export function changesItself(
  ts: typeof TypeScript, names: Names, receiver: TypeScript.Expression | null, given: readonly TypeScript.Expression[],
): boolean {
  if (receiver === null || given.length === 0) return true
  const written = withoutCasts(ts, receiver), own = textOf(written), name = storedName(ts, written), root = rootOf(ts, written)
  const seen = new Set<TypeScript.Node>()
  let found = false
  const visit = (node: TypeScript.Node, depth: number): void => {
    if (found || seen.has(node)) return
    seen.add(node)
    if (ts.isExpression(node) && node !== receiver && textOf(node) === own && !isLabel(ts, node)) {
      found = true
      return
    }
    if (ts.isPropertyAccessExpression(node) && (node.name.text === name || givesWeights.test(node.name.text)) && !isForeign(node)) {
      found = true
      return
    }
    if (ts.isIdentifier(node) && depth > 0 && !isLabel(ts, node)) behind(node).forEach((from) => visit(from, depth - 1))
    if (!ts.isTypeNode(node)) ts.forEachChild(node, (child) => visit(child, depth))
  }
  /** Another object's weights, handed to the function that writes. */
  const isForeign = (node: TypeScript.Expression): boolean => {
    const from = rootOf(ts, node), declared = from === null ? null : declarationOf(ts, from)
    if (from === null || from.text === root?.text) return false
    return declared !== null && (ts.isParameter(declared) || (root !== null && declarationOf(ts, root) !== declared && root.text !== from.text))
  }
  const behind = (node: TypeScript.Identifier): readonly TypeScript.Node[] => {
    const declared = declarationOf(ts, node)
    if (declared === null) return []
    if (ts.isParameter(declared)) return handedTo(ts, names, declared)
    if (!ts.isVariableDeclaration(declared)) return []
    const { parent: list } = declared
    const round = ts.isVariableDeclarationList(list) ? list.parent : list
    const from = ts.isForOfStatement(round) || ts.isForInStatement(round) ? [round.expression] : []
    // What is put into a list, or given later.
    const later = (names.given.get(node.text) ?? []).filter((put) => put.getSourceFile() === node.getSourceFile() && put !== declared.initializer)
    return [...(declared.initializer === undefined ? [] : [declared.initializer]), ...from, ...later]
  }
  for (const node of given) visit(node, maximumDepth)
  // A weight that its own list gives out: the list is mentioned where the value is made.
  if (!found && root !== null && ts.isIdentifier(written)) {
    const declared = declarationOf(ts, written), list = declared !== null && ts.isParameter(declared) ? listOf(ts, declared.parent) : null
    const item = list === null ? null : textOf(list)
    if (item !== null) found = given.some((node) => textOf(node).includes(item))
  }
  return found
}

const textOf = (node: TypeScript.Node): string => node.getText().replace(/\s+|!|\?(?=\.)/g, "")

/** Whether a name only labels a field or property. */
const isLabel = (ts: typeof TypeScript, node: TypeScript.Node): boolean =>
  (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) || (ts.isPropertyAssignment(node.parent) && node.parent.name === node)

/** The variable that an expression starts from; null for `this` and for what is made on the spot. */
function rootOf(ts: typeof TypeScript, node: TypeScript.Expression): TypeScript.Identifier | null {
  const plain = withoutCasts(ts, node)
  if (ts.isPropertyAccessExpression(plain) || ts.isElementAccessExpression(plain) || ts.isCallExpression(plain)) return rootOf(ts, plain.expression)
  return ts.isIdentifier(plain) ? plain : null
}

/** What the calls of a function give one of its parameters; the list, where a list method calls it. */
function handedTo(ts: typeof TypeScript, names: Names, parameter: TypeScript.ParameterDeclaration): readonly TypeScript.Node[] {
  const fn = parameter.parent, list = listOf(ts, fn), index = fn.parameters.indexOf(parameter)
  if (list !== null) return index === 0 ? [list] : []
  const name = functionName(ts, fn)
  return (name === null ? [] : (names.mentioned.get(name) ?? [])).flatMap((mention) => {
    const whole = ts.isPropertyAccessExpression(mention.parent) && mention.parent.name === mention ? mention.parent : mention
    const call = ts.isCallExpression(whole.parent) && whole.parent.expression === whole ? whole.parent : null
    return call?.arguments[index] ?? []
  })
}
