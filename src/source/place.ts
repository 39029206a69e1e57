/** @file Places of TypeScript nodes as the report writes them: line and column from 1, the file only where it is not the analyzed one. */
import type * as TypeScript from "typescript"
import type { Place, Pos } from "../schema/report"

function positionOf(file: TypeScript.SourceFile, offset: number, home: TypeScript.SourceFile): Pos {
  const { line, character } = file.getLineAndCharacterOfPosition(offset)
  const at = { line: line + 1, column: character + 1 }
  return file === home ? at : { file: file.fileName, ...at }
}

/** Place of `node`; `home` is the analyzed file. Nodes of other files carry their program's file name. */
export function placeOf(node: TypeScript.Node, home: TypeScript.SourceFile): Place {
  const file = node.getSourceFile()
  return { start: positionOf(file, node.getStart(file), home), end: positionOf(file, node.getEnd(), home) }
}

/** From the start of one node to the end of another one of the same file. */
export function placeBetween(first: TypeScript.Node, last: TypeScript.Node, home: TypeScript.SourceFile): Place {
  return { start: placeOf(first, home).start, end: placeOf(last, home).end }
}

/** The place of a call that a reader points at: `tf.layers.dense`, `x.matMul`'s `matMul`, not the argument list. */
export function calleePlace(ts: typeof TypeScript, node: TypeScript.Node, home: TypeScript.SourceFile): Place {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return placeOf(node, home)
  const callee = node.expression
  if (ts.isPropertyAccessExpression(callee) && !isDottedName(ts, callee)) return placeOf(callee.name, home)
  return placeOf(callee, home)
}

function isDottedName(ts: typeof TypeScript, node: TypeScript.Expression): boolean {
  if (ts.isPropertyAccessExpression(node)) {
    return isDottedName(ts, node.expression)
  }
  return ts.isIdentifier(node) || node.kind === ts.SyntaxKind.ThisKeyword
}
