/**
 * @file Networks that code of other files gets hold of, where steps that are not in sight train them, or steps in sight call it: nobody knows in
 * which mode it runs them. By imports, names and what the text of those files speaks of.
 */
import type * as TypeScript from "typescript"
import type { Trainer } from "../trainers"
import { filesBehind } from "../../source/dependencies"
import { lastName, nodesOf } from "../../source/nodes"
import { resolveModule } from "../../source/modules"

/** The program, the files that trainers are known of, the file of the network first, and the names of the network. */
interface Around {
  readonly program: TypeScript.Program
  readonly files: readonly TypeScript.SourceFile[]
  readonly names: ReadonlySet<string>
}

/** What a file that is imported may do with a network, itself or by what it imports. */
interface Speaks {
  readonly runs: boolean
  readonly steps: boolean
  readonly takesHome: boolean
}

const runs = /\b(predict|predictOnBatch|apply|call|forward)\b/
const steps = /\b(minimize|applyGradients|variableGrads|valueAndGrads?|grads?)\s*\(/

/** Whether files that no trainer is known of may run a network of these names while it is trained. */
export function runsElsewhere(ts: typeof TypeScript, around: Around, trainers: readonly Trainer[]): boolean {
  const { files, names } = around
  const imported = importedBy(ts, around)
  if (imported.length === 0) return false
  const bound: Bound = { names: new Map(imported.map(({ name, speaks }) => [name, speaks])), fields: new Map() }
  for (const file of files) bindMade(ts, file, bound)
  let isGiven = imported.some(({ speaks }) => speaks.takesHome)
  for (const node of files.flatMap((file) => nodesOf(ts, file))) {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) continue
    const taker = behind(ts, node.expression, bound)
    if (taker === undefined || node.arguments?.some((given) => mentions(ts, given, names)) !== true) continue
    if (taker.steps) return true
    isGiven = true
  }
  const calls = (node: TypeScript.Node): boolean =>
    ((ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) && behind(ts, node, bound)?.runs === true) ||
    (ts.forEachChild(node, (child) => calls(child) || undefined) ?? false)
  return isGiven && trainers.some(({ reached }) => reached.flat().some(calls))
}

interface Imported {
  readonly name: string
  readonly speaks: Speaks
}

const known = new WeakMap<readonly TypeScript.SourceFile[], readonly Imported[]>()

/** What these files import that may run networks, asked once for all models of a file. */
function importedBy(ts: typeof TypeScript, around: Around): readonly Imported[] {
  const { files } = around
  let found = known.get(files)
  if (found === undefined) {
    found = files.flatMap((file) => importsOf(ts, around, file)).filter(({ speaks }) => speaks.runs || speaks.steps)
    known.set(files, found)
  }
  return found
}

/** The names that a file has for what own files export which are not among those around, with what these speak of. */
function importsOf(ts: typeof TypeScript, { program, files }: Around, file: TypeScript.SourceFile): readonly Imported[] {
  return file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || statement.importClause === undefined || statement.importClause.isTypeOnly) return []
    const target = resolveModule(program, file, statement.moduleSpecifier)
    if (target === null || target.isDeclarationFile || files.includes(target) || target.fileName.includes("/node_modules/")) return []
    const { name, namedBindings: bindings } = statement.importClause
    const named = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings.name] : bindings.elements.map((element) => element.name)
    const { all, running, stepping } = speakingBehind(ts, program, target)
    const isOther = (each: TypeScript.SourceFile): boolean => !files.includes(each)
    const speaks = { runs: running.some(isOther), steps: stepping.some(isOther), takesHome: all.has(files[0]) }
    return [...(name === undefined ? [] : [name]), ...named].map(({ text }) => ({ name: text, speaks }))
  })
}

interface Behind {
  readonly all: ReadonlySet<TypeScript.SourceFile>
  readonly running: readonly TypeScript.SourceFile[]
  readonly stepping: readonly TypeScript.SourceFile[]
}

const followed = new WeakMap<TypeScript.Program, Map<TypeScript.SourceFile, Behind>>()

/** The files that one is made of, and which of them may run networks or step them; asked once for every file that others import. */
function speakingBehind(ts: typeof TypeScript, program: TypeScript.Program, target: TypeScript.SourceFile): Behind {
  const answers = followed.get(program) ?? new Map<TypeScript.SourceFile, Behind>()
  followed.set(program, answers)
  let found = answers.get(target)
  if (found === undefined) {
    const all = filesBehind(ts, program, target), own = [...all].filter((each) => !each.fileName.includes("/node_modules/"))
    found = { all, running: own.filter((each) => saysRun(each)), stepping: own.filter((each) => saysStep(each)) }
    answers.set(target, found)
  }
  return found
}

/** Whether the text of a file has a pattern, asked once. */
function asksText(pattern: RegExp): (file: TypeScript.SourceFile) => boolean {
  const answers = new WeakMap<TypeScript.SourceFile, boolean>()
  return (file) => {
    let found = answers.get(file)
    if (found === undefined) answers.set(file, (found = pattern.test(file.text)))
    return found
  }
}
const saysRun = asksText(runs), saysStep = asksText(steps)

/** Names and fields that hold what is imported, or what calls of that give. */
interface Bound {
  readonly names: Map<string, Speaks>
  readonly fields: Map<string, Speaks>
}

/** Adds what is made by calls of what is bound: `const trainer = new Trainer(net)`, `this.loss = lossOf(net)`. */
function bindMade(ts: typeof TypeScript, file: TypeScript.SourceFile, bound: Bound): void {
  const bind = (name: TypeScript.Node, made: TypeScript.Expression): void => {
    const from = behind(ts, made, bound), text = ts.isExpression(name) ? lastName(ts, name) : name.getText()
    if (from === undefined || text === null) return
    const kept = ts.isIdentifier(name) && !ts.isPropertyAssignment(name.parent) && !ts.isPropertyDeclaration(name.parent) ? bound.names : bound.fields
    kept.set(text.replace(/^#/, ""), from)
  }
  for (const node of nodesOf(ts, file)) {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
      const { name, initializer } = node
      if (ts.isIdentifier(name)) bind(name, initializer)
      else for (const part of name.elements) if (ts.isBindingElement(part)) bind(part.name, initializer)
    } else if (ts.isPropertyDeclaration(node) && node.initializer !== undefined) bind(node.name, node.initializer)
    else if (ts.isPropertyAssignment(node)) bind(node.name, node.initializer)
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) bind(node.left, node.right)
  }
}

/** What is behind `a.b(…).c` or `new A(…)`, arguments aside: that of the name it begins with, or of one of its fields. */
function behind(ts: typeof TypeScript, node: TypeScript.Expression, bound: Bound): Speaks | undefined {
  if (ts.isIdentifier(node)) return bound.names.get(node.text)
  if (ts.isPropertyAccessExpression(node)) return bound.fields.get(node.name.text.replace(/^#/, "")) ?? behind(ts, node.expression, bound)
  const isThrough = ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isElementAccessExpression(node) ||
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node) || ts.isAwaitExpression(node)
  return isThrough ? behind(ts, node.expression, bound) : undefined
}

function mentions(ts: typeof TypeScript, node: TypeScript.Node, names: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) return names.has(node.text.replace(/^#/, ""))
  return ts.forEachChild(node, (child) => mentions(ts, child, names) || undefined) ?? false
}
