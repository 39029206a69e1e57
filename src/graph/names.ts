/** @file Names as text. Those that differ in one number that counts up, as one: "blocks/0/up", "blocks/1/up" become "blocks/{0,1}/up". */

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

/** Null where more than one number moves, or one does not count up by one. */
function foldRun(names: readonly string[], numbers: readonly (readonly number[])[]): readonly string[] | null {
  const moving = numbers[0].flatMap((n, k) => (numbers.some((own) => own[k] !== n) ? [k] : []))
  if (moving.length !== 1) return null
  const [place] = moving
  const first = numbers[0][place]
  if (numbers.some((own, i) => own[place] !== first + i)) return null
  let k = -1
  return [names[0].replace(/\d+/g, (digits) => (++k === place ? rangeText(first, names.length) : digits))]
}

/** "{0,1}", "{2…6}". */
export const rangeText = (first: number, count: number): string => `{${first}${count === 2 ? "," : "…"}${first + count - 1}}`

/** The name that was probably meant: the same but for case and separators. */
export function similarName(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "")
  return names.find((known) => plain(known) === plain(name)) ?? null
}

/** Numbers, texts and lists of them as the source writes them: "'8'", "[2, 3]". */
export const quoted = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(quoted).join(", ")}]` : typeof value === "string" ? `'${value}'` : String(value)
