import type UPlot from 'uplot'

declare const uPlot: typeof UPlot
declare const htmx: { ajax: (verb: string, path: string, context: Record<string, string>) => Promise<void> }

interface Line {
  label: string
  color: string
  dash: number[]
  /** Where its value under the pointer is shown. */
  shown: HTMLElement | null
}

const heightPx = 180
const wholeSteps = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 9 }, (_, zeros) => digit * 10 ** zeros))
  .sort((a, b) => a - b)
const refreshMs = 60_000
const drawn = new WeakSet<Element>()
/** Ids of plots whose numbers are being read: they stay open when newer ones come. */
const opened = new Set<string>()

drawAll()
document.addEventListener('htmx:after:swap', drawAll)
setInterval(refresh, refreshMs)

/** Newer numbers, unless nobody looks, or somebody is at them with the keyboard. */
function refresh(): void {
  const plots = document.querySelector<HTMLElement>('[data-plots]')
  if (!plots || document.hidden || plots.contains(document.activeElement)) return
  const target = `#${plots.id}`
  void htmx.ajax('GET', `${location.pathname}${location.search}`, { target, select: target, swap: 'outerHTML' })
}

function drawAll(): void {
  for (const figure of document.querySelectorAll<HTMLElement>('figure[data-plot]')) {
    const numbers = figure.querySelector<HTMLDetailsElement>('[data-numbers]')
    if (drawn.has(figure) || !numbers) continue
    drawn.add(figure)
    numbers.open = opened.has(figure.id)
    numbers.addEventListener('toggle', () => (numbers.open ? opened.add(figure.id) : opened.delete(figure.id)))
    follow(figure)
  }
}

/** Draws it, and again whenever the theme changes; its width follows the page. Ends when the figure is gone. */
function follow(figure: HTMLElement): void {
  const area = document.createElement('div')
  area.className = 'plot-area'
  area.setAttribute('role', 'img')
  area.setAttribute('aria-label', `${figure.querySelector('h2')?.textContent}: drawn from the numbers below`)
  figure.querySelector('figcaption')?.after(area)
  let plot = draw(figure, area)
  const redraw = (): void => {
    plot.destroy()
    if (figure.isConnected) plot = draw(figure, area)
    else stop()
  }
  const resized = new ResizeObserver(() => {
    const width = area.clientWidth
    if (!figure.isConnected) stop()
    else if (width > 0 && width !== plot.width) plot.setSize({ width, height: heightPx })
  })
  const themed = new MutationObserver(redraw)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const stop = (): void => {
    plot.destroy()
    resized.disconnect()
    themed.disconnect()
    scheme.removeEventListener('change', redraw)
  }
  resized.observe(area)
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  scheme.addEventListener('change', redraw)
}

function draw(figure: HTMLElement, area: HTMLElement): UPlot {
  const isCount = figure.dataset.plot === 'count'
  const lines = readLines(figure)
  const data = readNumbers(figure, lines.length, isCount)
  const show = isCount ? (value: number) => String(value) : describeMs
  const ink = getComputedStyle(area)
  const axis = {
    stroke: ink.color,
    grid: { stroke: ink.outlineColor, width: 1 },
    ticks: { show: false },
    font: '12px sans-serif',
  }
  const options: UPlot.Options = {
    width: Math.max(area.clientWidth, 100),
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    // Half a second and half an hour are both worth seeing.
    scales: {
      y: isCount
        ? { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] }
        : { distr: 3, range: (_, min, max) => [powerBelow(min), powerAbove(max)] },
    },
    axes: [
      { ...axis, space: 70, size: 28, values: (_, times) => times.map(describeTimes(figure)) },
      {
        ...axis,
        size: 54,
        ...(isCount ? { incrs: wholeSteps } : { splits: tenfold }),
        values: (_, values) => values.map((value) => (value === null ? '' : show(value))),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, color, dash }) => ({
        label,
        stroke: color,
        width: 2,
        dash,
        points: { show: !isCount, size: 5 },
        ...(isCount && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
    hooks: { setCursor: [(plot) => showValues(plot, lines, show)] },
  }
  return new uPlot(options, data, area)
}

/** Room on both sides, also around a single value. */
function powerBelow(min: number | null): number {
  return 10 ** Math.floor(Math.log10((min || 100) / 2))
}

function powerAbove(max: number | null): number {
  return 10 ** Math.ceil(Math.log10((max || 1_000) * 2))
}

/** Of a scale of powers, a line for each. */
function tenfold(_: UPlot, __: number, min: number, max: number): number[] {
  const powers = Array.from({ length: 12 }, (_, zeros) => 10 ** zeros)
  return powers.filter((power) => power >= min && power <= max)
}

function readLines(figure: HTMLElement): Line[] {
  return [...figure.querySelectorAll<HTMLElement>('.plot-lines li')].map((line) => {
    const sample = line.querySelector<SVGElement>('.plot-sample')
    const dash = sample?.dataset.dash ?? ''
    return {
      label: line.querySelector('[data-label]')?.textContent ?? '',
      color: getComputedStyle(sample ?? line).color,
      dash: dash === '' ? [] : dash.split(' ').map(Number),
      shown: line.querySelector<HTMLElement>('.plot-value'),
    }
  })
}

/** The table has what happened: of counts, 0 did between its rows, and the last one holds until the end of its step. */
function readNumbers(figure: HTMLElement, lineCount: number, isCount: boolean): UPlot.AlignedData {
  const { from, to, step } = figure.dataset
  const rows = new Map<number, (number | null)[]>()
  for (const row of figure.querySelectorAll('tbody tr')) {
    const at = Date.parse(row.querySelector('time')?.getAttribute('datetime') ?? '')
    rows.set(at, [...row.querySelectorAll('td')].slice(1).map(readNumber))
  }
  const stepMs = Math.max(Number(step), 1)
  const first = Math.floor(Number(from) / stepMs) * stepMs
  const stepCount = Math.min(Math.ceil((Number(to) - first) / stepMs), 5_000)
  const times = Array.from({ length: stepCount }, (_, index) => first + index * stepMs)
  const missing = isCount ? 0 : null
  const columns = Array.from({ length: lineCount }, (_, index) => {
    const values = times.map((at) => rows.get(at)?.[index] ?? missing)
    return [...values, isCount ? (values.at(-1) ?? 0) : null]
  })
  return [[...times, first + stepCount * stepMs].map((at) => at / 1_000), ...columns]
}

function readNumber(cell: Element): number | null {
  const text = cell.querySelector('data')?.getAttribute('value') ?? cell.textContent ?? ''
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? null : number
}

function showValues(plot: UPlot, lines: Line[], show: (value: number) => string): void {
  const { idx } = plot.cursor
  for (const [index, { shown }] of lines.entries()) {
    const value = typeof idx === 'number' ? plot.data[index + 1]?.[idx] : null
    if (shown) shown.textContent = typeof value === 'number' ? show(value) : ''
  }
}

/** By the hour where the plot shows hours, by the day where it shows days. */
function describeTimes(figure: HTMLElement): (seconds: number) => string {
  const dayMs = 86_400_000
  const isShort = Number(figure.dataset.to) - Number(figure.dataset.from) <= 2 * dayMs
  const format = new Intl.DateTimeFormat(
    undefined,
    isShort ? { timeStyle: 'short', hourCycle: 'h23' } : { day: 'numeric', month: 'short' },
  )
  return (seconds) => format.format(seconds * 1_000)
}

function describeMs(ms: number): string {
  for (const [unitMs, unit] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
  ] as const) {
    if (ms >= unitMs) return `${Number((ms / unitMs).toFixed(1))} ${unit}`
  }
  return `${ms} ms`
}
