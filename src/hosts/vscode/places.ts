/** @file Places of a report as VS Code has them: both count UTF-16 units, reports from 1, VS Code from 0. */
import * as vscode from "vscode"
import type { Place, Pos } from "../../schema/report"

export const toPosition = (pos: Pos): vscode.Position => new vscode.Position(Math.max(0, pos.line - 1), Math.max(0, pos.column - 1))

export const toRange = (place: Place): vscode.Range => new vscode.Range(toPosition(place.start), toPosition(place.end))

export const toPos = (position: vscode.Position): Pos => ({ line: position.line + 1, column: position.character + 1 })
