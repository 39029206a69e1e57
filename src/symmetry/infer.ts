/**
 * @file Symmetry inference on a generic network: lowering, sum facts, visibility, propagation, families. Pure; never throws for a valid graph.
 */
import type { GenericNetwork } from "../axes/generalize"
import { sumFacts } from "./facts"
import { findFamilies } from "./families"
import type { Solutions } from "./families"
import { lowerNetwork } from "./lower"
import type { Program } from "./program"
import { propagate } from "./propagate"
import type { Propagation } from "./propagate"
import { makeVisibility } from "./visibility"
import type { Visibility } from "./visibility"

export interface Symmetry {
  readonly network: GenericNetwork
  readonly program: Program
  readonly propagation: Propagation
  readonly visibility: Visibility
  readonly solutions: Solutions
}

export function inferSymmetry(network: GenericNetwork): Symmetry {
  const { program } = lowerNetwork(network)
  const facts = sumFacts(program)
  const visibility = makeVisibility(program, facts)
  const propagation = propagate(program, facts, visibility)
  return { network, program, propagation, visibility, solutions: findFamilies(program, propagation, visibility) }
}
