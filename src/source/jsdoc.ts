/** @file The JSDoc tags the tracer reads: `@model` marks a forward function, `@shape x [batch, seq, 64]` gives the shape of an input. */
import type * as TypeScript from "typescript"
import type { Dim } from "../schema/report"

/** Text of the JSDoc blocks in front of a declaration, of its variable statement where it is an initializer. */
function jsdocText(ts: typeof TypeScript, node: TypeScript.Node): string {
  let target = node
  if ((ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isClassExpression(node)) && node.parent !== undefined) {
    if (ts.isVariableDeclaration(node.parent)) target = node.parent.parent.parent
    else if (ts.isPropertyAssignment(node.parent) || ts.isPropertyDeclaration(node.parent)) target = node.parent
  }
  const file = target.getSourceFile()
  // A comment on the line of the token before counts as that token's trailing one.
  const start = target.getFullStart()
  const ranges = [...(ts.getTrailingCommentRanges(file.text, start) ?? []), ...(ts.getLeadingCommentRanges(file.text, start) ?? [])]
  return ranges
    .map((range) => file.text.slice(range.pos, range.end))
    .filter((text) => text.startsWith("/**"))
    .join("\n")
}

export const hasModelTag = (ts: typeof TypeScript, node: TypeScript.Node): boolean => /@model\b/.test(jsdocText(ts, node))

/** Shapes by parameter name. A size is a whole number or a symbol; "?" and "null" leave a size open (null). */
export function readShapeTags(ts: typeof TypeScript, node: TypeScript.Node): ReadonlyMap<string, readonly (Dim | null)[]> {
  const shapes = new Map<string, readonly (Dim | null)[]>()
  for (const [, name, list] of jsdocText(ts, node).matchAll(/@shape\s+([\w$.]+)\s*:?\s*\[([^\]]*)\]/g)) {
    const sizes = list
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "")
    shapes.set(
      name,
      sizes.map((part) => (part === "?" || part === "null" ? null : /^\d+$/.test(part) ? Number(part) : part)),
    )
  }
  return shapes
}
