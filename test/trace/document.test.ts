/** @file docs/tfjs.md says what the cases say; UPDATE=1 writes it. */
import fs from "node:fs"
import path from "node:path"
import { expect, test } from "vitest"
import { drawingOps } from "./opCases"
import { tfjsDocument } from "./tfjsDocument"

const file = path.resolve(import.meta.dirname, "../../docs/tfjs.md")

test("docs/tfjs.md says what the cases say", () => {
  if (process.env.UPDATE === "1") fs.writeFileSync(file, tfjsDocument(drawingOps))
  expect(fs.readFileSync(file, "utf8")).toBe(tfjsDocument(drawingOps))
})
