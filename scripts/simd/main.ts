/** @file Compiles the vector kernels and writes them into the sources as text, where they differ from what stands there. Part of the build. */
import fs from "node:fs"
import { compileKernels } from "./compile"

const file = "src/verification/simd/binary.ts",
  text = await compileKernels()
if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== text) fs.writeFileSync(file, text)
