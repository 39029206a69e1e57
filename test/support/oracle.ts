/** @file The oracle's rows: how many independent laws each of the 113 architectures has, found without any rule. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./program"

export interface OracleRow {
  readonly name: string
  /** Trainable parameters D. */
  readonly parameters: number
  readonly independent: number
  /** Dimension of the Lie algebra of the gradient fields; D − lie_rank = independent. */
  readonly lie_rank: number | null
}

export const oracleRows = JSON.parse(readFileSync(join(root, "test/fixtures/oracle/laws.json"), "utf8")) as readonly OracleRow[]

/** @throws when there is no such row. */
export function oracleRow(name: string): OracleRow {
  const row = oracleRows.find((candidate) => candidate.name === name)
  if (row === undefined) throw new Error(`oracle: no row '${name}'`)
  return row
}
