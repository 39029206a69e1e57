/** @file Optimizers and losses in sight of a file's models: compile({…}) and tf.train.* here and in files that import it. Found by syntax, numbers by evaluation. */
import type * as TypeScript from "typescript"
import type { Context } from "./context"
import type { LossUse, OptimizerName, OptimizerUse } from "../graph/graph"
import type { Scope } from "./value"
import { numberIn } from "./value"
import { placeOf } from "../source/place"
import { resolveModule } from "../source/modules"

const maximumFiles = 200

const optimizerNames: Readonly<Record<string, OptimizerName>> = {
  sgd: "sgd", momentum: "momentum", adam: "adam", adamax: "adamax", adagrad: "adagrad", adadelta: "adadelta", rmsprop: "rmsprop", adamw: "adamw",
}

export interface Training { readonly optimizers: readonly OptimizerUse[]; readonly losses: readonly LossUse[] }

/** Bounded: this file and at most `maximumFiles` of the program's own files. */
export function findTraining(context: Context): Training {
  const optimizers: OptimizerUse[] = [], losses: LossUse[] = []
  for (const file of [context.home, ...importers(context)]) scan(context, file, optimizers, losses)
  return { optimizers, losses }
}

function importers(context: Context): readonly TypeScript.SourceFile[] {
  const { ts, program, home } = context
  return program.getSourceFiles().filter((file) => !file.isDeclarationFile && file !== home && !file.fileName.includes("/node_modules/")).slice(0, maximumFiles)
    .filter((file) => /compile|tf\.train|train\./.test(file.text) && file.statements.some((statement) =>
      (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) && statement.moduleSpecifier !== undefined && resolveModule(program, file, statement.moduleSpecifier) === home))
}

function scan(context: Context, file: TypeScript.SourceFile, optimizers: OptimizerUse[], losses: LossUse[]): void {
  const { ts, home } = context
  const visit = (node: TypeScript.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: object, name } = node.expression
      const train = /(^|\.)train$/.test(object.getText()) && Object.hasOwn(optimizerNames, name.text)
      if (train) optimizers.push(optimizerOf(context, node, name.text, file))
      if (name.text === "compile" && node.arguments[0] !== undefined) compiled(context, node.arguments[0], file, optimizers, losses)
      if (/(^|\.)losses$/.test(object.getText())) losses.push({ name: name.text, place: placeOf(node.expression, home) })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
}

function compiled(context: Context, argument: TypeScript.Expression, file: TypeScript.SourceFile, optimizers: OptimizerUse[], losses: LossUse[]): void {
  const { ts, home } = context
  if (!ts.isObjectLiteralExpression(argument)) return
  for (const property of argument.properties) {
    const name = property.name?.getText()
    const value = ts.isPropertyAssignment(property) ? property.initializer : undefined
    if (value === undefined) continue
    if (name === "optimizer" && ts.isStringLiteralLike(value)) {
      optimizers.push({ name: optimizerNames[value.text.toLowerCase()] ?? "unknown", text: `'${value.text}'`, place: placeOf(value, home), ...defaultRate(value.text.toLowerCase()) })
    } else if (name === "optimizer" && ts.isIdentifier(value)) {
      const known = evaluated(context, value, file)
      if (known?.kind === "primitive" && typeof known.value === "string") optimizers.push({ name: optimizerNames[known.value.toLowerCase()] ?? "unknown", text: `'${known.value}'`, place: placeOf(value, home), ...defaultRate(known.value) })
    } else if (name === "loss") {
      for (const item of ts.isArrayLiteralExpression(value) ? value.elements : [value]) {
        losses.push({ name: ts.isStringLiteralLike(item) ? item.text : ts.isPropertyAccessExpression(item) ? item.name.text : item.getText().slice(0, 60), place: placeOf(item, home) })
      }
    }
  }
}

/** tfjs-layers gives optimizers named by a string its own learning rates. */
function defaultRate(name: string): { learningRate?: number } {
  const rates: Readonly<Record<string, number>> = { sgd: 0.01, adam: 0.001, adamax: 0.002, rmsprop: 0.001, adagrad: 0.01, adadelta: 0.001 }
  return Object.hasOwn(rates, name) ? { learningRate: rates[name] } : {}
}

function optimizerOf(context: Context, node: TypeScript.CallExpression, kind: string, file: TypeScript.SourceFile): OptimizerUse {
  const argument = (i: number): number | null => (node.arguments[i] === undefined ? null : numberIn(evaluated(context, node.arguments[i], file)))
  const rate = argument(0) ?? (node.arguments.length === 0 ? defaultRate(kind).learningRate ?? null : null)
  const momentum = kind === "momentum" ? argument(1) : kind === "rmsprop" ? argument(2) : null
  const nesterov = kind === "momentum" && node.arguments[2]?.kind === context.ts.SyntaxKind.TrueKeyword
  return {
    name: nesterov ? "nesterov" : optimizerNames[kind] ?? "unknown", text: node.getText().replace(/\s+/g, " ").slice(0, 80), place: placeOf(node, context.home),
    ...(rate === null ? {} : { learningRate: rate }), ...(momentum === null ? {} : { momentum }),
  }
}

/** An expression's value in the outermost scope of its file; names of inner scopes stay unknown. */
function evaluated(context: Context, node: TypeScript.Expression, file: TypeScript.SourceFile): ReturnType<Context["evaluate"]> | undefined {
  const scope: Scope = context.moduleScope(context, file)
  try {
    return context.evaluate(context, node, scope)
  } catch {
    // What cannot be evaluated has no known number; the optimizer is listed all the same.
    return undefined
  }
}
