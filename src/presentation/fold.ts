/** @file Folds laws that repeat from block to block into one line for text views; the JSON keeps every law. */
import type { Law, Training } from "../schema/report"
import { addDim } from "../graph/dim"
import type { Dim } from "../schema/report"
import { fateText } from "./words"

/** One line of a text view: a law, or one law of each of several blocks. */
export interface LawGroup {
  readonly laws: readonly Law[]
  /** The formula, with the numbers of the blocks as "{0…11}". */
  readonly formula: string
  readonly quantities: Dim
}

/** Laws of the same shape in blocks that differ in one number ("h/0", "h/1", …) and have the same fate become one group. */
export function foldLaws(laws: readonly Law[], training: readonly Training[]): readonly LawGroup[] {
  const groups = new Map<string, Law[]>()
  for (const law of laws) {
    const masked = (text: string): string => maskBlock(text, law.block)
    const key =
      law.block === undefined
        ? law.id
        : [law.symmetry, law.type, law.exactness, law.entries, masked(law.formula), masked(fateText(training, law.id))].join("\n")
    groups.set(key, [...(groups.get(key) ?? []), law])
  }
  return [...groups.values()].map((members) => ({
    laws: members,
    formula: members.length === 1 ? members[0].formula : foldedFormula(members),
    quantities: members.map(({ quantities }) => quantities).reduce(addDim),
  }))
}

/** A digit run at the end of the block's path counts blocks. */
const blockParts = (block: string): { readonly stem: string; readonly number: string } | null => {
  const found = /^(.*?)(\d+)$/.exec(block)
  return found ? { stem: found[1], number: found[2] } : null
}

function maskBlock(text: string, block: string | undefined): string {
  const parts = block === undefined ? null : blockParts(block)
  return parts === null ? text : replaceBlock(text, block!, `${parts.stem}*`)
}

// A block ends where its digits end: "h/1" is no part of "h/12".
function replaceBlock(text: string, block: string, by: string): string {
  return text.split(block).reduce((left, right) => (/^\d/.test(right) ? left + block + right : left + by + right))
}

function foldedFormula(laws: readonly Law[]): string {
  const block = laws[0].block ?? ""
  const parts = blockParts(block)
  if (parts === null) return laws[0].formula
  const numbers = laws.map((law) => Number(blockParts(law.block ?? "")?.number))
  const consecutive = numbers.every((n, k) => n === numbers[0] + k)
  const range = consecutive && numbers.length > 2 ? `${numbers[0]}…${numbers[numbers.length - 1]}` : numbers.join(",")
  return replaceBlock(laws[0].formula, block, `${parts.stem}{${range}}`)
}
