/** @file Which names are sources, by their ending. */
import path from "node:path"

export const sourceEndings = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "html"] as const

/** As messages list them: ".ts .tsx …". */
export const endingsText = sourceEndings.map((ending) => `.${ending}`).join(" ")

/** Declarations hold no code and are no source. */
export function isSource(file: string): boolean {
  const ending = path.extname(file).slice(1)
  return sourceEndings.some((known) => known === ending) && !/\.d\.[mc]?ts$/.test(file)
}
