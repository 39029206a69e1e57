/**
 * @file Prints formula trees through the handlers of mathjs's toString and toTex: norms, sums, Gram matrices and indices in the notation
 * of the literature. One table serves Unicode and LaTeX, so the two cannot disagree.
 */
import { dim } from "../graph/dim"
import { callOf, nameOf, parseSpec, valueOf } from "./formulaTree"
import type { FormulaFunction, FormulaNode, Spec } from "./formulaTree"
import { bracketsText, layoutOf, slotIndexOf } from "./formulaView"
import type { OperandLayout } from "./formulaView"

/** The spellings that differ between Unicode and LaTeX. */
interface Notation {
  readonly name: (id: string) => string
  readonly index: (text: string) => string
  readonly norm: (inner: string) => string
  readonly inner: (a: string, b: string) => string
  readonly transposed: (a: string) => string
  readonly sum: (letters: readonly string[], body: string) => string
  readonly number: (value: number) => string
  readonly minus: string
  readonly dot: string
  readonly squared: string
  readonly grouped: (inner: string) => string
  readonly note: (text: string) => string
  readonly notEqual: string
}

const subscripts: Readonly<Record<string, string>> = {
  a: "ₐ",
  e: "ₑ",
  h: "ₕ",
  i: "ᵢ",
  j: "ⱼ",
  k: "ₖ",
  l: "ₗ",
  m: "ₘ",
  n: "ₙ",
  o: "ₒ",
  p: "ₚ",
  r: "ᵣ",
  s: "ₛ",
  t: "ₜ",
  u: "ᵤ",
  v: "ᵥ",
  x: "ₓ",
}

const fractions: Readonly<Record<string, string>> = { "0.5": "½", "0.25": "¼", "0.75": "¾" }
const numberText = (value: number): string => fractions[String(value)] ?? String(Number(value.toPrecision(6)))

const unicode: Notation = {
  name: (id) => id,
  index: (text) => text,
  norm: (inner) => `‖${inner}‖²`,
  inner: (a, b) => `⟨${a}, ${b}⟩`,
  transposed: (a) => `${a}ᵀ`,
  sum: (letters, body) => `Σ${letters.map((l) => subscripts[l] ?? l).join("")} ${body}`,
  number: numberText,
  minus: "−",
  dot: "·",
  squared: "²",
  grouped: (inner) => `(${inner})`,
  note: (text) => text,
  notEqual: "≠",
}

const escapeTex = (text: string): string =>
  text.replace(/[\\{}_$&#%^~]/g, (c) => (c === "\\" ? "\\backslash{}" : c === "^" ? "\\hat{}" : c === "~" ? "\\sim{}" : `\\${c}`))

/** A parameter's name in LaTeX. */
export const latexName = (id: string): string => (/^[A-Za-z]$/.test(id) ? id : `\\mathrm{${escapeTex(id)}}`)

const latex: Notation = {
  name: latexName,
  index: (text) => text.replace(/…/g, "\\ldots").replace(/\[/g, "{[").replace(/\]/g, "]}").replace(/\*/g, " "),
  norm: (inner) => `\\lVert ${inner} \\rVert^2`,
  inner: (a, b) => `\\langle ${a}, ${b} \\rangle`,
  transposed: (a) => `${a}^{\\top}`,
  sum: (letters, body) => `\\sum${letters.length === 0 ? "" : `_{${letters.join(",")}}`} ${body}`,
  number: (value) =>
    fractions[String(value)] === undefined ? numberText(value) : `\\tfrac{${value * 4 === 2 ? 1 : value * 4}}{${value * 4 === 2 ? 2 : 4}}`,
  minus: "-",
  dot: " ",
  squared: "^2",
  grouped: (inner) => `\\left(${inner}\\right)`,
  note: (text) => `\\text{${text}}`,
  notEqual: "\\ne",
}

/** A formula as Unicode text: "‖wq[:,h,:]‖² − ‖wk[:,h,:]‖²". */
export const printFormula = (tree: FormulaNode): string => tree.toString({ handler: handlerFor(unicode, (n, o) => n.toString(o)) })
/** The same as LaTeX. */
export const printLatex = (tree: FormulaNode): string => tree.toTex({ handler: handlerFor(latex, (n, o) => n.toTex(o)) })

type Handler = (node: FormulaNode, options: object) => string | undefined

function handlerFor(notation: Notation, printNode: (node: FormulaNode, options: object) => string): Handler {
  return (node, options) => {
    const print = (n: FormulaNode): string => printNode(n, options)
    const call = callOf(node)
    if (call !== null)
      return isOperand(call.name) ? printOperand(layoutOf(node), () => null, notation) : printCall(call.name, call.args, notation, print)
    switch (node.type) {
      case "OperatorNode":
        return printOperator(node, notation, print)
      case "ParenthesisNode":
        return notation.grouped(print((node as unknown as { readonly content: FormulaNode }).content))
      case "ConstantNode": {
        const value = valueOf(node)
        return typeof value === "number" ? notation.number(value) : value
      }
      default:
        return undefined
    }
  }
}

function printOperator(node: FormulaNode, notation: Notation, print: (n: FormulaNode) => string): string | undefined {
  const { fn, args } = node as unknown as { readonly fn: string; readonly args: readonly FormulaNode[] }
  switch (fn) {
    case "add":
      return `${print(args[0])} + ${print(args[1])}`
    case "subtract":
      return `${print(args[0])} ${notation.minus} ${print(args[1])}`
    case "unaryMinus":
      return `${notation.minus}${print(args[0])}`
    case "multiply":
      return `${print(args[0])}${args[1].type === "FunctionNode" || args[1].type === "OperatorNode" ? notation.dot : ""}${print(args[1])}`
    case "pow":
      return `${print(args[0])}${notation.squared}`
    default:
      return undefined
  }
}

type OperandFunction = "parameter" | "reshape" | "slice" | "transpose" | "plusOne" | "plusIdentity"
const operandFunctions: readonly string[] = ["parameter", "reshape", "slice", "transpose", "plusOne", "plusIdentity"] satisfies OperandFunction[]
const isOperand = (name: FormulaFunction): name is OperandFunction => operandFunctions.includes(name)

function printCall(
  name: Exclude<FormulaFunction, OperandFunction>,
  args: readonly FormulaNode[],
  notation: Notation,
  print: (n: FormulaNode) => string,
): string {
  const spec = (k: number): Spec => parseSpec(String(valueOf(args[k])))
  const letters = (from: number): string[] => args.slice(from).map((arg) => nameOf(arg))
  switch (name) {
    case "entry":
      return printOperand(layoutOf(args[0]), shown(spec(1).inputs[0], spec(1).output), notation)
    case "normsq":
      return notation.norm(printOperand(layoutOf(args[0]), shown(spec(1).inputs[0], spec(1).output), notation))
    case "squaredSum":
      return printSquaredSum(layoutOf(args[0]), spec(1), notation)
    case "sum":
      return printSum(layoutOf(args[0]), spec(1), notation)
    case "inner":
      return printInner([layoutOf(args[0]), layoutOf(args[1])], spec(2), notation)
    case "gram":
      return printGram([layoutOf(args[0]), layoutOf(args[1])], spec(2), notation)
    case "matrix":
      return printMatrix(layoutOf(args[1]), String(valueOf(args[0])), spec(2), notation)
    case "at":
      return `${notation.grouped(print(args[0]))}${notation.index(`[${letters(1).join(",")}]`)}`
    case "repeat":
      return printRepeat(args, notation, print)
    case "offDiagonal":
      return `${print(args[0])}, ${letters(1).join(` ${notation.notEqual} `)}`
    case "differences":
      return `${print(args[0])} ${notation.minus} ${notation.note(`(same at ${letters(1).join("=")}=0)`)}`
  }
}

/** Letters of the output are shown, all others run. */
const shown =
  (input: string, output: string) =>
  (axis: number): string | null =>
    output.includes(input[axis]) ? input[axis] : null

function printOperand(layout: OperandLayout, letterOf: (axis: number) => string | null, notation: Notation): string {
  const brackets = notation.index(bracketsText(layout, letterOf))
  const name = notation.name(layout.parameter)
  if (layout.offset === null) return name + brackets
  const constant = Math.abs(layout.offset.value) === 1 ? "" : notation.number(Math.abs(layout.offset.value))
  const sign = layout.offset.value < 0 ? notation.minus : ""
  if (layout.offset.kind === "identity") return `${notation.grouped(`${sign}${constant}I + ${name}`)}${brackets}`
  return notation.grouped(`${sign}${constant === "" ? "1" : constant} + ${name}${brackets}`)
}

function printSum(layout: OperandLayout, { inputs: [input], output }: Spec, notation: Notation): string {
  // A single cell is no sum.
  const single = new Set(layout.slots.flatMap((slot) => (slot.kind === "axis" && dim(slot.size) === 1 ? [input[slot.axis]] : [])))
  const summed = [...new Set(input)].filter((letter) => !output.includes(letter) && !single.has(letter))
  if (summed.length === 0) return printOperand(layout, shown(input, output), notation)
  // A sum over part of an axis shows the range instead of a letter.
  const partial = layout.slots.some((slot) => slot.kind === "axis" && slot.to !== null && summed.includes(input[slot.axis]))
  if (partial || summed.length > 2) return notation.sum([], printOperand(layout, shown(input, output), notation))
  if (output === "" && summed.length > 1)
    return notation.sum(
      [],
      printOperand(layout, () => null, notation),
    )
  const names = summationNames(summed, output)
  // The letter of a single cell may be the name of another's.
  const visible = (axis: number): string | null => names.get(input[axis]) ?? (single.has(input[axis]) ? "0" : input[axis])
  return notation.sum([...names.values()], printOperand(layout, visible, notation))
}

/** ⟨A[…,i], B[…,j]⟩, or a plain product of entries where nothing is summed, or Σ A[…]·B[…] where the summed letters differ. */
function printInner(layouts: readonly [OperandLayout, OperandLayout], { inputs, output }: Spec, notation: Notation): string {
  // A single cell that a slice shows is no sum.
  const isCell = (k: number, letter: string): boolean =>
    layouts[k].slots.some((slot) => slot.kind === "axis" && slot.axis === inputs[k].indexOf(letter) && slot.to !== null && dim(slot.size) === 1)
  const summed = inputs.map((input, k) => [...input].filter((letter) => !output.includes(letter) && !isCell(k, letter)))
  if (summed[0].length + summed[1].length === 0)
    return layouts.map((layout, k) => printOperand(layout, shown(inputs[k], output), notation)).join(notation.dot)
  // Inside ⟨ , ⟩ the summed axes must meet in storage order, else the text would pair the wrong entries.
  const order = layouts.map((layout, k) =>
    [...summed[k]].sort((a, b) => slotIndexOf(layout, inputs[k].indexOf(a)) - slotIndexOf(layout, inputs[k].indexOf(b))).join(""),
  )
  if (order[0] === order[1] && new Set(order[0]).size === order[0].length)
    return notation.inner(...(layouts.map((layout, k) => printOperand(layout, shown(inputs[k], output), notation)) as [string, string]))
  return notation.sum(
    [...new Set(summed.flat())],
    layouts.map((layout, k) => printOperand(layout, (axis) => inputs[k][axis], notation)).join(notation.dot),
  )
}

/** Aᵀ·B, A·Bᵀ, …: the entry [i,j] of a product over one letter (of vectors where the letter has no place). */
function printGram(layouts: readonly [OperandLayout, OperandLayout], { inputs, output }: Spec, notation: Notation): string {
  const shared = [...inputs[0]].filter((letter) => inputs[1].includes(letter))
  const batch = shared.filter((letter) => output.includes(letter)).join("")
  const summed = shared.find((letter) => !output.includes(letter))
  const parts = layouts.map((layout, k) => {
    const own = [...inputs[k]].find((letter) => !shared.includes(letter)) ?? ""
    const text = printOperand(layout, shown(inputs[k], batch), notation)
    const ownSlot = slotIndexOf(layout, inputs[k].indexOf(own)),
      summedSlot = summed === undefined ? -1 : slotIndexOf(layout, inputs[k].indexOf(summed))
    // Rows of the left factor are its own letter; a vector counts as a column.
    return { text, own, rows: summedSlot === -1 || ownSlot < summedSlot }
  })
  const [left, right] = output.indexOf(parts[0].own) <= output.indexOf(parts[1].own) ? parts : [parts[1], parts[0]]
  return `${left.rows ? left.text : notation.transposed(left.text)}${notation.dot}${right.rows ? notation.transposed(right.text) : right.text}`
}

function printMatrix(layout: OperandLayout, [row, column]: string, { inputs: [input], output }: Spec, notation: Notation): string {
  const batch = [...output].filter((letter) => letter !== row && letter !== column).join("")
  const text = printOperand(layout, shown(input, batch), notation)
  return slotIndexOf(layout, input.indexOf(row)) < slotIndexOf(layout, input.indexOf(column)) ? text : notation.transposed(text)
}

/** ‖Σₐ W[a,:]‖², or (Σₐ W[a,i])² where nothing is left to square and add. */
function printSquaredSum(layout: OperandLayout, { inputs: [a, b], output }: Spec, notation: Notation): string {
  const inner = [...a].filter((letter, axis) => letter !== b[axis])
  const names = summationNames(inner, output)
  const visible = (axis: number): string | null => names.get(a[axis]) ?? (output.includes(a[axis]) ? a[axis] : null)
  const sum = notation.sum([...names.values()], printOperand(layout, visible, notation))
  const squares = [...a].some((letter) => !output.includes(letter) && !inner.includes(letter))
  return squares ? notation.norm(sum) : `${notation.grouped(sum)}${notation.squared}`
}

/** Every summation letter as one that has a subscript in Unicode and is not an index already. */
function summationNames(summed: readonly string[], output: string): ReadonlyMap<string, string> {
  const free = Object.keys(subscripts).filter((letter) => !output.includes(letter))
  const names = new Map<string, string>()
  for (const letter of summed) {
    const taken = [...names.values()]
    names.set(
      letter,
      letter in subscripts && !taken.includes(letter) ? letter : (free.find((f) => !summed.includes(f) && !taken.includes(f)) ?? letter),
    )
  }
  return names
}

/** Terms that differ in one number of their parameter's id: Σ ‖h/{0…11}/wo‖². */
function printRepeat(args: readonly FormulaNode[], notation: Notation, print: (n: FormulaNode) => string): string {
  const texts = args.map(print)
  const first = texts[0].split(/(\d+)/),
    last = texts[texts.length - 1].split(/(\d+)/)
  const folded = first
    .map((part, k) => (part === last[k] ? part : notation === latex ? `\\{${part}\\ldots${last[k]}\\}` : `{${part}…${last[k]}}`))
    .join("")
  return notation.sum([], folded)
}
