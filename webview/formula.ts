/** @file Formulas as MathML. The browser typesets it and screen readers read it; no fonts, no style attributes. */
import temml from "temml"
import { element } from "./dom"

/** Where the LaTeX cannot be read, the formula as text. */
export function renderFormula(latex: string, text: string): HTMLElement {
  const holder = element("span.formula", { title: text })
  try {
    temml.render(latex, holder, { throwOnError: true, displayMode: false, trust: false })
  } catch {
    holder.replaceChildren(element("code", {}, text))
  }
  return holder
}
