/**
 * @file `npm run fuzz -- COUNT [SEED] [--every N]`: derives the laws of COUNT random networks and checks them on numbers; every N-th network that is
 * small enough is also compared with discovery, which knows no rules. Prints each network that claims too much, made small, and the rate of
 * those whose laws are all found. Fails when a law is invented.
 */
import { parseArgs } from "node:util"
import type { Graph } from "../../src/graph/graph"
import { printGraph } from "../../src/graph/text"
import { discoverLaws } from "../../src/verification/discover"
import { auditLaws, grownSize, type Audit } from "../../test/support/laws"
import { randomGraph } from "../../test/support/randomGraph"
import { shrinkGraph } from "./shrink"

/** Discovery takes seconds above this many trainable numbers. */
const discoverable = 18

interface Tally {
  networks: number
  /** Numbers that cannot be had (a kernel refuses). */
  failed: number
  compared: number
  complete: number
  found: number
  there: number
  invented: number
}

/** What is wrong with the laws of a network, or null. Confirmed on a second draw of weights and data. */
function excessOf(graph: Graph): string | null {
  const first = auditLaws(graph)
  if (first.plan.dimension === 0 || first.degenerate) return null
  const wrong = (audit: Audit): string | null =>
    audit.degenerate ? null
    : audit.broken.length > 0 ? audit.broken.join("; ")
    : audit.claimed > audit.rank ? `claims ${audit.claimed} independent laws, their gradients have rank ${audit.rank}`
    : null
  const one = wrong(first)
  return one !== null && wrong(auditLaws(graph, 17)) !== null ? one : grownExcess(graph)
}

/** Laws hold at every size of what is free to change. */
function grownExcess(graph: Graph): string | null {
  const grown = auditLaws(graph, 3, grownSize)
  if (grown.degenerate || grown.broken.length === 0) return null
  const again = auditLaws(graph, 17, grownSize)
  return again.degenerate || again.broken.length === 0 ? null : `one size larger: ${grown.broken.join("; ")}`
}

function compare(graph: Graph, tally: Tally): string | null {
  // Laws may depend on frozen values, which discovery draws anew like everything else.
  if (graph.parameters.some((p) => !p.trainable)) return null
  const { plan, claimed, rank, degenerate } = auditLaws(graph)
  if (degenerate || plan.dimension === 0 || plan.dimension > discoverable) return null
  const { independent } = discoverLaws(plan)
  tally.compared++
  tally.there += independent
  tally.found += Math.min(rank, independent)
  if (claimed === independent) tally.complete++
  return claimed > independent && discoverLaws(plan, 5).independent < claimed ? `claims ${claimed} independent laws, there are ${independent}` : null
}

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
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { every: { type: "string", default: "4" } } })
  const count = Number(positionals[0] ?? 1000), start = Number(positionals[1] ?? 0), every = Number(values.every)
  const tally: Tally = { networks: 0, failed: 0, compared: 0, complete: 0, found: 0, there: 0, invented: 0 }
  for (let seed = start; seed < start + count; seed++) {
    const graph = randomGraph(seed, 4 + (seed % 7), seed % 3 !== 0)
    tally.networks++
    try {
      const excess = excessOf(graph)
      if (excess !== null) report(tally, seed, graph, excess, excessOf)
      else if (seed % every === 0) {
        const many = compare(graph, tally)
        if (many !== null) report(tally, seed, graph, many, (g) => compare(g, { ...tally }))
      }
    } catch (error) {
      tally.failed++
      process.stdout.write(`seed ${seed} failed: ${error instanceof Error ? error.message : String(error)}\n`)
    }
    if (tally.networks % 500 === 0) process.stdout.write(`${summary(tally)}\n`)
  }
  process.stdout.write(`${summary(tally)}\n`)
  return tally.invented === 0 ? 0 : 1
}

const summary = ({ networks, failed, compared, complete, found, there, invented }: Tally): string =>
  `${networks} networks: ${invented} claim too much, ${failed} failed; of ${compared} compared ${complete} complete, ${found} of ${there} laws found`

process.exitCode = main()
