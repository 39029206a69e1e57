/**
 * @file The programmatic API of the package: read a file, verify a model. TypeScript is handed in, so that the caller's version is used.
 *
 * @example
 * const program = ts.createProgram(["model.ts"], { allowJs: true, noEmit: true })
 * const analysis = analyzeFile(ts, program, "model.ts", { path: "model.ts" })
 * const run = await verify(analysis.models[0].task, { seed: 1 })
 */
export { analyzeFile } from "../pipeline"
export { verify } from "../verification/verify"
