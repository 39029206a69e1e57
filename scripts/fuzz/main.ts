/**
 * @file `npm run fuzz -- COUNT [SEED] [--every N] [--record]`: derives the laws of COUNT random networks and checks them on numbers; every N-th
 * network that is small enough is also compared with discovery, which knows no rules. Prints each network that claims too much, made small, the
 * rate of those whose laws are all found, and the causes of what is missing. Fails when a law is invented, and when laws are missing for a
 * cause that test/fixtures/gaps does not have; `--record` appends it there.
 */
import { parseArgs } from "node:util"
import type { SizeVariable } from "../../src/axes/size"
import type { Graph } from "../../src/graph/graph"
import { printGraph } from "../../src/graph/text"
import { certifyCompleteness } from "../../src/verification/certificate"
import { discoverLaws } from "../../src/verification/discover"
import { seededRandom } from "../../src/verification/random"
import { auditLaws, declaredSize, deriveClaims, grownSize, type Audit } from "../../test/support/laws"
import { drawNetwork } from "../../test/support/randomGraph"
import { shrinkGraph } from "./shrink"
import { collectShortfall, describeShortfalls, recordShortfalls } from "./shortfalls"
import type { Cause } from "./shortfalls"

/** Discovery is compared up to so many trainable numbers; beyond, making small what is missing takes longer than all the rest. */
const discoverable = 18

interface Tally {
  networks: number
  /** Numbers that cannot be had (a kernel refuses). */
  failed: number
  /** Networks whose gradient is zero or no number at nearly all points: nothing was checked. */
  silent: number
  /** Networks where rounding explains what looked like a false law. */
  discounted: number
  compared: number
  complete: number
  /** Networks where more laws hold at these sizes only. */
  accidents: number
  found: number
  there: number
  invented: number
}

const wrong = ({ broken, claimed, rank }: Audit): string | null =>
  broken.length > 0 ? broken.join("; ") : claimed > rank ? `claims ${claimed} independent laws, their gradients have rank ${rank}` : null

/** What is wrong with the laws of a network, or null, and its audit. Confirmed on a second draw of weights and data. */
function auditTwice(graph: Graph, tally?: Tally): { readonly excess: string | null; readonly audit: Audit } {
  const claims = deriveClaims(graph)
  const audit = auditLaws(graph, 3, declaredSize, claims)
  if (tally !== undefined && audit.silent > 0.9) tally.silent++
  if (tally !== undefined && audit.discounted > 0) tally.discounted++
  const confirm = (size: (s: SizeVariable) => number): string | null => {
    const first = size === declaredSize ? audit : auditLaws(graph, 3, size, claims)
    return wrong(first) !== null && wrong(auditLaws(graph, 17, size, claims)) !== null ? wrong(first) : null
  }
  // Laws hold at every size of what is free to change.
  const grown = (): string | null => confirm(grownSize)
  return { audit, excess: confirm(declaredSize) ?? (grown() === null ? null : `one size larger: ${grown()}`) }
}

/** What is too much, or null. What is missing goes to the causes, where there are any. */
function compare(graph: Graph, audit: Audit, tally: Tally, missing?: { readonly seed: number; readonly causes: Map<string, Cause> }): string | null {
  // Laws may depend on frozen values, which discovery draws anew like everything else.
  if (graph.parameters.some((p) => !p.trainable)) return null
  const { plan, laws, claimed, rank, discounted, silent } = audit
  if (discounted > 0 || silent > 0 || plan.dimension === 0 || plan.dimension > discoverable) return null
  const { independent } = discoverLaws(plan)
  tally.compared++
  tally.there += independent
  tally.found += Math.min(rank, independent)
  if (claimed === independent) tally.complete++
  else if (claimed < independent && missing !== undefined && !collectShortfall(missing.causes, missing.seed, graph)) tally.accidents++
  // The laws by themselves, at as many points, have the last word where rounding may have misled what was compared.
  const isBroken = (): boolean => {
    const claims = deriveClaims(graph)
    return Array.from({ length: measurements }, (_, k) => 101 + k).some((seed) => wrong(auditLaws(graph, seed, declaredSize, claims)) !== null)
  }
  // Elimination adds up what rounding leaves of a row.
  if (claimed > independent && discoverLaws(plan, 5).independent < claimed) {
    if (isBroken()) return `claims ${claimed} independent laws, there are ${independent}`
    tally.discounted++
  }
  // Brackets of gradient fields leave no room for more: a bound that holds for laws of every form.
  const [first, second] = [3, 17].map((seed) => certifyCompleteness(plan, laws, seededRandom(seed)))
  if (first === null || second === null || claimed <= first.possible || claimed <= second.possible) return null
  // Directions so short may be what rounding leaves of very large numbers.
  if (Math.min(first.gap[0], second.gap[0]) < faint && !isBroken()) {
    tally.discounted++
    return null
  }
  return `claims ${claimed} independent laws, the Lie algebra leaves room for ${first.possible}`
}

/** Share of the longest direction of a Lie algebra below which one may be rounding: that of 10⁹, squared, beside numbers of order one. */
const faint = 1e-7

/** How often laws that discovery misses are measured again, at two dozen points each time. */
const measurements = 12

function report(tally: Tally, seed: number, graph: Graph, what: string, check: (graph: Graph) => string | null): void {
  tally.invented++
  const small = shrinkGraph(graph, (candidate) => {
    try {
      return check(candidate) !== null
    } catch {
      return false
    }
  })
  process.stdout.write(`seed ${seed}: ${what}\n${printGraph(small)}\n${check(small) ?? ""}\n\n`)
}

function main(): number {
  const options = { every: { type: "string", default: "1" }, record: { type: "boolean", default: false } } as const
  const { values, positionals } = parseArgs({ allowPositionals: true, options })
  const count = Number(positionals[0] ?? 1000), start = Number(positionals[1] ?? 0), every = Number(values.every)
  const tally: Tally = {
    networks: 0, failed: 0, silent: 0, discounted: 0, compared: 0, complete: 0, accidents: 0, found: 0, there: 0, invented: 0,
  }
  const causes = new Map<string, Cause>()
  for (let seed = start; seed < start + count; seed++) {
    const graph = drawNetwork(seed)
    tally.networks++
    try {
      const { excess, audit } = auditTwice(graph, tally)
      if (excess !== null) report(tally, seed, graph, excess, (g) => auditTwice(g).excess)
      else if (seed % every === 0) {
        const many = compare(graph, audit, tally, { seed, causes })
        if (many !== null) report(tally, seed, graph, many, (g) => compare(g, auditLaws(g), { ...tally }))
      }
    } catch (error) {
      tally.failed++
      process.stdout.write(`seed ${seed} failed: ${error instanceof Error ? error.message : String(error)}\n`)
    }
    if (tally.networks % 500 === 0) process.stdout.write(`${summary(tally)}\n`)
  }
  const { text, fresh } = describeShortfalls(causes)
  if (values.record) recordShortfalls(fresh)
  process.stdout.write(`${text}\n\n${summary(tally)}\n`)
  return tally.invented === 0 && (fresh.length === 0 || values.record) ? 0 : 1
}

const summary = ({ networks, failed, silent, discounted, compared, complete, accidents, found, there, invented }: Tally): string =>
  `${networks} networks: ${invented} claim too much, ${failed} failed, ${silent} without gradient, ${discounted} with doubts from rounding; ` +
  `of ${compared} compared ${complete} complete, ${accidents} but for accidents of size, ${found} of ${there} laws found`

process.exitCode = main()
