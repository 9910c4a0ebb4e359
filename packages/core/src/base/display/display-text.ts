import { blocks, leftLetter, right, rightLetter } from './text-direction.ts'
import { visibleText } from './visible-text.ts'

declare const displayText_: unique symbol

/** Text that a person may be shown. Made by {@link displayText} only. */
export type DisplayText = string & { readonly [displayText_]: true }

/** Maximum depth that is written out, the same as for all JSON here. */
const MAX_DEPTH = 64

/**
 * Renders a value for a person: a message, a key or a value of details, the name of a client or a tool.
 *
 * Normalizes to NFC. Shows line breaks as `⏎`. Shows a character as its code, `[U+202E]`, if it is invisible, changes
 * the direction or the look of others, or pads. Keeps joiners where a script or an emoji needs them. Isolates
 * right-to-left from left-to-right text, so that no amount changes its position. Writes numbers in full, and plain JSON
 * as JSON. Truncates nothing. Invisible parts never make two different NFC texts look alike, apart from the kinds of
 * line break.
 *
 * Renders only: keep, bind and send the value itself. The result is plain text; escape it for HTML like any other text.
 */
export function displayText(value: unknown): DisplayText {
  return isolateDirections(visibleText(typeof value === 'string' ? value : written(value, 0))) as DisplayText
}

/** A field of details, as a person may be shown it. */
export interface DisplayField {
  readonly name: DisplayText
  readonly value: DisplayText
}

/** Renders each field of one authorization detail, its `type` too. */
export function displayFields(detail: object): readonly DisplayField[] {
  return Object.entries(detail).map(([name, value]) => ({ name: displayText(name), value: displayText(value) }))
}

function written(value: unknown, depth: number): string {
  if (typeof value === 'number') return writtenNumber(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth === MAX_DEPTH) return `(nested deeper than ${MAX_DEPTH} levels)`
  if (Array.isArray(value)) return `[${value.map((item) => written(item, depth + 1)).join(',')}]`
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${written(item, depth + 1)}`)
  return `{${members.join(',')}}`
}

/** Writes all digits of a number in JSON, without an exponent. */
function writtenNumber(value: number): string {
  const text = String(value === 0 ? 0 : value)
  const [, sign = '', first = '', rest = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? []
  if (exponent === undefined) return text
  const digits = first + rest
  const point = 1 + Number(exponent)
  return point > 0 ? sign + digits.padEnd(point, '0') : `${sign}0.${'0'.repeat(-point)}${digits}`
}

const hasRight = new RegExp(right, 'v')
const first = new RegExp(String.raw`(?<right>${rightLetter})|${leftLetter}|\p{Nd}`, 'v')
const hasLeftLetter = new RegExp(leftLetter, 'v')
/** A phrase, including the characters between its letters. */
const rightPhrase = new RegExp(String.raw`${right}(?:[ '"\-\p{M}\u200C\u200D]*[${blocks}\u200C\u200D])*`, 'gv')
const betweenRight = new RegExp(String.raw`[\p{M}\u200C\u200D]*[^${blocks}]+`, 'gv')
/** Adjacent numbers that form one number, such as `5 000`. */
const numbers = /(?:(?<=\s)[-+−]?\p{Sc}?)?\p{Nd}\S*(?:\p{Zs}\p{Nd}\S*)*/gu

const LEFT_TO_RIGHT = '\u2066'
const RIGHT_TO_LEFT = '\u2067'
const END = '\u2069'

/**
 * Isolates text that contains right-to-left characters: as a whole, and in it each phrase of the other direction.
 *
 * Its first letter or digit gives its direction. So the text moves nothing beside it, and each number in it is drawn
 * where it was written.
 *
 * @see {@link https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates | UAX #9}
 */
function isolateDirections(text: string): string {
  if (!hasRight.test(text)) return text
  if (first.exec(text)?.groups?.right === undefined) {
    return `${LEFT_TO_RIGHT}${text.replace(rightPhrase, `${RIGHT_TO_LEFT}$&${END}`)}${END}`
  }
  const isolated = text.replace(betweenRight, (part) => {
    if (!hasLeftLetter.test(part)) return part.replace(numbers, `${LEFT_TO_RIGHT}$&${END}`)
    const phrase = part.trim()
    return part.replace(phrase, () => `${LEFT_TO_RIGHT}${phrase}${END}`)
  })
  return `${RIGHT_TO_LEFT}${isolated}${END}`
}
