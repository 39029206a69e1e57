/**
 * @file Runs the source of a case on real tfjs and reads it with the tracer. Every model and variable that tfjs makes on the way is recorded, so that
 * both sides can be compared without naming anything.
 */
import { compileFunction } from "node:vm"
import * as tf from "@tensorflow/tfjs"
import ts from "typescript"
import { scriptsOf } from "../../../src/hosts/cli/pages"
import { evaluateDim } from "../../../src/graph/dim"
import type { TracedFile, TracedModel } from "../../../src/graph/graph"
import { traceFile } from "../../../src/trace/trace"
import { programOf } from "../program"

export interface FormCase {
  readonly title: string
  /** The first one is read; the others are what it imports. */
  readonly files: Readonly<Record<string, string>>
  /** Evaluated in the scope of the first file when it has run; a tensor it gives is the network's output. */
  readonly run?: string
  /** What the symbols of the reading stand for in that run. */
  readonly sizes?: Readonly<Record<string, number>>
  /** Names of the models, where they are worth a check. */
  readonly names?: readonly string[]
}

/** What one network looks like from outside: shapes of its weights in order of text, and of its outputs without the batch axis. */
export interface Outline {
  readonly weights: readonly string[]
  readonly outputs: readonly string[]
}

const code = (name: string, text: string): string => (name.endsWith(".html") ? scriptsOf(text) : text)
const nameOf = (name: string): string => name.replace(/\.html$/, ".mts")

export function readCase({ files }: FormCase): TracedFile {
  const sources = Object.fromEntries(Object.entries(files).map(([name, text]) => [nameOf(name), code(name, text)]))
  const program = programOf(sources), main = program.getSourceFile(Object.keys(sources)[0])
  if (main === undefined) throw new Error("readCase: expected a file")
  return traceFile(ts, program, main)
}

export function outlineOf({ graph }: TracedModel, sizes: FormCase["sizes"] = {}): Outline {
  const sized = (shape: readonly (number | string)[]): string =>
    shape.map((d) => (typeof d === "number" || d === "batch" ? d : evaluateDim(d, sizes))).join()
  return { weights: graph.parameters.map((p) => sized(p.shape)).sort(), outputs: graph.outputs.map((id) => sized(graph.nodes[id].shape.slice(1))) }
}

export interface Ran {
  /** Layer models that are no part of another one, and those that are. */
  readonly models: readonly Outline[]
  readonly parts: readonly Outline[]
  /** Shapes of all variables that were made, those of layers included. */
  readonly variables: readonly string[]
  /** Shape of the tensor that `run` gave, without the batch axis; null where it gave none. */
  readonly output: string | null
}

export async function runCase({ files, run }: FormCase): Promise<Ran> {
  const made: tf.LayersModel[] = [], before = new Set(registered())
  const keep = <T extends tf.LayersModel>(model: T): T => (made.push(model), model)
  const recording = {
    ...tf,
    sequential: (config?: Parameters<typeof tf.sequential>[0]) => keep(tf.sequential(config)),
    model: (config: Parameters<typeof tf.model>[0]) => keep(tf.model(config)),
    Sequential: class extends tf.Sequential {
      constructor(config?: ConstructorParameters<typeof tf.Sequential>[0]) {
        super(config)
        keep(this)
      }
    },
    LayersModel: class extends tf.LayersModel {
      constructor(config: ConstructorParameters<typeof tf.LayersModel>[0]) {
        super(config)
        keep(this)
      }
    },
  }
  const loaded = new Map<string, Record<string, unknown>>()
  let last: unknown
  const load = (name: string): Record<string, unknown> => {
    const known = loaded.get(name)
    if (known !== undefined) return known
    const { outputText } = ts.transpileModule(code(name, files[name]), {
      compilerOptions: {
        module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true, jsx: ts.JsxEmit.React, useDefineForClassFields: false,
      },
      // The ending decides between the kinds of modules, of which this is always the same.
      fileName: name.replace(/\.(html|[mc]?([jt]s))$/, ".ts"),
    })
    const holder = { exports: {} as Record<string, unknown> }
    loaded.set(name, holder.exports)
    const isMain = name === Object.keys(files)[0]
    // In a block of its own, so that the source may declare what is handed in.
    const body = `{ ${outputText}\n;return ${isMain && run !== undefined ? `(() => (${run}))()` : "undefined"} }`
    const required = (from: string): unknown => requireFor(name, from)
    const result: unknown = compileFunction(body, ["exports", "module", "require", "tf", "window", "React", "document"])(
      holder.exports, holder, required, recording, { tf: recording }, react, {},
    )
    loaded.set(name, holder.exports)
    if (isMain) last = result
    return holder.exports
  }
  const requireFor = (importer: string, from: string): unknown => {
    if (from === "react") return react
    if (!from.startsWith(".")) return /layers/.test(from) ? { ...recording, ...tf.layers } : recording
    const base = new URL(from, `file://${importer}`).pathname
    const found = Object.keys(files).find((name) => name === base || name.replace(/\.\w+$/, "") === base.replace(/\.\w+$/, ""))
    if (found === undefined) throw new Error(`runCase: ${from} is not there`)
    return load(found)
  }
  load(Object.keys(files)[0])
  const value = await last
  const inner = new Set(made.flatMap((model) => model.layers.filter((layer) => layer instanceof tf.LayersModel)))
  const filled = made.filter((model) => model.layers.length > 0)
  return {
    models: filled.filter((model) => !inner.has(model)).map(outlineOfReal),
    parts: filled.filter((model) => inner.has(model)).map(outlineOfReal),
    variables: registered().flatMap((variable) => (before.has(variable) ? [] : [variable.shape.join()])),
    output: value instanceof tf.Tensor ? value.shape.slice(1).join() : null,
  }
}

const registered = (): readonly tf.Variable[] => Object.values(tf.engine().registeredVariables)

const outlineOfReal = (model: tf.LayersModel): Outline => ({
  weights: model.weights.map((weight) => weight.shape.join()).sort(),
  outputs: model.outputs.map(({ shape }) => shape.slice(1).join()),
})

/** As much of React as the cases use: hooks that run at once, elements that are nothing. */
const react = {
  createElement: () => null,
  useState: (value: unknown) => [typeof value === "function" ? (value as () => unknown)() : value, () => undefined],
  useEffect: (effect: () => unknown) => void effect(),
  useMemo: (make: () => unknown) => make(),
  useCallback: (fn: unknown) => fn,
  useRef: (value: unknown) => ({ current: value }),
  Component: class {
    props = {}
    state = {}
    setState(): void {}
  },
}
