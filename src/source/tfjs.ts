/** @file What counts as TensorFlow.js in source text: package names, the usual global, and whether a file mentions it at all. */
import type * as TypeScript from "typescript"

const packages = /^@tensorflow\/tfjs(-(core|layers|node|node-gpu|react-native|backend-[\w-]+|converter|vis|data))?(\/.*)?$/

/** Packages whose exports are those of `tf.layers`' package root and core; backends export `tf` things only by accident and are read alike. */
export function isTfjsModule(specifier: string): boolean {
  return (packages.test(specifier) && !/tfjs-(vis|data)/.test(specifier)) || /^https?:\/\/.*\/@tensorflow\/tfjs(@[^/]*)?(\/.*)?$/.test(specifier)
}

/** Global names that a script tag defines, used where nothing in scope has that name. */
export const isTfjsGlobal = (name: string): boolean => name === "tf"

/** Whether tracing the file can find anything: it imports tfjs, names the global, or imports a file that may. */
export function mentionsTfjs(file: TypeScript.SourceFile): boolean {
  return /\btf\b|tensorflow|tfjs|tf\./.test(file.text) || /\b(layers|variable|matMul|sequential)\b/.test(file.text)
}
