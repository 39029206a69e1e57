/** @file From the text of the vector kernels to the source file that holds their binary. */
import createWabt from "wabt"
import { source } from "./source"

const width = 140

/** The whole text of `src/verification/simd/binary.ts`. */
export async function compileKernels(): Promise<string> {
  const wabt = await createWabt(),
    module = wabt.parseWat("kernels.wat", source, { simd: true })
  module.validate()
  const base64 = Buffer.from(module.toBinary({}).buffer).toString("base64")
  module.destroy()
  const rows = base64.match(new RegExp(`.{1,${width}}`, "g")) ?? []
  return [
    "/** @file The vector kernels, made by `npm run build` from scripts/simd/source.ts: not to be edited. */",
    "export const binary =",
    rows.map((row) => `  "${row}"`).join(" +\n"),
    "",
  ].join("\n")
}
