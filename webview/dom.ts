/** @file Elements as one expression. Styles come from the style sheet alone: the page's policy blocks style attributes. */

export type Child = Node | string | null | false | undefined

/** `element("p.note", { id: "a" }, "text")`; attributes that are null are left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  selector: K | `${K}.${string}`, attributes: Readonly<Record<string, string | null>> = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = selector.split(".")
  const created = document.createElement(tag as K)
  if (classes.length > 0) created.className = classes.join(" ")
  for (const [name, value] of Object.entries(attributes)) if (value !== null) created.setAttribute(name, value)
  created.append(...children.filter(child => child !== null && child !== false && child !== undefined))
  return created
}

const svgNamespace = "http://www.w3.org/2000/svg"

/** A line drawing in the color of the text around it. */
export function drawing(className: string, size: readonly [width: number, height: number], path: string): SVGElement {
  const svg = document.createElementNS(svgNamespace, "svg")
  svg.setAttribute("class", className)
  svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`)
  svg.setAttribute("width", String(size[0]))
  svg.setAttribute("height", String(size[1]))
  svg.setAttribute("aria-hidden", "true")
  const line = document.createElementNS(svgNamespace, "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}
