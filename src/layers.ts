/**
 * @file The folders in reading order and what each may import: data for test/layers.test.ts. Flow:
 * source → trace → graph → axes → symmetry → laws → presentation | verification; hosts and webview above.
 */
export interface Layer {
  /** Folder under src (or webview beside it), or a file in it; the longest name counts. */
  readonly name: string
  readonly mayImport: readonly string[]
  /** Packages it may import as values. Types of "typescript" and "vscode" are checked separately. */
  readonly packages: readonly string[]
}

export const layers: readonly Layer[] = [
  { name: "schema", mayImport: [], packages: [] },
  { name: "graph", mayImport: ["schema"], packages: [] },
  { name: "source", mayImport: ["schema"], packages: [] },
  { name: "trace", mayImport: ["source", "graph", "schema"], packages: [] },
  { name: "axes", mayImport: ["graph", "schema"], packages: [] },
  { name: "symmetry", mayImport: ["axes", "graph", "schema"], packages: [] },
  { name: "laws", mayImport: ["symmetry", "axes", "graph", "schema"], packages: ["mathjs"] },
  { name: "verification", mayImport: ["axes/size", "graph", "schema"], packages: [] },
  // Findings measure before they speak; what they measure with knows nothing of laws.
  {
    name: "findings",
    mayImport: [
      "symmetry", "laws", "axes", "graph", "schema",
      "verification/task", "verification/data", "verification/laws", "verification/loss", "verification/plan", "verification/random",
      "verification/replica",
    ],
    packages: [],
  },
  {
    name: "pipeline",
    mayImport: ["source", "trace", "graph", "axes", "symmetry", "laws", "findings", "presentation", "verification/task", "schema"],
    packages: [],
  },
  { name: "presentation", mayImport: ["laws", "axes/size", "graph", "schema"], packages: ["mathjs"] },
  { name: "hosts/protocol", mayImport: ["verification/task", "schema"], packages: [] },
  { name: "hosts/sites", mayImport: ["schema"], packages: [] },
  { name: "hosts/api", mayImport: ["pipeline", "verification", "presentation", "schema"], packages: [] },
  { name: "hosts/cli", mayImport: ["pipeline", "presentation", "verification", "graph", "schema"], packages: ["typescript", "tinyglobby", "node:"] },
  { name: "hosts/tsserver", mayImport: ["hosts/protocol", "hosts/sites", "pipeline", "source/dependencies", "schema"], packages: [] },
  { name: "hosts/vscode", mayImport: ["hosts/protocol", "hosts/sites", "presentation", "verification/task", "schema"], packages: ["vscode"] },
  {
    name: "webview", mayImport: ["webview/toolkit", "hosts/protocol", "presentation", "verification", "schema"],
    packages: ["uplot", "temml", "inline-worker:./worker"],
  },
  // The toolkit is archived: one file to change when it goes.
  { name: "webview/toolkit", mayImport: [], packages: ["@vscode/webview-ui-toolkit"] },
  { name: "layers", mayImport: [], packages: [] },
]
