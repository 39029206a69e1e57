/**
 * @file What an optimizer does to a law h = ½θᵀMθ + cᵀθ. A step against the gradient g, θ′ = θ − τg, gives Δh = ½τ²gᵀMg exactly, because
 * ⟨∇h, g⟩ = 0; weight decay, momentum and adaptive steps change that as written beside each case. Sources: Kunin et al. 2021
 * (arXiv:2012.04728), Marcotte et al. 2024 (arXiv:2405.12888), Tran et al. 2026 (arXiv:2606.17816), section 6. No numbers are run here.
 */
import type { OptimizerUse, Parameter } from "../graph/graph"
import type { FateStatus, Law, LawFate, Training } from "../schema/report"

/** What the fate of a law depends on. */
export type FateLaw = Pick<Law, "id" | "family" | "type" | "parameters" | "exactness">
export type FateParameter = Pick<Parameter, "id" | "regularizer" | "constraint" | "turns"> & { readonly trainable?: boolean }

type Fate = Omit<LawFate, "law">

const flow = "gradient flow"

/** What shrinks the parameters of one law; `lambda` is the coefficient of θ in the gradient. */
type Decay = { readonly kind: "none" } | { readonly kind: "equal"; readonly lambda: number } | { readonly kind: "broken"; readonly why: string }

/**
 * One entry for each optimizer in sight; gradient flow where there is none. `beside` are ids of the parameters that the model's own loss, where it
 * was followed, reads otherwise than by the output; `elsewhere` says of laws, by their ids, what steps that train other networks do to them.
 */
export function trainingOf(
  optimizers: readonly OptimizerUse[], laws: readonly FateLaw[], parameters: readonly FateParameter[], beside: readonly string[] = [],
  elsewhere: ReadonlyMap<string, string> = new Map(),
): readonly Training[] {
  const movedBy = (law: FateLaw, name: string): Fate | null => {
    const why = elsewhere.get(law.id)
    return why === undefined ? null : fate("broken", why.startsWith("broken by ") ? why : `not guaranteed under ${name}: ${why}`)
  }
  const readByLoss = (law: FateLaw, name: string): Fate | null => {
    const read = law.parameters.find((id) => beside.includes(id))
    return read === undefined ? null : fate("broken", `not guaranteed under ${name}: the loss it minimizes reads ${read} beside the output`)
  }
  if (optimizers.length === 0) {
    const fateOf = (law: FateLaw): Fate =>
      frozenInTurns(law, parameters, flow) ?? readByLoss(law, flow) ?? movedBy(law, flow) ?? fateUnderFlow(law, parameters)
    return [{ optimizer: flow, fate: laws.map((law) => ({ law: law.id, ...fateOf(law) })) }]
  }
  const fateOf = (use: OptimizerUse, law: FateLaw): Fate => {
    const own = fateUnder(use, law, parameters)
    // What is broken already keeps its own reason, and what a step does not train stands still whatever the loss reads.
    if (own.status === "broken") return own
    const read = standsStill(use, law, parameters) ? null : readByLoss(law, nameOf(use))
    return read ?? movedBy(law, nameOf(use)) ?? own
  }
  return optimizers.map((use) => ({
    optimizer: use.text,
    place: { start: use.place.start, end: use.place.end },
    fate: laws.map((law) => ({ law: law.id, ...fateOf(use, law) })),
  }))
}

/** The fate of one law under gradient flow, dθ/dt = −∇L, with the model's regularizers as part of L. */
export function fateUnderFlow(law: FateLaw, parameters: readonly FateParameter[]): Fate {
  const constrained = constraintOn(law, parameters)
  if (constrained !== null) return constrained
  const decay = decayOf(law, parameters, 0)
  if (decay.kind === "broken") return fate("broken", decay.why)
  if (decay.kind === "equal") {
    if (law.type === "mixed") return fate("broken", mixedDecay(decay.lambda))
    const rate = law.type === "linear" ? "λ" : "2λ"
    return fate(
      "decays",
      `decays like exp(−${rate}t) under gradient flow with weight decay λ = ${number(decay.lambda)}`,
      law.type === "linear" ? "dh/dt = −λh" : "dh/dt = −2λh",
    )
  }
  if (law.exactness === "approximate") return fate("drifts", "holds up to the ε of a normalization, so it drifts slowly even under gradient flow")
  return fate("exact", "exact under gradient flow")
}

/** The fate of one law under an optimizer as the source writes it. */
export function fateUnder(use: OptimizerUse, law: FateLaw, parameters: readonly FateParameter[]): Fate {
  const apart = constraintOn(law, parameters) ?? writtenItself(use, law) ?? partlyTrained(use, law, parameters) ?? readBeside(use, law) ??
    frozenInTurns(law, parameters, nameOf(use))
  if (apart !== null) return apart
  switch (use.name) {
    case "sgd":
      return fateUnderSgd(use, law, decayOf(law, parameters, use.weightDecay ?? 0))
    case "momentum":
    case "nesterov": {
      const decay = decayOf(law, parameters, use.weightDecay ?? 0)
      return use.momentum === 0 ? fateUnderSgd(use, law, decay) : fateUnderMomentum(use, law, decay)
    }
    case "adam":
    case "adamax":
    case "adagrad":
    case "adadelta":
    case "rmsprop":
      return fateUnderAdaptive(use, law, decayOf(law, parameters, use.weightDecay ?? 0))
    case "adamw":
      return fateUnderAdamW(use, law, parameters)
    case "unknown":
      return fate("broken", `not guaranteed under ${use.text}: only steps along the gradient are known to keep it`)
  }
}

function fateUnderSgd(use: OptimizerUse, law: FateLaw, decay: Decay): Fate {
  const name = nameOf(use)
  if (decay.kind === "broken") return fate("broken", decay.why)
  if (decay.kind === "equal" && law.type === "mixed") return fate("broken", mixedDecay(decay.lambda))
  if (law.exactness === "approximate") {
    const decays = decay.kind === "equal" ? `, and decays with weight decay λ = ${number(decay.lambda)}` : ""
    return fate("drifts", `drifts under ${name}: by the ε of a normalization and by O(τ)${decays}`)
  }
  if (law.type === "linear") {
    return decay.kind === "equal"
      ? fate("decays", `shrinks by 1 − τλ per step of ${name}, λ = ${number(decay.lambda)}`, "h′ = (1−τλ)h")
      : fate("exact", `exact under ${name}, up to rounding`, "Δh = 0")
  }
  return decay.kind === "equal"
    ? fate("decays", `shrinks by (1 − τλ)² per step of ${name}, λ = ${number(decay.lambda)}, beside a drift of ½τ²gᵀMg`, "h′ = (1−τλ)²h + ½τ²gᵀMg")
    : fate("drifts", `drifts under ${name} by exactly ½τ²gᵀMg per step, O(τ) over a fixed training time`, "Δh = ½τ²gᵀMg")
}

function fateUnderMomentum(use: OptimizerUse, law: FateLaw, decay: Decay): Fate {
  const name = nameOf(use)
  if (law.type !== "linear" || law.exactness === "approximate") {
    return fate(
      "broken",
      `broken by ${name}: a step is no longer along the gradient${alsoBroken(decay)}`,
      law.type === "linear" ? undefined : "Δh = ⟨∇h,u⟩ + ½uᵀMu, u = θ′ − θ",
    )
  }
  if (decay.kind === "broken") return fate("broken", decay.why)
  if (decay.kind === "equal") {
    // cᵀg = 0 leaves a recursion in h alone; Nesterov's look-ahead changes its coefficients, so it is given for heavy ball only.
    return fate(
      "decays",
      `shrinks under ${name} with weight decay λ = ${number(decay.lambda)}, whatever the data`,
      use.name === "momentum" ? "h″ = (1+μ−τλ)h′ − μh" : undefined,
    )
  }
  return fate("exact", `exact under ${name}, up to rounding, when the velocity starts at zero`, "Δh = 0")
}

function fateUnderAdaptive(use: OptimizerUse, law: FateLaw, decay: Decay): Fate {
  const name = nameOf(use)
  if (decay.kind === "equal") return fate("broken", `broken by ${name}: it rescales every coordinate of the step, the regularizer's part too`)
  // What has no gradient stands still but for rounding; only decay breaks it.
  if (law.family === "no-gradient") return decay.kind === "broken" ? fate("broken", decay.why) : roundingFate(name)
  return fate("broken", `broken by ${name}: it rescales every coordinate of the step${alsoBroken(decay)}`)
}

/** The optimizer is named first: without the regularizer it would break the law all the same. */
const alsoBroken = (decay: Decay): string => (decay.kind === "broken" ? `; also ${decay.why}` : "")

/** AdamW decays apart from the rescaled step, so a parameter without gradient shrinks by 1 − τλ and nothing else. */
function fateUnderAdamW(use: OptimizerUse, law: FateLaw, parameters: readonly FateParameter[]): Fate {
  const name = nameOf(use)
  if (law.family !== "no-gradient") return fate("broken", `broken by ${name}: it rescales every coordinate of the step`)
  if (decayOf(law, parameters, 0).kind !== "none") return fate("broken", `broken by ${name}: it rescales the regularizer's part of the step`)
  if (use.weightDecay === undefined || use.weightDecay === 0) return roundingFate(name)
  return fate(
    "decays",
    `shrinks by 1 − τλ per step of ${name}, λ = ${number(use.weightDecay)}, beside rounding noise that it amplifies`,
    "h′ = (1−τλ)h",
  )
}

const mixedDecay = (lambda: number): string => `broken: weight decay λ = ${number(lambda)} shrinks its square and its linear part at different rates`

const roundingFate = (name: string): Fate =>
  fate("rounding", `has no gradient, yet ${name} divides rounding noise by its own size, so the value wanders a little`)

/** minimize(f, true, variables) trains those alone: a law of others stands still, a law between the two parts is broken. */
function partlyTrained(use: OptimizerUse, law: FateLaw, parameters: readonly FateParameter[]): Fate | null {
  if (use.variables === undefined) return null
  const found = use.variables.map((name) => parameterOf(name, parameters)), trained = found.flatMap((id) => id ?? [])
  const still = law.parameters.filter((id) => !trained.includes(id)), name = nameOf(use)
  if (still.length === 0) return null
  // What is not found may be any of the others.
  if (found.includes(null)) return fate("broken", `not guaranteed under ${name}: which of its weights a step trains is not known`)
  if (still.length === law.parameters.length) {
    return fate("exact", `exact under ${name}: none of its weights is among the variables it trains`, "Δh = 0")
  }
  return fate("broken", `broken under ${name}: of its weights it does not train ${still.join(", ")}`)
}

/** The parameter that a variable names: by its path, or by the last part of it where that is the only one. */
function parameterOf(name: string, parameters: readonly FateParameter[]): string | null {
  const last = name.split("/").at(-1)
  const found = parameters.filter(({ id }) => id === name), alike = parameters.filter(({ id }) => id.split("/").at(-1) === last)
  return (found.length > 0 ? found : alike.length === 1 ? alike : [])[0]?.id ?? null
}

/** Whether minimize is told to train weights of the model, and none of the law's. */
const standsStill = (use: OptimizerUse, law: FateLaw, parameters: readonly FateParameter[]): boolean =>
  partlyTrained(use, law, parameters)?.status === "exact"

/** Code that writes a weight after a step may move it along the symmetry, whether the step trains it or not. */
function writtenItself(use: OptimizerUse, law: FateLaw): Fate | null {
  const foundIn = (names: readonly string[] | "all" | undefined): string | undefined =>
    names === "all" ? "weights" : names === undefined ? undefined : law.parameters.find((id) => isNamedIn(names, id))
  const found = foundIn(use.written), perhaps = foundIn(use.perhaps)
  if (found !== undefined) return fate("broken", `not guaranteed under ${nameOf(use)}: the code that trains it also writes ${found} itself`)
  if (use.inTurns === true) return fate("broken", `not guaranteed under ${nameOf(use)}: the code that trains it freezes parts of it in turns`)
  if (perhaps === undefined) return null
  return fate("broken", `not guaranteed under ${nameOf(use)}: other code writes ${perhaps} itself, perhaps between its steps`)
}

/** A law between weights needs steps of all of them: where some stand still, what the others gain is not taken from them. */
function frozenInTurns(law: FateLaw, parameters: readonly FateParameter[], name: string): Fate | null {
  const own = parameters.filter(({ id, trainable }) => trainable !== false && law.parameters.includes(id))
  const turning = own.find(({ turns }) => turns !== undefined)
  if (turning === undefined || own.every(({ turns }) => turns === turning.turns)) return null
  const verb = turning.turns?.startsWith("?") === true ? "may be" : "is"
  return fate("broken", `not guaranteed under ${name}: ${turning.id} ${verb} frozen in some of the steps`)
}

/** Names of weights are the last parts of their paths that are names: "rows" for "rows/0". */
const isNamedIn = (names: readonly string[], id: string): boolean => {
  const parts = id.split("/"), named = parts.filter((part) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part))
  return names.includes(named.at(-1) ?? id) || names.includes(parts.at(-1) ?? id)
}

/** Laws are those of a loss of the output: a term that reads a weight itself, a penalty say, may pull along the symmetry. */
function readBeside(use: OptimizerUse, law: FateLaw): Fate | null {
  const { beside } = use
  const read = beside === undefined ? undefined : law.parameters.find((id) => isNamedIn(beside, id))
  return read === undefined ? null : fate("broken", `not guaranteed under ${nameOf(use)}: the loss it minimizes reads ${read} beside the output`)
}

/** A constraint moves its parameter, wherever the gradient pointed: after every step by its meaning, in setWeights alone as tfjs 4.22 does. */
function constraintOn(law: FateLaw, parameters: readonly FateParameter[]): Fate | null {
  const found = parameters.find(({ id, constraint }) => constraint !== undefined && law.parameters.includes(id))
  if (found === undefined) return null
  const name = found.constraint === "constraint" ? "" : `${found.constraint} `
  return fate("broken", `broken by the ${name}constraint on ${found.id}, wherever it is applied`)
}

/**
 * The weight decay a law meets: the same λ on all its parameters, or the reason why there is no single one.
 * tfjs adds l2·Σθ² to the loss, whose gradient is 2·l2·θ.
 */
function decayOf(law: FateLaw, parameters: readonly FateParameter[], ofOptimizer: number): Decay {
  const own = law.parameters.map((id) => {
    const regularizer = parameters.find((p) => p.id === id)?.regularizer
    return { id, l1: regularizer?.l1 ?? 0, lambda: ofOptimizer + 2 * (regularizer?.l2 ?? 0) }
  })
  const absolute = own.find(({ l1 }) => l1 !== 0)
  if (absolute) return { kind: "broken", why: `broken by the l1 regularizer of ${absolute.id}` }
  const lambda = own[0]?.lambda ?? 0
  const other = own.find((p) => p.lambda !== lambda)
  if (other) {
    const [less, more] = other.lambda < lambda ? [other, own[0]] : [own[0], other]
    return {
      kind: "broken",
      why:
        less.lambda === 0
          ? `broken by weight decay on ${more.id} but not on ${less.id}`
          : `broken by unequal weight decay, ${number(more.lambda)} on ${more.id} and ${number(less.lambda)} on ${less.id}`,
    }
  }
  return lambda === 0 ? { kind: "none" } : { kind: "equal", lambda }
}

const fate = (status: FateStatus, detail: string, perStep?: string): Fate =>
  perStep === undefined ? { status, detail } : { status, perStep, detail }
const number = (value: number): string => String(Number(value.toPrecision(4)))

/** "sgd (τ = 0.1)", "momentum (τ = 0.1, μ = 0.9)", "tf.train.custom(…)". */
function nameOf(use: OptimizerUse): string {
  const parts = [
    use.learningRate === undefined ? "" : `τ = ${number(use.learningRate)}`,
    use.momentum === undefined ? "" : `μ = ${number(use.momentum)}`,
  ].filter((part) => part !== "")
  return parts.length === 0 ? use.name : `${use.name} (${parts.join(", ")})`
}
