/** @file Colors for the terminal as plain functions, and line breaking. Which colors there are, if any, is the host's choice. */

export type Paint = (text: string) => string

export interface Painter {
  readonly heading: Paint
  readonly formula: Paint
  readonly good: Paint
  readonly warning: Paint
  readonly bad: Paint
  readonly faint: Paint
}

const asIs: Paint = (text) => text
export const plainPainter: Painter = { heading: asIs, formula: asIs, good: asIs, warning: asIs, bad: asIs, faint: asIs }

const ansi =
  (code: number): Paint =>
  (text) =>
    `\u001b[${code}m${text}\u001b[0m`
export const colorPainter: Painter = { heading: ansi(1), formula: ansi(36), good: ansi(32), warning: ansi(33), bad: ansi(31), faint: ansi(2) }

/** Breaks text at spaces into lines of at most `width` characters, the first after `first`, the others after as many spaces; then paints each. */
export function wrapText(text: string, width: number, first: string, paint: Paint = asIs): string[] {
  const indent = " ".repeat([...first].length)
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && [...line].length + 1 + [...word].length > width - indent.length) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((part, k) => (k === 0 ? first : indent) + paint(part))
}
