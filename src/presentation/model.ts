/**
 * @file From a traced network and its derived laws to the model of the report: sizes as the source declares them, formulas, fates, and the
 * text of every site. Findings come from the rules of the linter, which do not exist yet.
 */
import { addDim, substituteDim } from "../graph/dim"
import type { TracedModel, TracedSite } from "../graph/graph"
import { trainingOf } from "../laws/fate"
import { displayLaw } from "../laws/formula"
import type { DerivedModel } from "../laws/law"
import type { Dim, Law, Model, Place, Reason, Site } from "../schema/report"
import { siteText, withText } from "./hover"
import type { SiteSubject } from "./hover"
import { isWithin } from "./words"

export function presentModel(traced: TracedModel, derived: DerivedModel): Model {
  const declared = Object.fromEntries(derived.sizes.map((size): [string, Dim] => [size.name, size.declared]))
  const shapes = new Map(derived.graph.parameters.map((p): [string, readonly Dim[]] => [p.id, p.shape]))
  const laws = derived.laws.map((law) => displayLaw(law, declared, (id) => shapes.get(id) ?? []))
  const parameters = traced.graph.parameters
  const model: Omit<Model, "sites"> = {
    ...placeOf(traced),
    name: traced.name,
    form: traced.form,
    inputs: traced.inputs,
    parameters: parameters.map((p) => ({
      ...placeOf(p),
      id: p.id,
      ...(p.weight === undefined || p.weight === p.id ? {} : { weight: p.weight }),
      shape: p.shape,
      trainable: p.trainable,
    })),
    parameterCount: traced.parameterCount,
    laws,
    quantities: laws.filter((law) => law.exactness === "exact").reduce<Dim>((sum, law) => addDim(sum, law.quantities), 0),
    independent: substituteDim(derived.independent, declared),
    lawless: derived.lawless,
    findings: [],
    training: trainingOf(traced.optimizers, laws, parameters),
    assumptions: traced.assumptions,
    unsupported: traced.unsupported,
  }
  return { ...model, sites: traced.sites.map((site) => presentSite(site, traced, model)) }
}

const placeOf = ({ start, end }: Place): Place => ({ start, end })

function presentSite(site: TracedSite, traced: TracedModel, model: Omit<Model, "sites">): Site {
  const ids = parametersAt(site, traced)
  const laws = lawsAt(site, ids, model.laws)
  const subject: SiteSubject = {
    kind: site.kind,
    label: site.label,
    laws,
    parameters: ids,
    because: laws.length > 0 ? [] : reasonsAt(site, ids, model),
  }
  return withText(site, subject, siteText(subject, model))
}

/** The site's own parameters; an operation without any speaks for those it reads directly. */
function parametersAt(site: TracedSite, { graph }: TracedModel): readonly string[] {
  if (site.parameters.length > 0) return site.parameters.map((index) => graph.parameters[index].id)
  if (site.kind !== "op") return []
  const read = site.nodes
    .flatMap((id) => graph.nodes[id].operands)
    .flatMap((id) => {
      const { op } = graph.nodes[id]
      return op.kind === "parameter" ? [graph.parameters[op.parameter].id] : []
    })
  return [...new Set(read)]
}

/** Laws about the site's parameters, and laws whose derivation passes through it. */
function lawsAt(site: TracedSite, ids: readonly string[], laws: readonly Law[]): readonly Law[] {
  if (site.kind === "model" || site.kind === "forward") return laws
  const own = laws.filter((law) => law.parameters.some((id) => ids.includes(id)))
  if (site.kind === "weight" || own.length > 0) return own
  return laws.filter((law) => law.because.some(({ at }) => at !== undefined && isWithin(at, site)))
}

/** What ended the symmetries of the site's parameters, or what the site itself ended. */
function reasonsAt(site: TracedSite, ids: readonly string[], { lawless, parameters }: Pick<Model, "lawless" | "parameters">): readonly Reason[] {
  if (site.kind === "model" || site.kind === "forward") return uniqueReasons(lawless.flatMap(({ because }) => because))
  const frozen = ids.filter((id) => parameters.some((p) => p.id === id && !p.trainable))
  if (ids.length > 0 && frozen.length === ids.length) return [{ text: "frozen: training never moves it" }]
  const own = lawless.filter((entry) => entry.parameters.some((id) => ids.includes(id))).flatMap(({ because }) => because)
  const here = lawless.flatMap(({ because }) => because).filter(({ at }) => at !== undefined && isWithin(at, site))
  return uniqueReasons(own.length > 0 ? own : here)
}

function uniqueReasons(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason): [string, Reason] => [JSON.stringify(reason), reason])).values()]
}
