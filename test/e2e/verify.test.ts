/**
 * @file The whole way in a real VS Code: install the VSIX, read a law in a hover, click the line above the model, watch the run, read the
 * verdicts, in dark, light and high contrast. Pictures are left in test-results.
 */
import fs from "node:fs"
import path from "node:path"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { hover, openFile, runCommand, startEditor, webviewOf, type Editor } from "./editor"

const missing = inject("missing")
const vsix = path.resolve(process.env["E2E_VSIX"] ?? "build/noether-lens.vsix")
const pictures = "test-results"

/** The editor follows what the browser says about the user's wishes. */
const themes = {
  "window.autoDetectColorScheme": true,
  "window.autoDetectHighContrast": true,
  "workbench.preferredDarkColorTheme": "Default Dark Modern",
  "workbench.preferredLightColorTheme": "Default Light Modern",
  "workbench.preferredHighContrastColorTheme": "Default High Contrast",
}

describe.skipIf(missing !== null)("in VS Code", () => {
  let editor: Editor

  beforeAll(async () => {
    fs.mkdirSync(pictures, { recursive: true })
    editor = await startEditor({ extensions: [vsix], workspace: path.resolve("examples"), settings: themes })
  })
  afterAll(() => editor?.stop())

  const picture = async (name: string): Promise<void> => void (await editor.page.screenshot({ path: path.join(pictures, `${name}.png`) }))
  const leaveHover = async (): Promise<void> => {
    await editor.page.mouse.move(5, 5)
    await editor.page.keyboard.press("Escape")
  }
  const finished = (): ReturnType<Editor["page"]["locator"]> => webviewOf(editor.page).locator("#page[data-phase=idle]:not([data-verdict=none])")
  /** Until as many runs have finished, cancelled ones not counted. */
  const untilRun = async (count: number): Promise<void> => {
    await webviewOf(editor.page).locator(`body[data-runs="${count}"]`).waitFor({ timeout: 180_000 })
    await finished().waitFor()
  }

  test("a line above the model counts its laws", async () => {
    await openFile(editor.page, "mlp.ts")
    const lens = editor.page.locator(".codelens-decoration a", { hasText: "Verify conservation" }).first()
    await lens.waitFor({ timeout: 90_000 })
    expect(await lens.textContent()).toMatch(/⚖ \d+ laws? · \S+ conserved quantit(y|ies) · Verify conservation/)
  })

  test.each([
    ["a layer", "tf.layers.", "dense"],
    ["an activation", "activation: \"", "relu"],
  ])("a hover over %s shows its law, once, with a link to the verification", async (what, before, text) => {
    const section = editor.page.locator(".monaco-hover:visible .hover-row", { hasText: "Verify conservation" })
    await expect.poll(async () => {
      await hover(editor.page, before, text)
      return section.first().waitFor({ timeout: 5000 }).then(() => true, () => false)
    }, { timeout: 60_000 }).toBe(true)
    expect(await section.first().textContent()).toMatch(/diag\(8\).*‖/)
    // The plugin is silent where the extension speaks.
    expect(await editor.page.locator(".monaco-hover:visible .hover-row", { hasText: "‖" }).count()).toBe(1)
    await picture(`hover-${what.replace(/^an? /, "")}`)
    await leaveHover()
  })

  test("clicking the line verifies the model", async () => {
    await editor.page.locator(".codelens-decoration a", { hasText: "Verify conservation" }).first().click()
    const view = webviewOf(editor.page)
    await untilRun(1)
    expect(await view.locator("#page").getAttribute("data-verdict")).toBe("conserved")
    expect(await view.locator("#status").textContent()).toMatch(/^Finished: conserved, \d+ of \d+ laws? conserved\.$/)
  })

  test("every law has its formula, its numbers and its verdict", async () => {
    const laws = webviewOf(editor.page).locator(".law")
    expect(await laws.count()).toBeGreaterThan(0)
    for (const law of await laws.all()) {
      expect(await law.getAttribute("data-verdict")).toMatch(/^(conserved|approximate)$/)
      expect(await law.locator("math").count()).toBe(1)
      expect(await law.locator(".badge").textContent()).toMatch(/conserved|approximate/)
      expect(await law.locator(".measured").textContent()).toMatch(/Rate.*control.*Drift.*control/)
    }
  })

  test("the charts are drawn", async () => {
    const canvases = webviewOf(editor.page).locator(".uplot canvas")
    expect(await canvases.count()).toBe(2)
    for (const canvas of await canvases.all()) {
      const painted = await canvas.evaluate(node => {
        const { width, height } = node as HTMLCanvasElement
        const pixels = (node as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height).data
        return pixels.filter((value, index) => index % 4 === 3 && value > 0).length
      })
      expect(painted).toBeGreaterThan(1000)
    }
    await picture("verified")
  })

  test("another seed and step run from the panel", async () => {
    const view = webviewOf(editor.page)
    await view.locator("#seed input").fill("7")
    await view.locator("#step input").fill("0.01")
    await view.locator("#run").click()
    await untilRun(2)
    expect(await view.locator(".summary").textContent()).toContain("seed 7")
  })

  test("a run that is cancelled leaves nothing behind", async () => {
    const view = webviewOf(editor.page)
    // In the page itself: the run is over sooner than a pointer can move.
    await view.locator("#page").evaluate(page => new Promise<void>(resolve => {
      const observer = new MutationObserver(() => {
        if (page.querySelector(".progress-text")?.textContent !== "Starting…") return
        observer.disconnect()
        page.querySelector<HTMLElement>("#cancel")?.click()
        resolve()
      })
      observer.observe(page, { subtree: true, childList: true, characterData: true })
      page.querySelector<HTMLElement>("#run")?.click()
    }))
    await view.locator("#page[data-phase=cancelled]").waitFor()
    await editor.page.waitForTimeout(1500)
    expect(await view.locator("#page").getAttribute("data-phase")).toBe("cancelled")
    expect(await view.locator("body").getAttribute("data-runs")).toBe("2")
  })

  test("the command verifies the model at the cursor", async () => {
    await editor.page.locator(".tab[data-resource-name=\"mlp.ts\"]").click()
    await editor.page.locator(".codelens-decoration a", { hasText: "Verify conservation" }).first().waitFor()
    await runCommand(editor.page, "Noether Lens: Verify Conservation")
    await untilRun(3)
  })

  test("the link in a hover verifies too", async () => {
    await editor.page.locator(".tab[data-resource-name=\"mlp.ts\"]").click()
    await hover(editor.page, "tf.layers.", "dense")
    const link = editor.page.locator(".monaco-hover:visible a", { hasText: "Verify conservation" })
    await link.waitFor()
    // Hovers close when the pointer jumps out of them.
    const box = await link.boundingBox()
    await editor.page.mouse.move(box!.x + 40, box!.y + box!.height / 2, { steps: 12 })
    await link.click()
    await untilRun(4)
  })

  test("the panel follows the theme", async () => {
    const body = webviewOf(editor.page).locator("body")
    await leaveHover()
    await editor.page.keyboard.press("Control+B")
    await editor.page.setViewportSize({ width: 1500, height: 1500 })
    await picture("verified-dark")
    await editor.page.emulateMedia({ colorScheme: "light" })
    await expect.poll(() => body.getAttribute("class")).toContain("vscode-light")
    await editor.page.waitForTimeout(500)
    await picture("verified-light")
    await editor.page.emulateMedia({ colorScheme: "dark", forcedColors: "active" })
    await expect.poll(() => body.getAttribute("class")).toContain("vscode-high-contrast")
    await editor.page.waitForTimeout(500)
    await picture("verified-high-contrast")
    await editor.page.emulateMedia({ colorScheme: "dark", forcedColors: "none" })
    await expect.poll(() => body.getAttribute("class")).toContain("vscode-dark")
  })

  test("an edit makes the verdict stale, and lines move with the text", async () => {
    const view = webviewOf(editor.page)
    await editor.page.locator(`.tab[data-resource-name="mlp.ts"]`).click()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("// one more line\n")
    await view.locator(".stale").waitFor({ timeout: 10_000 })
    await view.locator("#run").click()
    await untilRun(5)
    expect(await view.locator(".stale").count()).toBe(0)
    expect(await view.locator(".subtitle").textContent()).toContain("mlp.ts:9")
    await editor.page.locator(`.tab[data-resource-name="mlp.ts"]`).click()
    await editor.page.keyboard.press("Control+Z")
  })

  test("the panel comes back with its verdict when the window reloads", async () => {
    const before = await webviewOf(editor.page).locator(".summary").textContent()
    await editor.page.reload()
    await finished().waitFor({ timeout: 90_000 })
    // The last run itself, or the same run again when the window closed before it was stored.
    const untilTime = /^.*, seed 7/.exec(before ?? "")?.[0] ?? "no seed"
    expect(await webviewOf(editor.page).locator(".summary").textContent()).toContain(untilTime)
    expect(await webviewOf(editor.page).locator(".uplot canvas").count()).toBe(2)
  })

  test("the page's policy was never violated", async () => {
    expect(await webviewOf(editor.page).locator("body").getAttribute("data-violations")).toBe("0")
  })
})
