/** @file A real VS Code for one test run: code-server with folders of its own on a free port, the VSIX installed, a page that shows it. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import fs from "node:fs"
import net from "node:net"
import os from "node:os"
import path from "node:path"
import { chromium, type FrameLocator, type Page } from "playwright-core"
import { editorFolder, findChromium } from "./requirements"

export interface Editor {
  readonly page: Page
  /** Problems of the page that were not expected, for messages of failed tests. */
  readonly errors: readonly string[]
  readonly stop: () => Promise<void>
}

export interface EditorOptions {
  readonly extensions: readonly string[]
  readonly workspace: string
  readonly settings?: Readonly<Record<string, unknown>>
}

/** Nothing that asks, suggests, phones or animates. */
const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "update.mode": "none",
  "git.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.hover.delay": 100,
  "editor.minimap.enabled": false,
  "security.workspace.trust.enabled": false,
  "files.autoSave": "off",
}

export async function startEditor({ extensions: packages, workspace, settings = {} }: EditorOptions): Promise<Editor> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "noether-lens-e2e-"))
  const data = path.join(folder, "data")
  const extensions = path.join(folder, "extensions")
  fs.mkdirSync(path.join(data, "User"), { recursive: true })
  fs.mkdirSync(extensions)
  // Read at the start only.
  fs.writeFileSync(path.join(data, "User/settings.json"), JSON.stringify({ ...quietSettings, ...settings }))

  const node = path.join(editorFolder, "node24/node_modules/node/bin/node")
  const entry = path.join(editorFolder, "cs/node_modules/code-server/out/node/entry.js")
  const own = ["--user-data-dir", data, "--extensions-dir", extensions]
  const env = environment(folder)
  for (const vsix of packages) execFileSync(node, [entry, ...own, "--install-extension", vsix, "--force"], { env, stdio: "pipe" })

  const port = await findFreePort()
  const log = fs.openSync(path.join(folder, "server.log"), "w")
  const flags = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]
  // Detached: it forks an extension host, a file watcher and two tsservers, which have to end with it.
  const server = spawn(node, [entry, ...flags, ...own, workspace], { env, stdio: ["ignore", log, log], detached: true })
  await untilHealthy(port, () => fs.readFileSync(path.join(folder, "server.log"), "utf8"))

  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error("no Chromium")
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
  const browser = await chromium.launch({ executablePath, args })
  // Without a locale a bare container reports one that Intl rejects.
  const page = await browser.newPage({ viewport: { width: 1500, height: 950 }, locale: "en-US", colorScheme: "dark" })
  const errors: string[] = []
  page.on("console", message => void (message.type() === "error" && errors.push(message.text().slice(0, 300))))
  await page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`)
  await page.locator(".monaco-workbench").waitFor({ timeout: 60_000 })
  return {
    page,
    errors,
    stop: async () => {
      await browser.close()
      await endGroup(server)
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 300 })
    },
  }
}

function environment(folder: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|VITEST|PORT$|PASSWORD$|NODE_OPTIONS$)/.test(name))
  return { ...Object.fromEntries(inherited), XDG_DATA_HOME: path.join(folder, "share"), XDG_CONFIG_HOME: path.join(folder, "config") }
}

const findFreePort = (): Promise<number> =>
  new Promise(resolve => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0))
    })
  })

async function untilHealthy(port: number, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    const healthy = await fetch(`http://127.0.0.1:${port}/healthz`).then(response => response.ok, () => false)
    if (healthy) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`code-server did not start: ${log()}`)
}

async function endGroup(server: ChildProcess): Promise<void> {
  const ended = new Promise(resolve => server.once("exit", resolve))
  if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM")
  await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 3000))])
}

/** F1, the title, Enter. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press("F1")
  const input = page.locator(".quick-input-widget:visible input.input")
  await input.waitFor()
  await input.fill(`>${title}`)
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().waitFor()
  await page.keyboard.press("Enter")
}

export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press("Control+P")
  const input = page.locator(".quick-input-widget:visible input.input")
  await input.waitFor()
  await input.fill(name)
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().waitFor()
  await page.keyboard.press("Enter")
  await page.locator(`.tab[data-resource-name="${name}"]`).waitFor()
  // The tab comes before the text.
  const hasText = (): boolean => [...document.querySelectorAll(".editor-instance .view-line")].some(line => line.textContent?.trim())
  await page.waitForFunction(hasText, undefined, { timeout: 60_000 })
}

/** Moves the pointer onto a text, at the first place where it follows `before`; only lines on the screen exist. */
export async function hover(page: Page, before: string, text: string): Promise<void> {
  await page.mouse.move(5, 5)
  await page.keyboard.press("Escape")
  const box = await page.evaluate(([prefix, wanted]) => {
    const lines = [...document.querySelectorAll<HTMLElement>(".editor-instance .view-line")]
    lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
    for (const line of lines) {
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
      const pieces: { readonly node: Text; readonly from: number }[] = []
      let whole = ""
      while (walker.nextNode()) {
        pieces.push({ node: walker.currentNode as Text, from: whole.length })
        whole += (walker.currentNode as Text).data
      }
      const found = whole.replaceAll("\u00a0", " ").indexOf(prefix + wanted)
      if (found < 0) continue
      const at = found + prefix.length
      const range = document.createRange()
      const first = pieces.findLast(piece => piece.from <= at)!
      const last = pieces.findLast(piece => piece.from < at + wanted.length)!
      range.setStart(first.node, at - first.from)
      range.setEnd(last.node, at + wanted.length - last.from)
      const { x, y, width, height } = range.getBoundingClientRect()
      return { x: x + width / 2, y: y + height / 2 }
    }
    return null
  }, [before, text] as const)
  if (!box) throw new Error(`not on the screen: ${before}${text}`)
  await page.mouse.move(box.x - 3, box.y)
  await page.mouse.move(box.x, box.y, { steps: 4 })
}

/** The document of the one visible webview lies two frames down. */
export const webviewOf = (page: Page): FrameLocator => page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame")
