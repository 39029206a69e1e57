#!/usr/bin/env bash
# Installs a real VS Code that runs in the browser (code-server) for the end-to-end tests, from npm alone, into .e2e (or $E2E_DIR).
# About one minute and 800 MB; returns at once when it is there already. Two native modules need gcc, g++, make and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir="${E2E_DIR:-.e2e}"
version="code-server 4.139.1, node 24.21.0"
[ "$(cat "$dir/ready" 2>/dev/null || true)" = "$version" ] && exit 0
mkdir -p "$dir"
dir="$(cd "$dir" && pwd)"
quiet=(--silent --no-audit --no-fund)

npm install "${quiet[@]}" --prefix "$dir/node24" node@24.21.0
npm install "${quiet[@]}" --prefix "$dir/cs" code-server@4.139.1 --ignore-scripts
vscode="$dir/cs/node_modules/code-server/lib/vscode"
(cd "$vscode" && npm install "${quiet[@]}" --omit=dev --ignore-scripts)
(cd "$vscode/extensions" && npm install "${quiet[@]}" --omit=dev --ignore-scripts)

# The headers come with the node package, so that node-gyp downloads nothing.
header="$(find "$dir/node24/node_modules" -path '*/include/node/node_api.h' | head -1)"
(cd "$vscode" && PATH="$dir/node24/node_modules/node/bin:$PATH" npm rebuild @vscode/spdlog @vscode/native-watchdog \
  --nodedir="$(cd "$(dirname "$header")/../.." && pwd)")
echo "$version" > "$dir/ready"
