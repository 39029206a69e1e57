/** @file Rule `unused-weight`: a trainable weight that no output depends on. */
import type { FindingRule } from "./rule"
import { placeOfParameter } from "./subject"

export const unusedWeight: FindingRule = {
  name: "unused-weight",
  severity: "info",
  summary: "A trainable weight that is created and that no output depends on.",
  why: "It is counted, saved and loaded, but never trained: often a bias whose use is behind a switch, or a layer that was forgotten in `call`.",
  advice: "Create it where it is used, or use it.",
  silent: "Models with code that is not read (it may use the weight), frozen weights, moving statistics of batch normalization.",
  source: "`cAttnBias` in public GPT ports with `bias: false`",
  check: ({ traced, live }) => {
    if (traced.unsupported.length > 0 || traced.graph.outputs.length === 0) return []
    if (traced.graph.nodes.some(({ op }) => op.kind === "opaque")) return []
    return traced.graph.parameters
      .filter(({ trainable, node }) => trainable && (node === null || !live.has(node)))
      .map((parameter) => ({
        place: placeOfParameter(parameter),
        message:
          parameter.readOnce === true
            ? `'${parameter.id}' is read once, before training: no gradient reaches it`
            : parameter.readFirst === true
              ? `'${parameter.id}' is read by the first call only: no gradient of a later one reaches it`
              : `'${parameter.id}' is created, but no output depends on it`,
        fixable: false,
      }))
  },
}
