/**
 * @file In which modes a piece of code runs a network: tfjs 4.22 takes `training` from the options of apply, and for false where nobody says it. What
 * else is done with the network there may run it in any mode. By names and syntax.
 */
import type * as TypeScript from "typescript"
import type { Mode } from "../layers/prediction"
import { constantOf, isNameOf } from "../../source/constants"
import { lastName } from "../../source/nodes"
import { withoutCasts } from "../trainers"

const predicting: ReadonlySet<string> = new Set(["predict", "predictOnBatch"])
const applying: ReadonlySet<string> = new Set(["apply", "call"])
const fitting: ReadonlySet<string> = new Set(["fit", "fitDataset", "trainOnBatch"])

/** Members of a model that run none of its layers where gradients are taken. */
const still: ReadonlySet<string> = new Set([
  "add", "compile", "dispose", "evaluate", "evaluateDataset", "getWeights", "inputs", "loss", "name", "nonTrainableWeights", "optimizer", "outputs",
  "save", "setWeights", "stopTraining", "summary", "trainable", "trainableWeights", "weights",
])

/** What some code runs, by its last name, and by that of its class for `this`; null for what has no name. */
export function runIn(ts: typeof TypeScript, code: TypeScript.Node): readonly (string | null)[] {
  const found: (string | null)[] = []
  const isRun = ({ text }: TypeScript.MemberName): boolean => predicting.has(text) || applying.has(text) || text === "forward"
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && isRun(node.expression.name)) {
      const run = withoutCasts(ts, node.expression.expression), made = ts.isCallExpression(run) ? run.expression : run
      const isOwn = run.kind === ts.SyntaxKind.ThisKeyword || run.kind === ts.SyntaxKind.SuperKeyword
      found.push(isOwn ? (ts.findAncestor(node, ts.isClassLike)?.name?.text ?? null) : lastName(ts, made))
    }
    ts.forEachChild(node, visit)
  }
  visit(code)
  return found
}

/** The modes that some code, the parts of one trained loss, runs a network of these names in; "either" alone where it shows no run of it. */
export function modesIn(ts: typeof TypeScript, codes: readonly TypeScript.Node[], names: ReadonlySet<string>): ReadonlySet<Mode> {
  const found = new Set<Mode>(), parameters = parametersOf(ts, codes)
  const visit = (node: TypeScript.Node): void => {
    if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && names.has(node.text.replace(/^#/, ""))) {
      const mode = modeOf(ts, node, names, parameters)
      if (mode !== null) found.add(mode)
    }
    ts.forEachChild(node, visit)
  }
  codes.forEach(visit)
  return found.size === 0 ? new Set<Mode>(["either"]) : found
}

type Parameters = ReadonlyMap<string, readonly (readonly TypeScript.ParameterDeclaration[])[]>

/** The parameters of functions by their names, given their bodies. */
function parametersOf(ts: typeof TypeScript, bodies: readonly TypeScript.Node[]): Parameters {
  const found = new Map<string, (readonly TypeScript.ParameterDeclaration[])[]>()
  for (const { parent } of bodies) {
    if (!ts.isFunctionLike(parent)) continue
    const name = (parent as { name?: TypeScript.Node }).name ?? (parent.parent as { name?: TypeScript.Node } | undefined)?.name
    if (name === undefined) continue
    const list = parent.parameters.filter((parameter): parameter is TypeScript.ParameterDeclaration => ts.isParameter(parameter))
    found.set(name.getText(), [...(found.get(name.getText()) ?? []), list])
  }
  return found
}

/** The mode that a mention of a network leads to; null where it does not run it. */
function modeOf(
  ts: typeof TypeScript, name: TypeScript.MemberName, names: ReadonlySet<string>, parameters: Parameters,
): Mode | null {
  if (isNameOf(ts, name)) return null
  const isMember = ts.isPropertyAccessExpression(name.parent) && name.parent.name === name
  const node = outermost(ts, isMember ? name.parent : name), { parent } = node
  const isNamed = (held: TypeScript.Node): boolean =>
    (ts.isIdentifier(held) || ts.isPropertyAccessExpression(held)) && names.has(lastName(ts, held) ?? "")
  if (ts.isTypeNode(parent) || ts.isExpressionStatement(parent) || ts.isIfStatement(parent) || ts.isTypeOfExpression(parent)) return null
  if (ts.isPrefixUnaryExpression(parent) || (ts.isConditionalExpression(parent) && parent.condition === node)) return null
  if (ts.isPropertyAccessExpression(parent)) return modeOfMember(ts, parent)
  if (ts.isVariableDeclaration(parent)) return isNamed(parent.name) ? null : "either"
  if (ts.isBinaryExpression(parent)) {
    const operator = parent.operatorToken.kind
    if (operator === ts.SyntaxKind.EqualsToken) return parent.left === node || isNamed(parent.left) ? null : "either"
    return /^([!=]==?|&&)$/.test(parent.operatorToken.getText()) && (parent.left === node || operator !== ts.SyntaxKind.AmpersandAmpersandToken)
      ? null : "either"
  }
  if (ts.isCallExpression(parent)) {
    const index = parent.arguments.findIndex((argument) => argument === node), called = parameters.get(lastName(ts, parent.expression) ?? "") ?? []
    const isFollowed = called.length > 0 && !parent.arguments.some(ts.isSpreadElement) &&
      called.every((list) => index in list && list[index].dotDotDotToken === undefined && isNamed(list[index].name))
    return isFollowed ? null : "either"
  }
  return "either"
}

/** An expression with what only wraps it, picks an item of it or calls the function that makes it. */
function outermost(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node {
  const { parent } = node
  const isPicked = ts.isElementAccessExpression(parent) && parent.expression === node && !ts.isStringLiteralLike(parent.argumentExpression)
  const isMade = (ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === node
  const isWrapped = ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent) ||
    ts.isNonNullExpression(parent) || ts.isAwaitExpression(parent)
  return isPicked || isMade || isWrapped ? outermost(ts, parent) : node
}

function modeOfMember(ts: typeof TypeScript, access: TypeScript.PropertyAccessExpression): Mode | null {
  const { parent, name: { text } } = access
  if (still.has(text)) return null
  if (!ts.isCallExpression(parent) || parent.expression !== access) return "either"
  if (predicting.has(text)) return "predicting"
  if (fitting.has(text)) return "fitted"
  if (!applying.has(text) || parent.arguments.some(ts.isSpreadElement)) return "either"
  return modeOfOptions(ts, parent.arguments.at(1))
}

/** What the options of apply ask for: a record that is written there, or a constant that is one and that nobody changes. */
function modeOfOptions(ts: typeof TypeScript, given: TypeScript.Expression | undefined): Mode {
  if (given === undefined) return "predicting"
  const plain = withoutCasts(ts, given)
  if (isNothing(ts, plain)) return "predicting"
  const isOption = (use: TypeScript.Identifier): boolean =>
    ts.isCallExpression(use.parent) && use.parent.arguments.at(1) === use && applying.has(lastName(ts, use.parent.expression) ?? "")
  const record = ts.isIdentifier(plain) ? constantOf(ts, plain, isOption) : plain
  if (record === null || !ts.isObjectLiteralExpression(record)) return "either"
  let mode: Mode = "predicting"
  for (const property of record.properties) {
    const isPlain = ts.isPropertyAssignment(property) || ts.isShorthandPropertyAssignment(property)
    if (!isPlain || !(ts.isIdentifier(property.name) || ts.isStringLiteralLike(property.name))) return "either"
    if (property.name.text !== "training") continue
    mode = modeOfFlag(ts, ts.isPropertyAssignment(property) ? property.initializer : property.name)
  }
  return mode
}

function modeOfFlag(ts: typeof TypeScript, given: TypeScript.Expression): Mode {
  const plain = withoutCasts(ts, given)
  const flag = ts.isIdentifier(plain) && !isNothing(ts, plain) ? constantOf(ts, plain, () => true) : plain
  if (flag === null) return "either"
  if (flag.kind === ts.SyntaxKind.TrueKeyword) return "fitted"
  return flag.kind === ts.SyntaxKind.FalseKeyword || isNothing(ts, flag) ? "predicting" : "either"
}

const isNothing = (ts: typeof TypeScript, node: TypeScript.Expression): boolean =>
  node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === "undefined")
