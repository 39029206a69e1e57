/** @file Makes docs/tfjs.md from the cases that are compared with tfjs: what is read, how often it is compared, and where tfjs 4.22 stands apart. */
import { layerCases, mergeCases, unreadLayers } from "./layerCases"
import { unreadOps } from "../../src/trace/ops/unread"
import { opCases } from "./opCases"

interface Remarks {
  readonly noGradient?: string
  readonly wrongGradient?: string
  readonly wrongValue?: string
  readonly refused?: string
}

/** One clause each about what tfjs does, for the configurations where it does so. */
function remarksOf(cases: readonly (Remarks & { readonly text: string })[]): string {
  const told = cases.flatMap(({ text, noGradient, wrongGradient, wrongValue, refused }) => {
    const what =
      refused !== undefined
        ? "tfjs refuses it"
        : wrongValue !== undefined
          ? `tfjs computes something else: ${wrongValue}`
          : wrongGradient !== undefined
            ? `tfjs's gradient is another function's: ${wrongGradient}`
            : noGradient !== undefined
              ? "tfjs cannot differentiate it"
              : null
    return what === null ? [] : [{ text, what }]
  })
  const clauses = [...new Set(told.map(({ what }) => what))].map((what) => {
    const of = told.filter((entry) => entry.what === what)
    return of.length === cases.length ? what : `\`${of[0].text.replaceAll("|", "\\|")}\`${of.length > 1 ? ` and ${of.length - 1} more` : ""}: ${what}`
  })
  return clauses.join("; ")
}

const row = (name: string, count: number, remarks: string): string => `| ${name} | ${count} | ${remarks} |`
const byName = <T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))

/** The whole document. */
export function tfjsDocument(drawing: readonly string[]): string {
  const layers = byName(Object.entries(layerCases)).map(([name, cases]) => {
    const isAmbiguous = (layer: string): boolean => cases.filter((c) => c.layer === layer).length > 1
    const told = cases.map((c) => ({ ...c, text: isAmbiguous(c.layer) ? `${c.layer} on [${c.shape.join(", ")}]` : c.layer }))
    return row(name, cases.length, name === "inputLayer" || /Cells?$/.test(name) ? "compared inside a model" : remarksOf(told))
  })
  const merges = byName(Object.entries(mergeCases)).map(([name, cases]) => row(name, cases.length, ""))
  const unread = Object.entries(unreadLayers).map(([name, why]) => row(name, 0, why))
  const ops = byName(Object.entries(opCases)).map(([name, cases]) => row(name, cases.length, remarksOf(cases.map((c) => ({ ...c, text: c.code })))))
  const refused = byName(Object.entries(unreadOps)).map(([name, why]) => `| ${name} | ${why} |`)
  const random = drawing.map((name) => row(name, 1, "for the draw tfjs made"))
  return `# What is read of tfjs

<!-- Made from the cases under test/trace; UPDATE=1 npx vitest run test/trace/document.test.ts writes it. -->

Every layer and op that the tracer reads is run on tfjs 4.22 (its cpu backend) and on the traced network, with the same weights and data. Values agree
to 1e-5 of the largest, and gradients to 1e-4 wherever tfjs has them. The number says in how many configurations; the remarks say where tfjs
itself stands apart, in which case laws hold for the function as it is documented. Anything that is not listed is reported where it is used, and
only what touches it is opaque.

## Layers

| layer | compared | remarks |
|---|--:|---|
${[...layers, ...merges, ...unread].join("\n")}

## Ops

| op | compared | remarks |
|---|--:|---|
${[...ops, ...random].join("\n")}

## Ops that are not read

| op | reason |
|---|---|
${refused.join("\n")}
`
}
