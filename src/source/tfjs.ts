/** @file What counts as TensorFlow.js in source text: package names, the usual global, and whether a file mentions it at all. */
import type * as TypeScript from "typescript"

const packages = /^@tensorflow\/tfjs(-(core|layers|node|node-gpu|react-native|backend-[\w-]+|converter|vis|data))?(\/.*)?$/

/** Packages whose exports are those of `tf.layers`' package root and core; backends export `tf` things only by accident and are read alike. */
export function isTfjsModule(specifier: string): boolean {
  return (packages.test(specifier) && !/tfjs-(vis|data)/.test(specifier)) || /^https?:\/\/.*\/@tensorflow\/tfjs(@[^/]*)?(\/.*)?$/.test(specifier)
}

/** Base classes and readers of names that tfjs's own sources import from each other by path: they mean the same there. */
export const isOwnClass = (fileName: string, name: string): boolean =>
  (/\/tfjs-layers\/(src|dist)\/engine\/\w+\.[jt]s$/.test(fileName) && /^(Layer|LayersModel|Sequential|SymbolicTensor)$/.test(name)) ||
  (/\/tfjs-layers\/(src|dist)\/(activations|initializers|regularizers|constraints)\.[jt]s$/.test(fileName) &&
    /^get(Activation|Initializer|Regularizer|Constraint)$/.test(name))

/** Global names that a script tag defines, used where nothing in scope has that name. */
export const isTfjsGlobal = (name: string): boolean => name === "tf"

/** Whether tracing the file can find anything: it imports tfjs (types count, weights may come from elsewhere) or names the global in code. */
export function mentionsTfjs(ts: typeof TypeScript, file: TypeScript.SourceFile): boolean {
  if (!/\btf\b|tensorflow/.test(file.text)) return false
  let found = false
  const visit = (node: TypeScript.Node): void => {
    if (found || ts.isTypeNode(node)) return
    if (ts.isStringLiteral(node)) found = isTfjsModule(node.text)
    else if (ts.isIdentifier(node)) found = isTfjsGlobal(node.text)
    else ts.forEachChild(node, visit)
  }
  ts.forEachChild(file, visit)
  return found
}
