/**
 * @file Whether everything downstream of a value forgets a positive factor that varies freely along some of its atoms, as an exact norm over the
 * others does: E[v] before a norm has one free scale a row, exp(x + c) before a division by its sum does not see c.
 */
import type { Program, Value, ValueId } from "./program"

/** Asks for a value and positions of its atoms. */
export type FactorBlindness = (value: ValueId, positions: readonly number[]) => boolean

export function makeFactorBlindness(program: Program): FactorBlindness {
  const answers = new Map<string, boolean>()
  const outputs = new Set(program.outputs)
  let readers: Value[][] | null = null
  const readersOf = (id: ValueId): readonly Value[] => {
    if (readers === null) {
      readers = program.values.map(() => [])
      for (const value of program.values) for (const read of new Set(value.uses.map((u) => u.value))) readers[read].push(value)
    }
    return readers[id]
  }
  const forgets = (id: ValueId, positions: readonly number[]): boolean => {
    const key = `${id}:${positions.join()}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = !outputs.has(id) && readersOf(id).every((reader) => reader.uses.every((use) => use.value !== id || forgetsIn(reader, use.labels)))
    answers.set(key, answer)
    return answer

    function forgetsIn(reader: Value, own: readonly number[]): boolean {
      const labels = positions.map((p) => own[p]),
        { op } = reader
      const onward = (): boolean => {
        const out = labels.map((l) => reader.labels.indexOf(l))
        return !out.includes(-1) && forgets(reader.id, out)
      }
      switch (op.kind) {
        case "still":
          return true
        case "normalize":
          return op.scaleFree === "exactly" && reader.uses.length === 1 && labels.every((l) => !op.over.includes(l))
        case "map":
          return (op.degree !== null || op.slope !== null) && onward()
        case "contract":
          return onward()
        case "convolve":
          return labels.every((l) => !op.moving.includes(l)) && onward()
        case "center":
        case "mix":
        case "reduce":
          return labels.every((l) => !op.over.includes(l)) && onward()
        default:
          return false
      }
    }
  }
  return forgets
}
