/**
 * @file From a traced network and its derived laws to the model of the report: sizes as the source declares them, formulas, fates, and the
 * text of every site. Findings are made elsewhere and shown here.
 */
import { addDim, substituteDim } from "../graph/dim"
import type { Parameter, TracedModel, TracedSite } from "../graph/graph"
import { trainingOf } from "../laws/fate"
import { displayLaw } from "../laws/formula"
import type { DerivedModel } from "../laws/law"
import type { Dim, Finding, Law, Model, Place, Reason, Site } from "../schema/report"
import { siteText, withText } from "./hover"
import type { SiteSubject } from "./hover"
import { lawsThrough, parametersRead } from "./through"
import { isWithin } from "./words"

/** @param elsewhere what steps that train other networks do to the laws, by their ids */
export function presentModel(
  traced: TracedModel, derived: DerivedModel, findings: readonly Finding[] = [], elsewhere: ReadonlyMap<string, string> = new Map(),
): Model {
  const declared = Object.fromEntries(derived.sizes.map((size): [string, Dim] => [size.name, size.declared]))
  const shapes = new Map(derived.graph.parameters.map((p): [string, readonly Dim[]] => [p.id, p.shape]))
  const laws = derived.laws.map((law) => displayLaw(law, declared, (id) => shapes.get(id) ?? []))
  const parameters = traced.graph.parameters, losses = lossesIn(traced)
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
      ...(p.frozenAt === undefined ? {} : { frozenAt: p.frozenAt }),
      ...(p.constantBeside === undefined ? {} : { constantBeside: p.constantBeside }),
    })),
    parameterCount: traced.parameterCount,
    laws,
    quantities: laws.filter((law) => law.exactness === "exact").reduce<Dim>((sum, law) => addDim(sum, law.quantities), 0),
    independent: substituteDim(derived.independent, declared),
    lawless: [...derived.lawless, ...unusedWeights(traced, laws, derived.lawless)],
    findings,
    training: trainingOf(traced.optimizers, laws, parameters, besideIn(traced), elsewhere),
    ...(losses.length === 0 ? {} : { losses }),
    assumptions: traced.assumptions,
    unsupported: traced.unsupported,
  }
  return { ...model, sites: traced.sites.flatMap((site) => presentSite(site, traced, model)) }
}

/** Trained weights that neither laws nor the refusals name: nothing reads them. */
function unusedWeights({ graph }: TracedModel, laws: readonly Law[], lawless: Model["lawless"]): Model["lawless"] {
  const named = new Set([...laws.flatMap(({ parameters }) => parameters), ...lawless.flatMap(({ parameters }) => parameters)])
  return graph.parameters.flatMap((parameter) => {
    const { id, trainable, node, start, end } = parameter
    if (!trainable || node !== null || named.has(id)) return []
    return [{ parameters: [id], because: [{ text: whyUnused(parameter), at: { start, end } }] }]
  })
}

/** Why nothing trains a weight that no node of the network is. */
function whyUnused({ readOnce, readFirst }: Parameter): string {
  if (readOnce === true) return "it is read once, before training: no gradient reaches it"
  if (readFirst === true) return "only a first call reads it: no gradient of a later one reaches it"
  return "no output depends on it: nothing trains it"
}

/** One that the code computes and nobody followed is told by what it is. */
function lossesIn({ ownLoss, losses }: TracedModel): readonly string[] {
  const names = ownLoss !== undefined && "graph" in ownLoss ? ownLoss.name.split(" + ") : losses.map(({ name }) => name)
  return [...new Set(names)]
}

/** Parameters that a loss of its own reads otherwise than by the output; of what it reads through a network that shares them the laws tell. */
function besideIn({ ownLoss, shared = [] }: TracedModel): readonly string[] {
  if (ownLoss === undefined || !("graph" in ownLoss)) return []
  const known = new Set(shared.flatMap(({ name, weights }) => weights.map(([own]) => `${name} ${own}`)))
  return [...ownLoss.beside, ...ownLoss.through.flatMap(({ parameter, network }) => (known.has(`${network} ${parameter}`) ? [] : [parameter]))]
}

const placeOf = ({ start, end }: Place): Place => ({ start, end })

/** Nothing for an operation about which there is nothing to say: a hover that says nothing is in the way. */
function presentSite(site: TracedSite, traced: TracedModel, model: Omit<Model, "sites">): readonly Site[] {
  const ids = parametersAt(site, traced)
  const laws = lawsAt(site, ids, traced, model)
  const because = laws.length > 0 ? [] : reasonsAt(site, ids, model)
  const whole = site.kind === "model" || site.kind === "forward"
  const findings = whole ? [] : model.findings.filter((finding) => isWithin(finding, site))
  if (site.kind === "op" && laws.length === 0 && because.length === 0 && findings.length === 0) return []
  const label = site.kind === "forward" ? model.name : site.label
  const subject: SiteSubject = { kind: site.kind, label, laws, parameters: ids, because, findings }
  return [withText(site, subject, siteText(subject, model))]
}

/** The site's own parameters; an operation without any speaks for those it reads directly. */
function parametersAt(site: TracedSite, { graph }: TracedModel): readonly string[] {
  if (site.parameters.length > 0) return site.parameters.map((index) => graph.parameters[index].id)
  if (site.kind !== "op") return []
  return [...new Set(site.nodes.flatMap((id) => parametersRead(graph, id)))]
}

/** Laws about the site's parameters; without any, laws whose derivation names it and laws that pass through it. */
function lawsAt(
  site: TracedSite,
  ids: readonly string[],
  { graph }: TracedModel,
  { laws, lawless }: Pick<Model, "laws" | "lawless">,
): readonly Law[] {
  if (site.kind === "model" || site.kind === "forward") return laws
  const idsHere = new Set(ids)
  const own = ids.length === 0 ? [] : laws.filter((law) => law.parameters.some((id) => idsHere.has(id)))
  if (site.kind === "weight" || own.length > 0) return own
  // What ended a symmetry may stand between the weights of another law all the same; it is not shown as letting that one through.
  const ends = lawless.some(({ because }) => because.some(({ at }) => at !== undefined && isWithin(at, site)))
  const through = new Set(ends ? [] : lawsThrough(graph, site.nodes, laws))
  return laws.filter((law) => through.has(law) || law.because.some(({ at }) => at !== undefined && isWithin(at, site)))
}

/** What ended the symmetries of the site's parameters, or what the site itself ended. */
function reasonsAt(site: TracedSite, ids: readonly string[], { lawless, parameters }: Pick<Model, "lawless" | "parameters">): readonly Reason[] {
  if (site.kind === "model" || site.kind === "forward") return uniqueReasons(lawless.flatMap(({ because }) => because.map(withoutAxes)))
  const frozen = ids.filter((id) => parameters.some((p) => p.id === id && !p.trainable))
  if (ids.length > 0 && frozen.length === ids.length) return [{ text: "frozen: training never moves it" }]
  const own = lawless.filter((entry) => entry.parameters.some((id) => ids.includes(id))).flatMap(({ because }) => because)
  const here = lawless.flatMap(({ because }) => because).filter(({ at }) => at !== undefined && isWithin(at, site))
  return uniqueReasons(own.length > 0 ? own : here)
}

/** Of a whole model nobody asks for the axes of one weight. */
const withoutAxes = (reason: Reason): Reason => ({ ...reason, text: reason.text.replace(/^along axis [\d, ]+: /, "") })

function uniqueReasons(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Map(reasons.map((reason): [string, Reason] => [JSON.stringify(reason), reason])).values()]
}
