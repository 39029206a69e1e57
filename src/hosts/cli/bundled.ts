/** @file What `import ts from "typescript"` means in the bundle of the command line: the build puts this file in its place. */
import { loadTypeScript } from "./typescript"

export const loaded = loadTypeScript(import.meta.dirname)
export default loaded.ts
