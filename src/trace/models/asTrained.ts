/**
 * @file How what trains a model runs it: fit as in training, `model.predict(x)` and `model.apply(x)` of steps taken by hand as in prediction, in
 * minimize too. Where both happen, or code runs it that is not seen, only what holds both ways is read.
 */
import type * as TypeScript from "typescript"
import type { Context } from "../context"
import type { Mode } from "../layers/prediction"
import type { ModelValue } from "../value"
import type { Trainer } from "../trainers"
import type { Traced } from "./classes"
import { callsOf } from "../../source/calls"
import { concerns } from "../trainers"
import { filesBehind } from "../../source/dependencies"
import { lastName } from "../../source/nodes"
import { modesIn, runIn } from "./modes"
import { parametersOf, rememberParameters } from "./wrappers"
import { runsElsewhere } from "./elsewhere"
import { traceInMode } from "./tfjs"
import { uncollected } from "./uncollected"

/** The steps that code takes by hand, and the files that they were looked for in, the analyzed one first. */
interface Steps {
  readonly trainers: readonly Trainer[]
  readonly files: readonly TypeScript.SourceFile[]
}

interface Made {
  readonly traced: Traced
  readonly model: ModelValue | null
}

/** The names of a network, and those of all others. */
interface Names {
  readonly own: () => ReadonlySet<string>
  readonly others: () => ReadonlySet<string>
}

/** A model as what trains it runs it; one that no step by hand is for, as fit does. */
export function asTrained(context: Context, { trainers, files }: Steps, made: Made, { own: namesOf, others }: Names): Made {
  const { traced, model } = made
  if (model === null) return made
  const compiled = isCompiled(context, model), asFit = (read: Traced): Made => ({ traced: compiled ? asFitted(context, read, model) : read, model })
  const mayBe = files.some(importsOwn) && runsElsewhere(context.ts, { program: context.program, files, names: namesOf() }, trainers)
  const both = mayBe ? traceInMode(context, model, "either") : null, isElsewhere = both !== null
  if (trainers.length === 0 && !isElsewhere) return asFit(traced)
  const names = namesOf(), isFit = isFitted(context, files, compiled ? null : names)
  const { mode, isByHand } = modeOfTraining(context, { trainers, files }, { names, others }, isFit, compiled)
  const found = isElsewhere ? both : mode === "fitted" ? null : traceInMode(context, model, mode)
  const read = found === null ? traced : { ...found, assumptions: [...new Set([...traced.assumptions, ...found.assumptions])] }
  // Steps by hand train what fit leaves alone.
  return isByHand && !isFit ? { traced: read, model } : asFit(read)
}

/** Whether a file may import another one of the program's own: only then code that is not in sight gets hold of its networks. */
const importsOwn = ({ text }: TypeScript.SourceFile): boolean => /\bfrom\s*["'](?!@tensorflow\/)/.test(text)

/** How the steps of some trainers, and fit where some code calls it, run a network of these names. */
function modeOfTraining(
  { ts }: Context, { trainers, files }: Steps, { names, others }: { readonly names: ReadonlySet<string>; readonly others: Names["others"] },
  isFit: boolean, compiled: boolean,
): { readonly mode: Mode; readonly isByHand: boolean } {
  const own = trainers.filter((trainer) => concerns(ts, trainer, names))
  // Layers that stand alone are none of the networks.
  const isLayer = (name: string): boolean =>
    files.some(({ text }) => new RegExp(`(?<![\\w$])${name.replace(/\$/g, "\\$&")}\\s*[:=]\\s*tf\\.layers\\.`).test(text))
  const isOther = (name: string | null): boolean => name !== null && (others().has(name) || isLayer(name))
  // A step that shows no run of any network, or one of what is not known to be another, may be for this one.
  const isBlind = (trainer: Trainer): boolean => {
    const run = own.includes(trainer) ? null : trainer.reached.flat().flatMap((code) => runIn(ts, code))
    return run !== null && !(run.length > 0 && run.every(isOther))
  }
  const blind = isFit && compiled ? [] : trainers.filter(isBlind)
  if (own.length + blind.length === 0) return { mode: "fitted", isByHand: false }
  const modes = new Set([...own, ...blind].flatMap(({ reached }) => [...modesIn(ts, reached.flat(), names)]))
  if (isFit) modes.add("fitted")
  const [first] = modes
  return { mode: modes.size === 1 ? first : "either", isByHand: own.length > 0 }
}

const isCompiled = ({ state }: Context, model: ModelValue): boolean => [...state.compiled.values()].some((models) => models.has(model))

/** Whether code around this file fits a model of these names, any model where there are none: compile alone trains nothing. */
const isFitted = (context: Context, files: readonly TypeScript.SourceFile[], names: ReadonlySet<string> | null): boolean =>
  fittedAround(context, files).some((name) => names === null || (name !== null && names.has(name)))

/** What is fitted in files that have to do with these, asked once for all models of a file. */
function fittedAround({ ts, program }: Context, files: readonly TypeScript.SourceFile[]): readonly (string | null)[] {
  const known = fitted.get(files)
  if (known !== undefined) return known
  const [home] = files, behind = new Set(files.flatMap((file) => [...filesBehind(ts, program, file)]))
  const all = program.getSourceFiles().filter((file) => !file.isDeclarationFile && !file.fileName.includes("/node_modules/") && fits.test(file.text))
  const near = all.filter((file) => behind.has(file) || filesBehind(ts, program, file).has(home))
  const found = near.flatMap((file) => callsOf(ts, file)).flatMap(({ expression }) =>
    ts.isPropertyAccessExpression(expression) && fits.test(`${expression.name.text}(`) ? [lastName(ts, expression.expression)] : [])
  fitted.set(files, found)
  return found
}

const fitted = new WeakMap<readonly TypeScript.SourceFile[], readonly (string | null)[]>()

const fits = /\b(fit|fitDataset|trainOnBatch)\s*\(/

/** A model whose weights that fit does not collect stay, and a refusal that tells; of those that it may collect or not nothing is promised. */
function asFitted(context: Context, traced: Traced, model: ModelValue): Traced {
  const ids = parametersOf(traced.graph), { still, doubtful } = uncollected(context, model, ids.keys())
  const names = new Map([...still].flatMap(([weight, owner]) => (ids.has(weight) ? [[ids.get(weight)!, owner] as const] : [])))
  const perhaps = new Set([...doubtful].flatMap((weight) => ids.get(weight) ?? []))
  const moves = traced.graph.parameters.filter((p) => p.trainable && names.has(p.id))
  if (moves.length + perhaps.size === 0) return traced
  const parameters = traced.graph.parameters.map((p) =>
    p.trainable && names.has(p.id) ? { ...p, trainable: false } : p.trainable && perhaps.has(p.id) ? { ...p, turns: `?${p.id}` } : p)
  const graph = { ...traced.graph, parameters }
  rememberParameters(graph, ids)
  if (moves.length === 0) return { ...traced, graph }
  const [{ id, start, end }, ...others] = moves, { length } = others
  const more = length === 0 ? "" : ` and ${length} more weight${length === 1 ? "" : "s"}`
  const where = `what ${names.get(id)!} holds in fields or finds around it`
  const what = `fit never trains '${id}'${more}: tfjs 4.22 lists what addWeight makes, and not ${where}`
  return { ...traced, graph, refused: [...(traced.refused ?? []), { kind: "uncollected", what, fixable: false, start, end }] }
}
