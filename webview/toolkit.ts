/**
 * @file The only file that knows the webview toolkit. It is archived: whoever replaces it changes this file and the element names below.
 * Elements are created through functions, so that no other file writes a tag name.
 */
import {
  provideVSCodeDesignSystem, vsCodeButton, vsCodeDataGrid, vsCodeDataGridCell, vsCodeDataGridRow, vsCodeDropdown, vsCodeOption, vsCodeProgressRing,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit"
import type { Button, DataGrid, Dropdown, Option, TextField } from "@vscode/webview-ui-toolkit"

/** Defines the elements; called once, before the page is built. */
export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(), vsCodeTextField(), vsCodeDropdown(), vsCodeOption(), vsCodeProgressRing(),
    vsCodeDataGrid(), vsCodeDataGridRow(), vsCodeDataGridCell(),
  )
}

export function createButton(label: string, appearance: "primary" | "secondary", onClick: () => void): Button {
  const button = document.createElement("vscode-button") as Button
  button.setAttribute("appearance", appearance)
  button.textContent = label
  button.addEventListener("click", onClick)
  return button
}

export interface FieldOptions {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
}

export function createTextField({ id, label, value, placeholder, onChange }: FieldOptions): TextField {
  const field = document.createElement("vscode-text-field") as TextField
  field.id = id
  field.setAttribute("size", "8")
  if (placeholder !== undefined) field.setAttribute("placeholder", placeholder)
  field.textContent = label
  field.value = value
  field.addEventListener("input", () => onChange(field.value))
  return field
}

export interface DropdownOptions extends Omit<FieldOptions, "placeholder"> {
  readonly choices: readonly { readonly value: string; readonly label: string }[]
}

export function createDropdown({ id, label, value, choices, onChange }: DropdownOptions): HTMLElement {
  const dropdown = document.createElement("vscode-dropdown") as Dropdown
  dropdown.id = id
  dropdown.setAttribute("aria-label", label)
  for (const choice of choices) {
    const option = document.createElement("vscode-option") as Option
    option.value = choice.value
    option.textContent = choice.label
    option.selected = choice.value === value
    dropdown.append(option)
  }
  dropdown.addEventListener("change", () => onChange(dropdown.value))
  const caption = document.createElement("label")
  caption.htmlFor = id
  caption.textContent = label
  const group = document.createElement("div")
  group.className = "field"
  group.append(caption, dropdown)
  return group
}

export function createProgressRing(): HTMLElement {
  const ring = document.createElement("vscode-progress-ring")
  ring.setAttribute("aria-hidden", "true")
  return ring
}

export interface GridOptions {
  readonly label: string
  readonly columns: readonly { readonly key: string; readonly title: string }[]
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** A grid that screen readers walk cell by cell. */
export function createDataGrid({ label, columns, rows }: GridOptions): HTMLElement {
  const grid = document.createElement("vscode-data-grid") as DataGrid
  grid.setAttribute("aria-label", label)
  grid.gridTemplateColumns = `repeat(${columns.length}, minmax(7.5em, 1fr))`
  grid.columnDefinitions = columns.map(({ key, title }) => ({ columnDataKey: key, title }))
  grid.rowsData = [...rows]
  return grid
}
