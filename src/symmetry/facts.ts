/**
 * @file Forward facts: over which atoms a value sums to zero (centered norms) or to one (softmax, one-hot), whatever the data and the parameters.
 */
import type { Program, Use, Value } from "./program"

export interface SumFacts {
  /** Sets of atom positions. */
  readonly zero: readonly (readonly number[])[]
  readonly one: readonly (readonly number[])[]
}

const none: SumFacts = { zero: [], one: [] }

export function sumFacts(program: Program): readonly SumFacts[] {
  const facts: SumFacts[] = []
  for (const value of program.values) facts.push(factsOf(value, facts))
  return facts
}

/** Fact sets of an operand as labels. */
export function factLabels(use: Use, sets: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return sets.map((set) => set.map((p) => use.labels[p]))
}

function factsOf(value: Value, known: readonly SumFacts[]): SumFacts {
  const toPositions = (labels: readonly number[]): number[] | null => {
    const out = labels.map((l) => value.labels.indexOf(l))
    return out.includes(-1) ? null : out
  }
  const kept = (sets: readonly (readonly number[])[]): number[][] => sets.map(toPositions).filter((s) => s !== null)
  const zeroOf = (use: Use): readonly (readonly number[])[] => factLabels(use, known[use.value].zero)
  const oneOf = (use: Use): readonly (readonly number[])[] => factLabels(use, known[use.value].one)
  const { op, uses } = value
  switch (op.kind) {
    case "data":
      return { zero: op.sumsToZero, one: op.sumsToOne }
    case "normalize": {
      if (uses.length > 1) return none
      const over = toPositions(op.over)
      if (over === null) return none
      // A norm with an affine part is a norm, a product and a sum: the bare norm is centered exactly, ε or not.
      return { zero: op.centered && op.scaleFree !== "no" ? [over] : [], one: op.sumsToOne ? [over] : [] }
    }
    case "center": {
      if (op.by === "extreme") return none
      const over = toPositions(op.over)
      return { zero: over === null ? [] : [over], one: [] }
    }
    case "contract": {
      const [a, b] = uses
      const contracted = a.labels.filter((l) => b.labels.includes(l) && !value.labels.includes(l))
      const summed = [...a.labels, ...b.labels].some((l) => !value.labels.includes(l) && !contracted.includes(l))
      const sameAsContracted = (set: readonly number[]): boolean => set.length === contracted.length && set.every((l) => contracted.includes(l))
      const zero = [
        [a, b],
        [b, a],
      ].flatMap(([x, y]) => kept(zeroOf(x).filter((set) => set.every((l) => !y.labels.includes(l)))))
      const one = summed
        ? []
        : [
            [a, b],
            [b, a],
          ].flatMap(([x, y]) => (oneOf(x).some(sameAsContracted) ? kept(oneOf(y).filter((set) => set.every((l) => !x.labels.includes(l)))) : []))
      return { zero, one }
    }
    case "sum": {
      const all = uses.map(zeroOf)
      const shared = all[0].filter((set) =>
        all.every((sets) => sets.some((other) => other.length === set.length && other.every((l) => set.includes(l)))),
      )
      return { zero: kept(shared), one: [] }
    }
    case "map":
      return op.slope !== null ? { zero: kept(zeroOf(uses[0])), one: [] } : none
    case "reduce": {
      const apart = (set: readonly number[]): boolean => set.every((l) => !op.over.includes(l))
      if (op.fn !== "sum" && op.fn !== "mean") return none
      return { zero: kept(zeroOf(uses[0]).filter(apart)), one: op.fn === "mean" ? kept(oneOf(uses[0]).filter(apart)) : [] }
    }
    default:
      return none
  }
}
