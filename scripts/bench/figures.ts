import type { Measurement } from './measure.ts'

/** One comparison as it was measured. Microseconds a call. */
export interface Figure extends Measurement {
  readonly name: string
  readonly peerName: string
  /** What it may cost, and whether it does; absent where nothing was promised. */
  readonly bar?: string | undefined
  readonly within?: boolean | undefined
}

/** What one file measured. */
export interface Section {
  readonly title: string
  readonly figures: Figure[]
  /** What is no comparison: a rate, a size, a share. */
  readonly notes: string[]
}

export const sections: Section[] = []

/** The figures that come belong to this from here on. */
export function beginSection(title: string): void {
  sections.push({ title, figures: [], notes: [] })
  console.log(`\n${title}`)
}

const current = (): Section => {
  const section = sections.at(-1)
  if (section === undefined) throw new Error('a figure came before any section')
  return section
}

/** Tells what is no comparison, here and in the report. */
export function note(text: string): void {
  current().notes.push(text)
  console.log(`  ${text}`)
}

/** Tells a comparison, here and in the report. */
export function tell(figure: Figure): void {
  current().figures.push(figure)
  console.log(`  ${figure.name}`)
  console.log(
    `    ${micro(figure.run)}; ${figure.peerName} ${micro(figure.peer)}; ratio ${figure.ratio.toFixed(2)}; ` +
      `over it ${micro(figure.over)} (half of the rounds ${figure.overSpread.map(micro).join(' to ')})${verdictOf(figure)}`,
  )
}

/** Says of a value whether it keeps to what was promised. */
export function against(value: number, limit: number | undefined, write: (limit: number) => string): string {
  if (limit === undefined) return ''
  return value <= limit ? ` – within ${write(limit)}` : ` – OVER ${write(limit)}`
}

export const micro = (value: number): string =>
  Math.abs(value) < 1 ? `${(value * 1000).toFixed(0)} ns` : `${value.toFixed(2)} µs`

const verdictOf = ({ bar, within }: Figure): string => {
  if (bar === undefined) return ''
  return within === true ? ` – within ${bar}` : ` – OVER ${bar}`
}
