/**
 * @file Gradients of the benchmark's networks in jax-js, compiled, on WebAssembly; needs Node 24. The folder of the package is the second argument.
 * Prints microseconds by name as JSON. Arrays are counted references there: `ref` keeps what a call would use up.
 */
import { createRequire } from "node:module"
import path from "node:path"
import { pathToFileURL } from "node:url"

const manifest = createRequire(path.resolve(process.argv[3], "package.json")).resolve("@jax-js/jax")
const { grad, init, jit, nn, numpy: np, random, defaultDevice } = await import(pathToFileURL(manifest).href)
await init("wasm")
defaultDevice("wasm")

let seed = 0
const normal = shape => random.normal(random.key(seed++), shape)

function swiglu({ d, h, n }) {
  const x = normal([n, d]), y = normal([n, d])
  const parameters = { b: normal([d, h]), c: normal([d, h]), a: normal([h, d]) }
  const loss = ({ a, b, c }, x, y) => {
    const hidden = nn.silu(np.matmul(x.ref, b)).mul(np.matmul(x, c))
    return np.square(np.matmul(hidden, a).sub(y)).mean()
  }
  return { parameters, loss, x, y }
}

function attention({ d, heads, t, n }) {
  const e = d / heads
  const x = normal([n, t, d]), y = normal([n, t, d])
  const parameters = { q: normal([d, d]), k: normal([d, d]), v: normal([d, d]), o: normal([d, d]) }
  const split = z => np.transpose(z.reshape([n, t, heads, e]), [0, 2, 1, 3])
  const loss = ({ q, k, v, o }, x, y) => {
    const keys = np.transpose(split(np.matmul(x.ref, k)), [0, 1, 3, 2])
    const scores = nn.softmax(np.matmul(split(np.matmul(x.ref, q)), keys).mul(1 / Math.sqrt(e)), -1)
    const mixed = np.transpose(np.matmul(scores, split(np.matmul(x, v))), [0, 2, 1, 3]).reshape([n, t, d])
    return np.square(np.matmul(mixed, o).sub(y)).mean()
  }
  return { parameters, loss, x, y }
}

function measure(call, milliseconds = 300) {
  for (const warm = performance.now(); performance.now() - warm < milliseconds / 3;) call()
  const times = [], begin = performance.now()
  while (performance.now() - begin < milliseconds || times.length < 15) {
    const start = performance.now()
    call()
    times.push((performance.now() - start) * 1000)
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
}

const result = {}
for (const c of JSON.parse(process.argv[2])) {
  const { parameters, loss, x, y } = c.kind === "swiglu" ? swiglu(c) : attention(c)
  const gradient = jit(grad(loss))
  const shared = () => Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value.ref]))
  result[c.name] = measure(() => {
    for (const g of Object.values(gradient(shared(), x.ref, y.ref))) g.dataSync()
  })
}
console.log(JSON.stringify(result))
