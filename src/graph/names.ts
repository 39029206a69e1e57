/**
 * @file Names as text. Those that differ in one number that counts up, as one: "blocks/0/up", "blocks/1/up" become "blocks/{0,1}/up"; a number that
 * stands in a name twice may count up in both places.
 */

/** In the order of the first of each group; names that fold with no other stay as they are. */
export function foldNames(names: readonly string[]): readonly string[] {
  const groups = new Map<string, { readonly names: string[]; readonly numbers: number[][] }>()
  for (const name of names) {
    const numbers = (name.match(/\d+/g) ?? []).map(Number)
    const key = name.replace(/\d+/g, "#")
    const group = groups.get(key) ?? { names: [], numbers: [] }
    groups.set(key, group)
    group.names.push(name)
    group.numbers.push(numbers)
  }
  return [...groups.values()].flatMap(({ names: own, numbers }) => (own.length > 1 ? (foldRun(own, numbers) ?? own) : own))
}

/** Null where numbers move that are not the same one, or that do not count up by one. */
function foldRun(names: readonly string[], numbers: readonly (readonly number[])[]): readonly string[] | null {
  const moving = numbers[0].flatMap((n, k) => (numbers.some((own) => own[k] !== n) ? [k] : []))
  if (moving.length === 0) return null
  // Of "h/0/b0" nobody can tell whether both count together; of "h/0/mlp/h/0" everybody can.
  const before = [...names[0].matchAll(/([^/\d]*\/?)\d+/g)].map(([, text]) => text)
  if (moving.some((place) => before[place] !== before[moving[0]])) return null
  const first = numbers[0][moving[0]]
  if (numbers.some((own, i) => moving.some((place) => own[place] !== first + i))) return null
  let k = -1
  return [names[0].replace(/\d+/g, (digits) => (moving.includes(++k) ? rangeText(first, names.length) : digits))]
}

/** "{0,1}", "{2…6}". */
export const rangeText = (first: number, count: number): string => `{${first}${count === 2 ? "," : "…"}${first + count - 1}}`

/** An unknown size as the source would ask for it: "x.1" is "x.shape[1]", "inputs.0.1" is "inputs[0].shape[1]". */
export const sizeName = (size: string): string =>
  size.replace(/\b([A-Za-z_]\w*)((?:\.\d+)*)\.(\d+)\b/g, (_, name: string, items: string, axis: string) => {
    const tensor = name + items.replace(/\.(\d+)/g, "[$1]")
    return `${tensor}${/shape$/i.test(tensor) ? "" : ".shape"}[${axis}]`
  })

/** The name that was probably meant: the same but for case and separators. */
export function similarName(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "")
  return names.find((known) => plain(known) === plain(name)) ?? null
}

/** Numbers, texts and lists of them as the source writes them: "'8'", "[2, 3]". */
export const quoted = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(quoted).join(", ")}]` : typeof value === "string" ? `'${value}'` : String(value)
