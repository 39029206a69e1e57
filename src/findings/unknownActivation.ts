/** @file Rule `unknown-activation`: an activation string that tfjs does not know. */
import { similarName } from "../graph/names"
import type { FindingRule } from "./rule"
import { tfjsActivations } from "./tfjsNames"

/** Names of other libraries, and what they are here. */
const elsewhere: Readonly<Record<string, string>> = {
  silu: "write 'swish', which is the same function",
  leakyRelu: "use the layer tf.layers.leakyReLU",
  leaky_relu: "use the layer tf.layers.leakyReLU",
  prelu: "use the layer tf.layers.prelu",
  exponential: "write tf.exp in a layer of your own",
  gelu_tanh: "write 'gelu_new', which is the same function",
}

export const unknownActivation: FindingRule = {
  name: "unknown-activation",
  severity: "warning",
  summary: "An activation string that tfjs does not know.",
  why: "The layer's constructor throws \"Unknown activation\". Keras knows more names than tfjs.",
  advice: `Known are ${tfjsActivations.map((name) => `\`${name}\``).join(", ")}.`,
  silent: "Activations whose name is not a text in the source.",
  source: "measured on tfjs 4.22",
  check: ({ traced }) =>
    traced.unsupported.flatMap(({ what, start, end }) => {
      const name = /\btfjs has no activation '([^']*)'$/.exec(what)?.[1]
      if (name === undefined || tfjsActivations.includes(name)) return []
      const similar = similarName(name, tfjsActivations)
      const advice = Object.hasOwn(elsewhere, name) ? elsewhere[name] : similar === null ? null : `write '${similar}'`
      const message = `tfjs has no activation '${name}': the layer throws when it is made${advice === null ? "" : `; ${advice}`}`
      return [{ place: { start, end }, message, fixable: name === "silu" || similar !== null }]
    }),
}
