/**
 * @file Functions that tfjs-layers' own backend module (backend/tfjs_backend) has under names that mean something else in tf: code imports them from
 * inside the package.
 */
import type { Context } from "../context"
import type { Value } from "../value"
import { callOp } from "../ops/table"
import { makeTensor, shapeOf } from "../tensor"
import { native } from "../value"

const letters = "abcdefghijklm"

/** What a name imported from that module stands for; null for other modules and for names that mean the same in tf. */
export function backendOfLayers(context: Context, specifier: string, name: string): Value | null {
  if (!/tfjs-layers\/(dist|src)\/backend\/tfjs_backend/.test(specifier) || name !== "dot") return null
  return native("dot", (args, at) => {
    const [x, y] = args
    if (x?.kind !== "tensor" || y?.kind !== "tensor" || args.length > 2) return callOp(context, "layersBackend.dot", args, at)
    const rank = shapeOf(context, x).length, other = shapeOf(context, y).length
    if (rank < 2 || other < 2) return callOp(context, "dot", args, at)
    // The last axis of x with the last but one of y; what is left of both stands in order.
    const lead = letters.slice(0, rank - 1), kept = letters.slice(rank - 1, rank + other - 2)
    const equation = `${lead}t,${kept.slice(0, -1)}t${kept.slice(-1)}->${lead}${kept}`
    return makeTensor(context, { kind: "einsum", equation }, [x, y], { at, label: "dot" })
  })
}
