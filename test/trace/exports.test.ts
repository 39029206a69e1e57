/** @file What tfjs exports is read or refused with a reason, so that an op of a new version is not forgotten. */
import * as tf from "@tensorflow/tfjs"
import { expect, test } from "vitest"
import { findOp, ops } from "../../src/trace/ops/table"
import { unreadOps } from "../../src/trace/ops/unread"
import { only, trace } from "./program"

/** Machinery around tensors: backends, memory, gradients, models, training. The interpreter knows those that models use. */
const machinery = new Set(
  (
    "AdadeltaOptimizer AdagradOptimizer AdamOptimizer AdamaxOptimizer Callback CallbackList CustomCallback DataStorage EarlyStopping Environment " +
    "GPGPUContext GraphModel History InputSpec KernelBackend LayerVariable LayersModel MathBackendCPU MathBackendWebGL MomentumOptimizer Optimizer " +
    "OptimizerConstructors RMSPropOptimizer RNN SGDOptimizer Sequential SymbolicTensor Tensor TensorBuffer Variable backend buffer " +
    "copyRegisteredKernels customGrad deprecationWarn deregisterOp disableDeprecationWarnings dispose disposeVariables enableDebugMode " +
    "enableProdMode enclosingPowerOfTwo engine env findBackend findBackendFactory forceHalfFloat getBackend getGradient getKernel " +
    "getKernelsForBackend grad grads input keep loadGraphModel loadGraphModelSync loadLayersModel memory model nextFrame op print profile ready " +
    "registerBackend registerCallbackConstructor registerGradient registerKernel registerOp removeBackend sequential setBackend setPlatform " +
    "setWebGLContext sumOutType tidy time train unregisterGradient unregisterKernel upcastType valueAndGrad valueAndGrads variableGrads"
  ).split(" "),
)
const folders = ["image", "linalg", "spectral", "signal", "sparse", "string", "fused", "math"] as const

/** Every function behind `tf` that makes tensors of tensors, by path; losses belong to training. */
const exported = (): readonly string[] => [
  ...Object.entries(tf).flatMap(([name, value]) => (typeof value === "function" && !machinery.has(name) ? [name] : [])),
  ...folders.flatMap((folder) => Object.keys(tf[folder]).map((name) => `${folder}.${name}`)),
]

test("every op of tfjs is read, or has the reason why not", () => {
  expect(exported().filter((path) => !Object.hasOwn(ops, path) && !Object.hasOwn(unreadOps, path))).toEqual([])
  expect(Object.keys(unreadOps).filter((path) => !exported().includes(path) || Object.hasOwn(ops, path))).toEqual([])
})

test("so is every method of a tensor", () => {
  const housekeeping =
    "constructor rank buffer bufferSync array arraySync data dataToGPU dataSync bytes dispose isDisposed throwIfDisposed print toString".split(" ")
  const methods = Object.getOwnPropertyNames(tf.Tensor.prototype).filter((name) => !housekeeping.includes(name))
  expect(methods.filter((name) => findOp(name) === null && !Object.hasOwn(unreadOps, name))).toEqual([])
})

test.each(Object.entries(unreadOps))("tf.%s is refused with its reason", (path, why) => {
  const source = `const w = tf.variable(tf.ones([2, 2])), v = tf.variable(tf.ones([2, 2]))
    /** @model */ function f() { return tf.matMul(tf.${path}(w), v) }`
  const model = only(trace(source))
  expect(model.unsupported.map(({ what }) => what).join()).toContain(`tf.${path} is not supported: ${why}`)
  expect(model.graph.parameters.map(({ id }) => id)).toContain("v")
})
