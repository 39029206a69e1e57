/**
 * @file The vector kernels as WebAssembly text, written by functions where a hand would copy. Every cell is computed with the operations of the
 * JavaScript kernels in their order (lanes run along cells, never along sums; no fused multiply-add), so both give the same bits. Addresses and
 * strides are in bytes.
 */

const range = (n: number): number[] => [...Array(n).keys()]
const lines = (parts: readonly string[]): string => parts.join("\n")
const get = (name: string): string => `(local.get $${name})`
const set = (name: string, value: string): string => `(local.set $${name} ${value})`
const whole = (n: number): string => `(i32.const ${n})`
const advance = (name: string, by: string): string => set(name, `(i32.add ${get(name)} ${by})`)
/** Pairs of one number, which a load brings faster than the instructions that would build them. They lie at the start of the memory. */
const table: number[] = []
const twice = (x: number): string => {
  if (Object.is(x, 0)) return "(v128.const i64x2 0 0)"
  let at = table.indexOf(x)
  if (at < 0) at = table.push(x) - 1
  return `(v128.load offset=${16 * at} ${whole(0)})`
}
/** Bytes at the start of the memory that are the table's; copies of matrices lie behind. */
const reserved = 1024
/** The pairs as bytes of a data segment. */
function tableBytes(): string {
  if (16 * table.length > reserved) throw new Error(`simd: ${table.length} constants do not fit ${reserved} bytes`)
  const bytes = new Uint8Array(Float64Array.from(table.flatMap((x) => [x, x])).buffer)
  return [...bytes].map((b) => `\\${b.toString(16).padStart(2, "0")}`).join("")
}
const params = (...names: readonly string[]): string => names.map((n) => `(param $${n} i32)`).join(" ")
const locals = (type: string, ...names: readonly string[]): string => names.map((n) => `(local $${n} ${type})`).join(" ")
/** Runs the body while the condition to leave does not hold. */
const loop = (label: string, leave: string, body: string): string =>
  `(block $end_${label} (loop $${label} (br_if $end_${label} ${leave})\n${body}\n(br $${label})))`

const panelParams = ["x", "y", "z", "m", "k", "xm", "xk", "yk", "zm", "zn", "add"] as const

/**
 * The next columns of z (+)= x·y, tiles of four rows and then single rows held in registers; the columns of y lie side by side. One column is a
 * scalar, more are pairs.
 */
function panel(columns: 1 | 2 | 4): string {
  const pairs = columns > 1,
    parts = pairs ? columns / 2 : 1,
    type = pairs ? "v128" : "f64",
    op = pairs ? "f64x2" : "f64"
  const cell = (r: number, c: number): string => `c${r}_${c}`,
    load = pairs ? "v128.load" : "f64.load",
    spread = pairs ? "v128.load64_splat" : "f64.load",
    zero = pairs ? twice(0) : "(f64.const 0)"
  const rowOfSum = (r: number): string =>
    lines([
      set("s", `(${spread} ${get(`p${r}`)})`),
      ...range(parts).map((c) => set(cell(r, c), `(${op}.add ${get(cell(r, c))} (${op}.mul ${get("s")} ${get(`b${c}`)}))`)),
      advance(`p${r}`, get("xk")),
    ])
  const sum = (rows: number): string =>
    lines([
      ...range(parts).map((c) => set(`b${c}`, `(${load} offset=${16 * c} ${get("q")})`)),
      ...range(rows).map(rowOfSum),
      advance("q", get("yk")),
    ])
  /** k is at least 1, so the one branch stands at the end. */
  const sums = (rows: number): string =>
    `(loop $sum${rows} ${sum(rows)} (br_if $sum${rows} (local.tee $l (i32.sub ${get("l")} ${whole(1)}))))`
  const store = (kind: string, plus: string, at: string, value: string, offset = 0): string =>
    `(if ${get("add")} (then (${kind}.store offset=${offset} ${at} (${plus}.add (${kind}.load offset=${offset} ${at}) ${value})))
      (else (${kind}.store offset=${offset} ${at} ${value})))`
  const scattered = (r: number): string =>
    lines([
      set("q", get("z")),
      ...range(columns).flatMap((c) => [
        store("f64", "f64", get("q"), `(f64x2.extract_lane ${c % 2} ${get(cell(r, c >> 1))})`),
        advance("q", get("zn")),
      ]),
    ])
  const storeRow = (r: number): string =>
    pairs
      ? `(if (i32.eq ${get("zn")} ${whole(8)}) (then
          ${lines(range(parts).map((c) => store("v128", "f64x2", get("z"), get(cell(r, c)), 16 * c)))})
        (else ${scattered(r)}))`
      : store("f64", "f64", get("z"), get(cell(r, 0)))
  const tiles = (rows: number): string =>
    loop(
      `rows${rows}`,
      `(i32.lt_u ${get("m")} ${whole(rows)})`,
      lines([
        ...range(rows).flatMap((r) => range(parts).map((c) => set(cell(r, c), zero))),
        ...range(rows).flatMap((r) => [set(`p${r}`, get("x")), advance("x", get("xm"))]),
        set("q", get("y")),
        set("l", get("k")),
        sums(rows),
        ...range(rows).map((r) => storeRow(r) + advance("z", get("zm"))),
        set("m", `(i32.sub ${get("m")} ${whole(rows)})`),
      ]),
    )
  return `(func $panel${columns} ${params(...panelParams)}
    ${locals("i32", "q", "l", ...range(4).map((r) => `p${r}`))}
    ${locals(type, "s", ...range(parts).map((c) => `b${c}`), ...range(4).flatMap((r) => range(parts).map((c) => cell(r, c))))}
    ${tiles(4)}
    ${tiles(1)})`
}

/** z[m, n] (+)= x[m, k]·y[k, n], y's columns side by side. */
const multiply = `(func $multiply ${params("x", "y", "z", "m", "n", "k", "xm", "xk", "yk", "zm", "zn", "add")}
  ${lines(
    ([4, 2, 1] as const).map((columns) =>
      loop(
        `columns${columns}`,
        `(i32.lt_u ${get("n")} ${whole(columns)})`,
        lines([
          `(call $panel${columns} ${panelParams.map(get).join(" ")})`,
          advance("y", whole(8 * columns)),
          advance("z", `(i32.mul ${whole(columns)} ${get("zn")})`),
          set("n", `(i32.sub ${get("n")} ${whole(columns)})`),
        ]),
      ),
    ),
  )})`

/** Copies a strided matrix [k, n] so that its columns lie side by side. */
const pack = `(func $pack ${params("y", "to", "k", "n", "yk", "yn")} ${locals("i32", "j", "q")}
  ${loop(
    "rows",
    `(i32.eqz ${get("k")})`,
    lines([
      set("j", get("n")),
      set("q", get("y")),
      loop(
        "columns",
        `(i32.eqz ${get("j")})`,
        lines([
          `(f64.store ${get("to")} (f64.load ${get("q")}))`,
          advance("to", whole(8)),
          advance("q", get("yn")),
          set("j", `(i32.sub ${get("j")} ${whole(1)})`),
        ]),
      ),
      advance("y", get("yk")),
      set("k", `(i32.sub ${get("k")} ${whole(1)})`),
    ]),
  )})`

/**
 * Many products of one shape: `starts` lists where x, y and z begin beyond their addresses. Where `copy` is not 0, the columns of y lie apart by yn,
 * and every y is first copied to the memory's first free bytes.
 */
const multiplyAll = `(func (export "multiply")
  ${params("starts", "count", "x", "y", "z", "m", "n", "k", "xm", "xk", "yk", "yn", "zm", "zn", "add", "copy")} ${locals("i32", "from", "step")}
  ${set("step", `(select (i32.mul ${get("n")} ${whole(8)}) ${get("yk")} ${get("copy")})`)}
  ${loop(
    "products",
    `(i32.eqz ${get("count")})`,
    lines([
      set("from", `(i32.add ${get("y")} (i32.load offset=4 ${get("starts")}))`),
      `(if ${get("copy")} (then
        (call $pack ${get("from")} ${whole(reserved)} ${["k", "n", "yk", "yn"].map(get).join(" ")}) ${set("from", whole(reserved))}))`,
      `(call $multiply (i32.add ${get("x")} (i32.load ${get("starts")})) ${get("from")} (i32.add ${get("z")} (i32.load offset=8 ${get("starts")}))
        ${["m", "n", "k", "xm", "xk", "step", "zm", "zn", "add"].map(get).join(" ")})`,
      advance("starts", whole(12)),
      set("count", `(i32.sub ${get("count")} ${whole(1)})`),
    ]),
  )})`

/**
 * A loop over n cells, pairs first. `body` gets how to load from a parameter and to store to one; an odd cell at the end is loaded twice and
 * stored once.
 */
function cellwise(name: string, arrays: readonly string[], extra: string, body: (load: (a: string) => string, store: Store) => string): string {
  const load = (a: string): string => `(v128.load ${get(a)})`,
    loadOne = (a: string): string => `(v128.load64_splat ${get(a)})`,
    store: Store = (a, value) => `(v128.store ${get(a)} ${value})`,
    storeOne: Store = (a, value) => `(v128.store64_lane 0 ${get(a)} ${value})`
  return `(func (export "${name}") ${params(...arrays, "n")} ${extra}
    ${loop(
      "pairs",
      `(i32.lt_u ${get("n")} ${whole(2)})`,
      lines([body(load, store), ...arrays.map((a) => advance(a, whole(16))), set("n", `(i32.sub ${get("n")} ${whole(2)})`)]),
    )}
    (if ${get("n")} (then ${body(loadOne, storeOne)})))`
}
type Store = (array: string, value: string) => string

/** A pair of the number with this upper word and a lower one of zeros, as that code states bounds. */
const upperWord = (word: number): string => twice(new Float64Array(Uint32Array.of(0, word).buffer)[0])

/** e^x of two cells into $y, as fdlibm's e_exp.c computes it (Sun Microsystems 1993), which is what V8's Math.exp is, exp(1) included. */
const exponential = (x: string): string => `${set("x", x)}
  ${set("a", `(f64x2.abs ${get("x")})`)}
  ;; Where 2^k is no normal number, and for what is no number: one by one. Far below, which masks use, there is nothing to compute.
  ${set("far", `(f64x2.lt ${get("x")} ${twice(-746)})`)}
  (if (i32.eqz (i64x2.all_true (v128.or ${get("far")} (f64x2.le ${get("a")} ${twice(708)})))) (then ${set(
    "y",
    `(f64x2.replace_lane 1
      (f64x2.splat (call $slowExp (f64x2.extract_lane 0 ${get("x")})))
      (call $slowExp (f64x2.extract_lane 1 ${get("x")})))`,
  )}) (else
  ;; k: 0 up to ln(2)/2, ±1 up to 3 ln(2)/2, else x/ln(2) rounded; bounds as that code has them, in upper words.
  ${set("y", `(v128.and ${get("x")} ${twice(-0)})`)}
  ${set("k", `(f64x2.trunc (f64x2.add (f64x2.mul ${twice(1.442695040888963387)} ${get("x")}) (v128.or ${get("y")} ${twice(0.5)})))`)}
  ${set("t", `(f64x2.lt ${get("a")} ${upperWord(0x3ff0a2b2)})`)}
  ${set("k", `(v128.bitselect (v128.or ${get("y")} ${twice(1)}) ${get("k")} ${get("t")})`)}
  ${set("k", `(v128.and ${get("k")} (f64x2.ge ${get("a")} ${upperWord(0x3fd62e43)}))`)}
  ${set("hi", `(f64x2.sub ${get("x")} (f64x2.mul ${get("k")} ${twice(6.9314718036912381649e-1)}))`)}
  ${set("lo", `(f64x2.mul ${get("k")} ${twice(1.90821492927058770002e-10)})`)}
  ${set("r", `(f64x2.sub ${get("hi")} ${get("lo")})`)}
  ${set("t", `(f64x2.mul ${get("r")} ${get("r")})`)}
  ${set("c", `(f64x2.sub ${get("r")} ${horner([
    1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6, 4.13813679705723846039e-8,
  ])})`)}
  ${set("y", `(f64x2.div (f64x2.mul ${get("r")} ${get("c")}) (f64x2.sub ${twice(2)} ${get("c")}))`)}
  ${set("y", `(f64x2.sub ${twice(1)} (f64x2.sub (f64x2.sub ${get("lo")} ${get("y")}) ${get("hi")}))`)}
  ${set("k", `(i64x2.extend_low_i32x4_s (i32x4.trunc_sat_f64x2_s_zero ${get("k")}))`)}
  ${set("y", `(f64x2.mul ${get("y")} (i64x2.shl (i64x2.add ${get("k")} (v128.const i64x2 1023 1023)) ${whole(52)}))`)}
  ${set("y", `(v128.bitselect ${twice(Math.E)} ${get("y")} (f64x2.eq ${get("x")} ${twice(1)}))`)}
  ${set("y", `(v128.andnot ${get("y")} ${get("far")})`)}
  ${set("y", `(v128.bitselect (f64x2.add ${twice(1)} ${get("x")}) ${get("y")} (f64x2.lt ${get("a")} ${twice(2 ** -28)}))`)}))`
const exponentialLocals = locals("v128", "x", "a", "k", "hi", "lo", "r", "t", "c", "y", "far")

/** t·(c₀ + t·(c₁ + …)). */
function horner([first, ...rest]: readonly number[]): string {
  return `(f64x2.mul ${get("t")} ${rest.length === 0 ? twice(first) : `(f64x2.add ${twice(first)} ${horner(rest)})`})`
}

/** σ into $s: (x < 0 ? e : 1) / (1 + e) with e = e^−|x|. */
const sigmoidOf = (x: string): string =>
  lines([
    set("v", x),
    exponential(`(f64x2.neg (f64x2.abs ${get("v")}))`),
    set("e", get("y")),
    set("s", `(f64x2.div (v128.bitselect ${get("e")} ${twice(1)} (f64x2.lt ${get("v")} ${twice(0)})) (f64x2.add ${twice(1)} ${get("e")}))`),
  ])
const sigmoidLocals = `${exponentialLocals} ${locals("v128", "v", "e", "s")}`
const oneLess = `(f64x2.sub ${twice(1)} ${get("s")})`

const kernels = `(module
  (import "host" "memory" (memory 1))
  (import "host" "exp" (func $slowExp (param f64) (result f64)))
  ${lines(([4, 2, 1] as const).map(panel))}
  ${multiply}
  ${pack}
  ${multiplyAll}
  ${cellwise("exponentials", ["from", "to"], exponentialLocals, (load, store) => lines([exponential(load("from")), store("to", get("y"))]))}
  ${cellwise("sigmoids", ["from", "to", "slope"], sigmoidLocals, (load, store) =>
    lines([sigmoidOf(load("from")), store("to", get("s")), store("slope", `(f64x2.mul ${get("s")} ${oneLess})`)]),
  )}
  ${cellwise("silus", ["from", "to", "slope"], sigmoidLocals, (load, store) =>
    lines([
      sigmoidOf(load("from")),
      store("slope", `(f64x2.add ${get("s")} (f64x2.mul (f64x2.mul ${get("v")} ${get("s")}) ${oneLess}))`),
      store("to", `(f64x2.mul ${get("s")} ${get("v")})`),
    ]),
  )}
  ${cellwise("products", ["a", "b", "to"], "", (load, store) => store("to", `(f64x2.mul ${load("a")} ${load("b")})`))}
  ${cellwise("addProducts", ["a", "b", "to"], "", (load, store) =>
    store("to", `(f64x2.add ${load("to")} (f64x2.mul ${load("a")} ${load("b")}))`),
  )}`

export const source = `${kernels}
  (data (i32.const 0) "${tableBytes()}"))`
