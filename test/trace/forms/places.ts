/** @file Where definitions stand: pages, components, services, modules of every kind, tf handed in or global, training code around them. */
import type { FormCase } from "./runCase"

const dense = "tf.layers.dense({ units: 3, inputShape: [2] })"

export const placeCases: readonly FormCase[] = [
  {
    title: "scripts of a page, tf from the CDN",
    files: {
      "/page.html": `<!doctype html><html><head><script src="https://cdn.jsdelivr.net/npm/@tensorflow/tfjs"></script></head>
        <body><!-- <script>not code</script> --><p>tf.sequential()</p>
        <script>
          const widths = [4, 3]
        </script><script>
          const model = tf.sequential()
          for (const units of widths) model.add(tf.layers.dense({ units, inputShape: [2] }))
        </script></body></html>`,
    },
  },
  {
    title: "a handler in an attribute of a page",
    files: { "/page.html": `<script>let model</script>\n<button onclick="{ model = tf.sequential(); model.add(${dense}) }">go</button>` },
    // On tfjs the handler's text is run as it stands.
    run: `(() => { const model = tf.sequential(); model.add(${dense}) })()`,
  },
  {
    title: "a React component with handlers and hooks",
    files: {
      "/App.jsx": `import React, { useEffect, useMemo } from "react"
        import * as tf from "@tensorflow/tfjs"
        export function App({ width = 6 }) {
          const net = useMemo(() => tf.sequential({ layers: [${dense}] }), [])
          useEffect(() => {
            const second = tf.sequential()
            second.add(tf.layers.dense({ units: width, inputShape: [5] }))
          }, [width])
          const train = async () => { const third = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [8] })] }); return third }
          return <main><button onClick={train}>{net.name}</button></main>
        }
        export const press = () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [8] })] })`,
    },
    run: "[App({}), press()]",
  },
  {
    title: "a class component in TSX",
    files: {
      "/Panel.tsx": `import React from "react"
        import * as tf from "@tensorflow/tfjs"
        interface State { model: tf.LayersModel | null }
        export class Panel extends React.Component<{ units: number }, State> {
          state: State = { model: null }
          build = (): tf.LayersModel => { const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [2] })] });
            this.setState({ model }); return model }
          render() { return <button onClick={this.build}>build</button> }
        }`,
    },
    run: "new Panel({ units: 4 }).build()",
  },
  {
    title: "an injectable service with a method that adds layers",
    files: {
      "/model.service.ts": `import * as tf from "@tensorflow/tfjs"
        const Injectable = (_: object) => <T>(target: T): T => target
        export class ModelService {
          private model: tf.Sequential = tf.sequential()
          private readonly sizes = [5, 2]
          initialize(): void {
            this.sizes.forEach((units, index) => this.model.add(tf.layers.dense({ units, ...(index === 0 && { inputShape: [3] }) })))
            this.model.compile({ optimizer: "adam", loss: "meanSquaredError" })
          }
          async predict(x: number[][]): Promise<number[]> { const y = this.model.predict(tf.tensor2d(x)) as tf.Tensor;
            return Array.from(await y.data()) }
        }
        export const service = Injectable({})(ModelService)`,
    },
    run: "new ModelService().initialize()",
  },
  {
    title: "an object whose functions build the model in its field",
    files: {
      "/brain.js": `const tf = require("@tensorflow/tfjs-node")
        const brain = {
          model: tf.sequential(),
          units: 4,
          setup(inputs) {
            this.model.add(tf.layers.dense({ units: this.units, inputShape: [inputs] }))
            this.model.add(tf.layers.dense({ units: 1 }))
          },
        }
        module.exports = brain`,
    },
    run: "brain.setup(3)",
    sizes: { inputs: 3 },
  },
  {
    title: "constants, layers and the builder in other files",
    files: {
      "/main.ts": `import { head, sizes as widths } from "./build/index.js"
        import CONFIG, { IMAGE as image } from "./constants"
        import * as tfl from "@tensorflow/tfjs-layers"
        CONFIG.classes = 4
        export const model = tfl.sequential({
          layers: [tfl.layers.flatten({ inputShape: [image.height, image.width] }), ...widths.map((units) => tfl.layers.dense({
            units })), head(CONFIG)],
        })`,
      "/constants.ts": `export const IMAGE = { height: 6, width: 5 } as const
        const CONFIG = { classes: 10, hidden: 7 }
        export default CONFIG`,
      "/build/index.ts": `export { default as head } from "./head"
        export * from "./sizes"`,
      "/build/sizes.ts": `export const sizes = [9, 8]`,
      "/build/head.ts": `import { layers } from "@tensorflow/tfjs"
        export default ({ classes, hidden }: { classes: number; hidden: number }) => layers.dense({ units: classes + hidden })`,
    },
  },
  {
    title: "tf handed in, and held in a field",
    files: {
      "/inject.js": `class Trainer {
          constructor(tf, options) { this.tf = tf; Object.assign(this, { units: 5 }, options) }
          build() {
            const { tf } = this
            this.model = tf.sequential()
            this.model.add(tf.layers.dense({ units: this.units, inputShape: [2] }))
            this.model.add(this.tf.layers.dense({ units: 1 }))
            return this.model
          }
        }
        const trainer = new Trainer(require("@tensorflow/tfjs"), { units: 3 })
        trainer.build()`,
    },
  },
  {
    title: "window.tf and an immediately called function",
    files: {
      "/main.js": `(function (root) {
          const { layers } = window.tf
          root.model = window.tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [4] }), layers.reLU({ maxValue: 6 })] })
        })(typeof globalThis !== "undefined" ? {} : window)`,
    },
  },
  {
    title: "a main function with data and training around the model",
    files: {
      "/main.ts": `import * as tf from "@tensorflow/tfjs-node"
        async function load(path: string): Promise<{ xs: tf.Tensor2D; ys: tf.Tensor2D }> {
          const rows: number[][] = Array.from({ length: 4 }, (_, i) => [i, path.length])
          return { xs: tf.tensor2d(rows), ys: tf.tensor2d(rows.map(([a]) => [a])) }
        }
        export async function main() {
          const { xs, ys } = await load("data.csv")
          const model = tf.sequential()
          model.add(tf.layers.dense({ units: 6, inputShape: [xs.shape[1]], activation: "relu" }))
          model.add(tf.layers.dense({ units: ys.shape[1] }))
          model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" })
          try { await model.fit(xs, ys, { epochs: 1, verbose: 0 }) } catch (error) { console.error(error) } finally { xs.dispose() }
          return (model.predict(tf.ones([1, 2])) as tf.Tensor).dataSync()
        }
        void main()`,
    },
    run: "main()",
  },
  {
    title: "a static method, a default export and a namespace",
    files: {
      "/main.ts": `import * as tf from "@tensorflow/tfjs"
        export namespace Nets {
          export const size = 4
          export function make() { return tf.sequential({ layers: [tf.layers.dense({ units: size, inputShape: [3] })] }) }
        }
        class Factory {
          static defaults = { units: 2 }
          static create(options: Partial<typeof Factory.defaults> = {}) {
            const { units } = { ...this.defaults, ...options }
            return tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [Nets.size] })] })
          }
        }
        export default function start() { return [Nets.make(), Factory.create()] }`,
    },
    run: "start()",
  },
  {
    title: "JavaScript with JSDoc types and exports by name",
    files: {
      "/net.mjs": `import { sequential, layers } from "@tensorflow/tfjs"
        /** @typedef {{ inputs: number, outputs: number, hidden?: number[] }} Options */
        /**
         * @param {Options} options
         * @returns {import("@tensorflow/tfjs").Sequential}
         */
        export const create = ({ inputs, outputs, hidden = [6, 5] }) => {
          const net = sequential()
          hidden.forEach((units, i) => net.add(layers.dense({ units, activation: "relu", inputShape: i ? undefined : [inputs] })))
          net.add(layers.dense({ units: outputs }))
          return net
        }`,
    },
    run: "create({ inputs: 3, outputs: 2 })",
    sizes: { inputs: 3, outputs: 2 },
  },
  {
    title: "a table of builders chosen by a name",
    files: {
      "/zoo.cjs": `const tf = require("@tensorflow/tfjs")
        const zoo = {
          linear: (n) => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [n] })] }),
          deep(n, depth = 2) {
            const m = tf.sequential()
            for (let i = 0; i < depth; i++) m.add(tf.layers.dense({ units: n, inputShape: [n] }))
            return m
          },
        }
        const chosen = "deep"
        exports.model = zoo[chosen](5)
        exports.other = zoo["linear"](4)`,
    },
  },
  {
    title: "models in an array and in a Map, one a user",
    files: {
      "/players.ts": `import * as tf from "@tensorflow/tfjs"
        const sizes = [3, 3]
        export const players = sizes.map((n) => ({ id: n, brain: tf.sequential({ layers: [tf.layers.dense({ units: n, inputShape: [4] })] }) }))
        export const byName = new Map<string, tf.LayersModel>()
        for (const { id, brain } of players) byName.set(\`p\${id}\`, brain)`,
    },
  },
]
