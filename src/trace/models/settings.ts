/** @file Records of settings that a forward pass takes: what their type leaves optional is not given, the rest is unknown by name. */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Value } from "../value"
import { assume } from "../context"
import { readParameterType } from "../../source/forms"
import { givenUnknown, objectOf, primitive } from "../value"

/** The record that a parameter of an interface or literal type with optional members stands for; null for other types. */
export function settingsArgument(context: Context, parameter: TypeScript.ParameterDeclaration): Value | null {
  const { ts } = context
  if (parameter.type === undefined) return null
  const members = membersOf(context, parameter)
  const optional = members.filter((member) => (member.flags & ts.SymbolFlags.Optional) !== 0)
  if (optional.length === 0 || members.some((member) => (member.flags & ts.SymbolFlags.Method) !== 0)) return null
  assume(context, `the optional settings of '${parameter.name.getText()}' are not given`)
  return objectOf(
    members
      .filter((member) => !optional.includes(member))
      .map(({ name }): [string, Value] => [
        name,
        /^(is_?)?train(ing)?$/i.test(name) ? primitive(true) : givenUnknown(`'${name}' is not known`, name),
      ]),
  )
}

/** Members that an options record must have and that are tensors, by name: `value` of `{ value: Tensor; key?: Tensor }`. */
export function requiredTensors(
  context: Context,
  parameter: TypeScript.ParameterDeclaration,
): readonly { readonly name: string; readonly rank: number | null }[] {
  const { ts } = context
  return membersOf(context, parameter).flatMap((member) => {
    const declaration = member.declarations?.[0]
    if (declaration === undefined || !ts.isPropertySignature(declaration) || declaration.questionToken !== undefined) return []
    const type = readParameterType(ts, context.program, declaration)
    return type.kind === "tensor" && !type.variable ? [{ name: member.name, rank: type.rank }] : []
  })
}

/** Members of an interface, of a literal type, or of the bound of a type parameter. */
function membersOf(context: Context, parameter: TypeScript.ParameterDeclaration): readonly TypeScript.Symbol[] {
  const { ts } = context
  if (parameter.type === undefined || hasNoMembers(ts, parameter.type)) return []
  try {
    const program = isWholeHere(context, parameter.type) ? context.program : context.typed(),
      checker = program.getTypeChecker()
    const own = checker.getTypeAtLocation(parameter)
    const type = (own.flags & ts.TypeFlags.TypeParameter) === 0 ? own : (checker.getBaseConstraintOfType(own) ?? own)
    const record = (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0
    return record && type.getCallSignatures().length === 0 && type.getNumberIndexType() === undefined ? type.getProperties() : []
  } catch {
    // The checker may throw on half-typed code; the parameter is then unknown.
    return []
  }
}

/** Types that are no records, as their syntax tells. */
function hasNoMembers(ts: typeof TypeScript, type: TypeScript.TypeNode): boolean {
  if (ts.isTypeOperatorNode(type)) return type.operator === ts.SyntaxKind.ReadonlyKeyword
  switch (type.kind) {
    case ts.SyntaxKind.NumberKeyword:
    case ts.SyntaxKind.StringKeyword:
    case ts.SyntaxKind.BooleanKeyword:
    case ts.SyntaxKind.AnyKeyword:
    case ts.SyntaxKind.UnknownKeyword:
    case ts.SyntaxKind.ArrayType:
    case ts.SyntaxKind.TupleType:
    case ts.SyntaxKind.FunctionType:
    case ts.SyntaxKind.LiteralType:
      return true
    default:
      return false
  }
}

/** Whether no declaration outside of the source is needed to know a type's members: a literal, or an interface of the source without bases. */
function isWholeHere({ ts, program }: Context, type: TypeScript.TypeNode): boolean {
  if (ts.isTypeLiteralNode(type)) return true
  if (!ts.isTypeReferenceNode(type) || type.typeArguments !== undefined) return false
  const checker = program.getTypeChecker(),
    named = checker.getSymbolAtLocation(type.typeName),
    symbol = named !== undefined && (named.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(named) : named
  const declarations = symbol?.declarations ?? []
  return (
    declarations.length > 0 &&
    declarations.every(
      (d) =>
        // What a script declares, the declarations of the language may add to.
        ts.isExternalModule(d.getSourceFile()) &&
        ((ts.isInterfaceDeclaration(d) && d.heritageClauses === undefined) || (ts.isTypeAliasDeclaration(d) && ts.isTypeLiteralNode(d.type))),
    )
  )
}
