/** @file The page of the panel: nothing but its policy, its style and its script. */
import type * as vscode from "vscode"

/**
 * No inline code, no network, workers from blobs only; they run the vector kernels, for which 'wasm-unsafe-eval' allows WebAssembly and nothing
 * else. The nonce also stands in `style-src` and in a meta element: the toolkit probes for `:focus-visible` with an inline style, and reads the
 * nonce from there.
 */
export function renderPanel(webview: vscode.Webview, dist: vscode.Uri, join: typeof vscode.Uri.joinPath): string {
  const nonce = crypto.randomUUID().replaceAll("-", "")
  const address = (file: string): string => String(webview.asWebviewUri(join(dist, file)))
  const policy = [
    "default-src 'none'",
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}' 'wasm-unsafe-eval'`,
    "worker-src blob:",
  ].join("; ")
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${address("webview.css")}">
<title>Verify Conservation</title>
</head>
<body>
<main id="page" aria-busy="true"></main>
<script nonce="${nonce}" src="${address("webview.js")}"></script>
</body>
</html>`
}
