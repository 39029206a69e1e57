/** @file Rule `refused-training`: calls of compile and fit at which tfjs throws. */
import type { FindingRule, Found } from "./rule"
import type { FindingSubject } from "./subject"

export const refusedTraining: FindingRule = {
  name: "refused-training",
  severity: "warning",
  summary: "A model that is compiled without what tfjs needs, or trained without being compiled.",
  why:
    "`compile` throws without a `loss`, with another number of losses than outputs, and with an optimizer that is neither a name nor made by " +
    "`tf.train` (a number, a function that is not called); without an optimizer the first step throws. `fit`, `fitDataset` and `trainOnBatch` " +
    "throw on a model that nobody compiles, and with `sparseCategoricalCrossentropy` on an output of one entry.",
  advice: "Give `compile` an optimizer and a loss for each output, before the first `fit`; for two classes on one unit, `binaryCrossentropy`.",
  silent:
    "Records that are put together elsewhere, models under a condition, models that another file may come to before they are fitted, and programs " +
    "with a `compile` that is not seen to be another model's.",
  source: "tried on tfjs 4.22",
  check: (subject) => [
    ...(subject.traced.refused ?? []).flatMap(({ kind, what, start, end }) =>
      kind === "training" ? [{ place: { start, end }, message: what, fixable: false }] : []),
    ...sparseOfOneClass(subject),
  ],
}

/** tfjs makes one-hot rows of the classes, and refuses rows of one. */
function sparseOfOneClass({ traced: { losses, graph } }: FindingSubject): readonly Found[] {
  const isSingle = graph.outputs.length === 1 && graph.nodes[graph.outputs[0]].shape.at(-1) === 1
  return losses.flatMap(({ name, quoted, elsewhere, place }) => {
    if (!isSingle || name !== "sparseCategoricalCrossentropy" || quoted !== true || elsewhere === true) return []
    return [{ place, message: "sparseCategoricalCrossentropy of a single class: fit throws; write 'binaryCrossentropy'", fixable: false }]
  })
}
