/** @file The line above a model. No formula and no fate: it has to be read in passing. */
import type { Model } from "../schema/report"
import { countText } from "./words"

/** "⚖ 5 laws · 68 conserved quantities · Verify conservation". */
export function lensText(model: Pick<Model, "laws" | "quantities">): string {
  if (model.laws.length === 0) return "⚖ no conservation law · Verify conservation"
  const quantities = countText(model.quantities, "conserved quantity", "conserved quantities")
  return `⚖ ${countText(model.laws.length, "law")} · ${quantities} · Verify conservation`
}
