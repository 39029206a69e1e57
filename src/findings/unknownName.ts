/** @file Rule `unknown-name`: a text that tfjs looks up as a loss, metric, optimizer, initializer, regularizer or constraint, and does not find. */
import type { LossUse } from "../graph/graph"
import { similarName } from "../graph/names"
import type { FindingRule, Found } from "./rule"
import { tfjsLosses, tfjsMetrics, tfjsOptimizers } from "./tfjsNames"

export const unknownName: FindingRule = {
  name: "unknown-name",
  severity: "warning",
  summary: "A loss, metric, optimizer, initializer, regularizer or constraint that tfjs does not know by that name.",
  why:
    "`compile` or the layer's constructor throws. The names of Keras are written otherwise (`he_normal`, `mean_squared_error`), and the short " +
    "forms `mse` and `mae` are metrics, no losses.",
  advice: `Losses are ${list(tfjsLosses)}; metrics ${list(tfjsMetrics)} and no other loss; optimizers ${list(tfjsOptimizers)}.`,
  silent:
    "Names that are not texts in the source, classes that the program registers itself, and what is given to a method `compile` of the source's own.",
  source: "tried on tfjs 4.22, every name",
  check: ({ traced: { losses, metrics, optimizers, refused = [] } }) => [
    ...refused.flatMap(({ kind, what, fixable, start, end }) => (kind === "name" ? [{ place: { start, end }, message: what, fixable }] : [])),
    ...losses.flatMap((use) => complaintAbout(use, "loss", tfjsLosses)),
    ...metrics.flatMap((use) => complaintAbout(use, "metric", tfjsMetrics)),
    ...optimizers.flatMap(({ text, place, elsewhere }) => {
      if (/\btrain\.adamw\b/.test(text)) return [{ place, message: "tfjs has no optimizer tf.train.adamw: the call throws", fixable: false }]
      const quoted = /^'(.*)'$/.exec(text)?.[1]
      return quoted === undefined ? [] : complaintAbout({ name: quoted, quoted: elsewhere !== true, place }, "optimizer", tfjsOptimizers)
    }),
  ],
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ")
}

/** What is meant by the names that are written most. */
const meantNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  loss: {
    mse: "meanSquaredError", mae: "meanAbsoluteError", mape: "meanAbsolutePercentageError", kld: "kullbackLeiblerDivergence",
    crossentropy: "categoricalCrossentropy", softmaxcrossentropy: "categoricalCrossentropy", sigmoidcrossentropy: "binaryCrossentropy",
    bce: "binaryCrossentropy",
  },
  metric: { meansquarederror: "mse", meanabsoluteerror: "mae" },
  optimizer: {},
}

type Use = Pick<LossUse, "name" | "elsewhere" | "place"> & { readonly quoted?: boolean }

function complaintAbout({ name, quoted, elsewhere, place }: Use, role: string, known: readonly string[]): readonly Found[] {
  if (quoted !== true || elsewhere === true || known.includes(name)) return []
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, ""), meant = meantNames[role]
  const similar = similarName(name, known) ?? (Object.hasOwn(meant, plain) ? meant[plain] : null)
  const message = `tfjs has no ${role} '${name}': compile throws${similar === null ? "" : `; write '${similar}'`}`
  return [{ place, message, fixable: similar !== null }]
}
