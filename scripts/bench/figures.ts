import type { Measurement } from './measure.ts'

/** Result of one comparison. Microseconds a call. */
export interface Figure extends Measurement {
  readonly name: string
  readonly peerName: string
  /** The limit, and whether the result is within it. Absent if there is no limit. */
  readonly bar?: string | undefined
  readonly within?: boolean | undefined
}

/** Results of one file. */
export interface Section {
  readonly title: string
  readonly figures: Figure[]
  /** Results that are not comparisons: a rate, a size, a share. */
  readonly notes: string[]
}

export const sections: Section[] = []

/** Starts a section: the next results belong to it. */
export function beginSection(title: string): void {
  sections.push({ title, figures: [], notes: [] })
  console.log(`\n${title}`)
}

const current = (): Section => {
  const section = sections.at(-1)
  if (section === undefined) throw new Error('a figure came before any section')
  return section
}

/** Prints a result that is not a comparison, and adds it to the report. */
export function note(text: string): void {
  current().notes.push(text)
  console.log(`  ${text}`)
}

/** Prints a comparison, and adds it to the report. */
export function tell(figure: Figure): void {
  current().figures.push(figure)
  console.log(`  ${figure.name}`)
  console.log(
    `    ${micro(figure.run)}; ${figure.peerName} ${micro(figure.peer)}; ratio ${figure.ratio.toFixed(2)}; ` +
      `over it ${micro(figure.over)} (half of the rounds ${figure.overSpread.map(micro).join(' to ')})${verdictOf(figure)}`,
  )
}

/** Returns whether a value is within its limit, in words. */
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
