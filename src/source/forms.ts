/** @file What declarations look like: forward methods, tensor types of parameters, names. Syntax only; nothing is evaluated here. */
import type * as TypeScript from "typescript"
import { hasModelTag } from "./jsdoc"
import { resolveModule } from "./modules"

const forwardNames = ["call", "forward", "apply", "predict"]

export type FunctionLike = TypeScript.FunctionDeclaration | TypeScript.FunctionExpression | TypeScript.ArrowFunction | TypeScript.MethodDeclaration

/** The method a class computes with: the one marked `@model`, else the first of call, forward, apply, predict it declares. */
export function forwardMethodOf(ts: typeof TypeScript, declaration: TypeScript.ClassLikeDeclaration): FunctionLike | null {
  const methods = declaration.members.flatMap((member): { name: string; node: FunctionLike; doc: TypeScript.Node }[] => {
    const name = member.name !== undefined && (ts.isIdentifier(member.name) || ts.isStringLiteral(member.name)) ? member.name.text : ""
    if (ts.isMethodDeclaration(member) && member.body !== undefined) return [{ name, node: member, doc: member }]
    if (
      ts.isPropertyDeclaration(member) &&
      member.initializer !== undefined &&
      (ts.isArrowFunction(member.initializer) || ts.isFunctionExpression(member.initializer))
    ) {
      return [{ name, node: member.initializer, doc: member }]
    }
    return []
  })
  const marked = methods.find(({ doc }) => hasModelTag(ts, doc))
  if (marked !== undefined) return marked.node
  for (const name of forwardNames) {
    const found = methods.find((method) => method.name === name)
    if (found !== undefined) return found.node
  }
  return null
}

/** What a parameter's type says: a tensor of known or unknown rank, a list of tensors, a weight, something else, or nothing at all. */
export type ParameterType =
  | { readonly kind: "tensor"; readonly rank: number | null; readonly variable: boolean }
  | { readonly kind: "other"; readonly text: string }
  | { readonly kind: "none" }

/** Names of types are followed through the file and what it imports. */
export function readParameterType(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  parameter: TypeScript.ParameterDeclaration | TypeScript.PropertySignature,
): ParameterType {
  if (parameter.type === undefined) return { kind: "none" }
  return readTypeText({ ts, program }, parameter.type.getText(), parameter.getSourceFile(), 4)
}

interface Sources {
  readonly ts: typeof TypeScript
  readonly program: TypeScript.Program
}

/** The file that a name is imported from and its name there; null for names that are not imported from the source. */
function importOf(
  { ts, program }: Sources,
  name: string,
  file: TypeScript.SourceFile,
): { readonly file: TypeScript.SourceFile; readonly name: string } | null {
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue
    const found = bindings.elements.find((element) => element.name.text === name)
    const from = found === undefined ? null : resolveModule(program, file, statement.moduleSpecifier)
    if (found !== undefined && from !== null) return { file: from, name: (found.propertyName ?? found.name).text }
  }
  return null
}

/** What a type alias or a type parameter of that name stands for in a file's text. */
function meaningOf(name: string, text: string): string | undefined {
  const alias = new RegExp(`\\btype\\s+${name}\\s*(?:<[^=]*>)?\\s*=\\s*([^;\\n]+)`).exec(text)
  return alias?.[1] ?? new RegExp(`\\b${name}\\s+extends\\s+([\\w.]+)`).exec(text)?.[1]
}

function readTypeText(sources: Sources, text: string, file: TypeScript.SourceFile, depth: number): ParameterType {
  const found = /(?:^|[.\s|(])(Tensor|SymbolicTensor|Variable|TensorLike)(\d)?D?\b(?:<\s*(?:\w+\.)*(?:Rank\.)?R(\d))?/.exec(text)
  if (found !== null) {
    const digits = found[2] ?? found[3]
    return { kind: "tensor", rank: digits === undefined ? null : Number(digits), variable: found[1] === "Variable" }
  }
  // A name of the file's own: `type Batch = tf.Tensor2D`, or a type parameter's bound.
  const name = /^[A-Za-z_$][\w$]*/.exec(text)?.[0]
  if (name === undefined || depth <= 0) return { kind: "other", text }
  const meaning = meaningOf(name.replace(/\$/g, "\\$"), file.text)
  if (meaning !== undefined) return readTypeText(sources, meaning.trim(), file, depth - 1)
  const imported = importOf(sources, name, file)
  return imported === null ? { kind: "other", text } : readTypeText(sources, imported.name, imported.file, depth - 1)
}

/** The function whose result a parameter's type names, `ReturnType<typeof f>` by itself or under an alias, and the file that says so. */
export function returnedTypeOf(
  ts: typeof TypeScript,
  program: TypeScript.Program,
  parameter: TypeScript.ParameterDeclaration,
): { readonly name: string; readonly file: TypeScript.SourceFile } | null {
  let text = parameter.type?.getText() ?? "", file = parameter.getSourceFile()
  for (let depth = 0; depth < 8; depth++) {
    const inner = /^(?:Awaited|Promise|Readonly|NonNullable|Required)\s*<([^]*)>$/.exec(text.trim())
    const found = /^ReturnType\s*<\s*typeof\s+([\w$.]+)\s*>$/.exec(text.trim()), name = /^[A-Za-z_$][\w$]*$/.exec(text.trim())?.[0]
    if (found !== null) return { name: found[1], file }
    if (inner !== null) text = inner[1]
    else if (name === undefined) return null
    else {
      const meaning = meaningOf(name.replace(/\$/g, "\\$"), file.text)
      const imported = meaning === undefined ? importOf({ ts, program }, name, file) : null
      if (meaning !== undefined) text = meaning
      else if (imported !== null) [text, file] = [imported.name, imported.file]
      else return null
    }
  }
  return null
}

/** The name a function or class goes by: its own, or that of the variable or property it is the value of. */
export function declaredName(ts: typeof TypeScript, node: TypeScript.Node): TypeScript.Node | null {
  const own = (node as { name?: TypeScript.Node }).name
  if (own !== undefined) return own
  const parent = node.parent
  if (parent !== undefined && (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)))
    return parent.name
  return null
}
