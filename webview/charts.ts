/**
 * @file The two charts: the loss, and on a logarithmic axis the drift of every law beside that of its control. A law is a solid line and its
 * control a dashed one of the same color, so that color is never the only difference. Colors and fonts are the theme's.
 */
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import type { VerificationSeries as Series } from "../src/verification/verify"
import { formatMagnitude, formatPower, formatTick } from "./format"

/** The smallest drift that is drawn; below it there is only rounding. */
const floor = 1e-18

/** Orange is left out: themes define it as the color of a search match, which is hard to see as a line. */
const chartColors = ["blue", "green", "purple", "yellow", "red", "foreground"] as const

/** The color of the k-th law, also for its key in the legend. */
export const colorVariable = (index: number): string => `--vscode-charts-${chartColors[index % chartColors.length]}`

export interface Chart {
  readonly update: (series: Series) => void
  /** Draws again with the colors of the theme as they are now. */
  readonly restyle: () => void
}

export interface ChartOptions {
  readonly holder: HTMLElement
  /** Where the values under the pointer are written. */
  readonly readout: HTMLElement
  readonly timeLabel: () => string
}

export const createLossChart = (options: ChartOptions): Chart =>
  createChart(options, {
    logarithmic: false,
    lines: () => [{ label: "loss", color: color("--vscode-charts-blue"), dashed: false, width: 2 }],
    data: series => [[...series.time], [...series.loss]],
  })

/** `shown` are the indices of the laws to draw. */
export const createDriftChart = (options: ChartOptions, shown: () => readonly number[]): Chart =>
  createChart(options, {
    logarithmic: true,
    lines: series => shown().flatMap(index => {
      const stroke = color(colorVariable(index))
      const id = series.laws[index]?.id ?? ""
      return [{ label: id, color: stroke, dashed: false, width: 2 }, { label: `control of ${id}`, color: stroke, dashed: true, width: 1.25 }]
    }),
    data: series => [
      [...series.time],
      ...shown().flatMap(index => [positive(series.laws[index]?.drift ?? []), positive(series.laws[index]?.control ?? [])]),
    ],
  })

interface Line {
  readonly label: string
  readonly color: string
  readonly dashed: boolean
  readonly width: number
}

interface Content {
  readonly logarithmic: boolean
  readonly lines: (series: Series) => readonly Line[]
  readonly data: (series: Series) => (number | null)[][]
}

function createChart({ holder, readout, timeLabel }: ChartOptions, content: Content): Chart {
  let plot: uPlot | null = null
  let drawn = ""
  let series: Series = { time: [], loss: [], laws: [] }

  const draw = (): void => {
    const lines = content.lines(series)
    const data = content.data(series) as uPlot.AlignedData
    const look = JSON.stringify([lines, timeLabel(), foreground(), font()])
    if (plot && look === drawn) return plot.setData(data)
    plot?.destroy()
    drawn = look
    plot = new uPlot({ ...settings(lines, content.logarithmic, timeLabel()), ...sizeOf(holder), hooks: { setCursor: [showReadout] } }, data, holder)
  }

  function showReadout(self: uPlot): void {
    const index = self.cursor.idx
    const values = self.series.slice(1).map((line, k) => `${String(line.label)} ${formatMagnitude(Number(self.data[k + 1]?.[index ?? -1]))}`)
    const shown = [...values.slice(0, 4), ...(values.length > 4 ? ["…"] : [])].join(", ")
    readout.textContent = index == null ? "" : `${timeLabel()} ${formatMagnitude(self.data[0][index] ?? 0)}: ${shown}`
  }

  new ResizeObserver(() => plot?.setSize(sizeOf(holder))).observe(holder)
  return {
    update: next => {
      series = next
      draw()
    },
    restyle: draw,
  }
}

const sizeOf = (holder: HTMLElement): Pick<uPlot.Options, "width" | "height"> => ({ width: Math.max(200, holder.clientWidth), height: 220 })

function settings(lines: readonly Line[], logarithmic: boolean, timeLabel: string): Omit<uPlot.Options, "width" | "height"> {
  const grid = { stroke: gridColor, width: 1 }
  const axis = { stroke: foreground(), font: font(), labelFont: font(), grid, ticks: grid }
  return {
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: logarithmic ? { distr: 3, range: wholePowers } : {} },
    axes: [
      { ...axis, label: timeLabel, labelSize: 18, size: 32, values: (_, ticks) => ticks.map(formatTick) },
      logarithmic
        ? { ...axis, size: 58, splits: (_self, _axis, low, high) => powersBetween(low, high), filter: (_, ticks) => ticks,
          values: (_, ticks) => ticks.map(tick => formatPower(Math.round(Math.log10(tick)))) }
        : { ...axis, size: 58, values: (_, ticks) => ticks.map(formatTick) },
    ],
    series: [
      {},
      ...lines.map(({ label, color: stroke, width, dashed }) => ({ label, stroke, width, dash: dashed ? [6, 4] : [], points: { show: false } })),
    ],
  }
}

/** Laws lie many powers of ten below their controls: about five ticks, at whole powers. */
function powersBetween(low: number, high: number): number[] {
  const first = Math.round(Math.log10(low))
  const last = Math.round(Math.log10(high))
  const stride = Math.max(1, Math.ceil((last - first) / 5))
  return Array.from({ length: Math.floor((last - first) / stride) + 1 }, (_, k) => 10 ** (last - k * stride)).reverse()
}

const wholePowers = (_: uPlot, low: number, high: number): [number, number] => [
  10 ** Math.floor(Math.log10(Math.max(floor, low || floor))),
  10 ** Math.ceil(Math.log10(Math.max(floor * 10, high || 1))),
]

/** A logarithm has no zero: the start of a run, and a law that does not move at all, have no point. */
const positive = (values: readonly number[]): (number | null)[] => values.map(value => (value >= floor ? value : null))

/** Canvas knows no CSS variables: they are read when a chart is drawn. */
const color = (variable: string): string => getComputedStyle(document.body).getPropertyValue(variable).trim() || foreground()

const foreground = (): string => getComputedStyle(document.body).color

/** Seen on every background, and never taken for data. */
const gridColor = "rgb(128 128 128 / 0.3)"

const font = (): string => `11px ${getComputedStyle(document.body).fontFamily}`
