/** @file `noether-lens stats`: how much of a code base is understood, in numbers. */
import type { AnalyzedFile } from "./run"
import { countText } from "../../presentation/words"

export function statsText(files: readonly AnalyzedFile[], milliseconds: number): string[] {
  const models = files.flatMap((file) => file.models)
  const nodes = models.flatMap(({ traced }) => traced.graph.nodes)
  const opaque = nodes.filter(({ op }) => op.kind === "opaque").length
  const laws = models.reduce((sum, { model }) => sum + model.laws.length, 0)
  const withLaws = models.filter(({ model }) => model.laws.length > 0).length
  const slowest = [...files].sort((a, b) => b.milliseconds - a.milliseconds)[0]
  const share = nodes.length === 0 ? "0" : ((100 * opaque) / nodes.length).toFixed(1)
  return [
    `${countText(files.length, "file")}, ${countText(models.length, "model")}, ${withLaws} with laws`,
    `${countText(nodes.length, "operation")} traced, ${opaque} not read (${share} %)`,
    countText(laws, "law"),
    `${Math.round(milliseconds)} ms${slowest === undefined ? "" : `, slowest ${slowest.report.path} ${Math.round(slowest.milliseconds)} ms`}`,
  ]
}
