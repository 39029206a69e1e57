/**
 * @file Lowers a generic network to blocks: walks the nodes that outputs depend on, cuts every tensor at its segments and turns shape
 * operations into renamings.
 */
import type { GenericNetwork } from "../axes/generalize"
import { lowerNode } from "./lowerings"
import { Lowering } from "./lowering"
import type { Lowered } from "./lowering"

export function lowerNetwork(network: GenericNetwork): Lowered {
  return new Lowering(network, lowerNode).run()
}
