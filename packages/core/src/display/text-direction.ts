/** Blocks of right-to-left characters, assigned or not: the defaults of the Unicode bidirectional algorithm. */
const blocks = String.raw`[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]`
const right = String.raw`[${blocks}--\p{M}]`
const rightLetter = String.raw`[${blocks}&&\p{L}]`
const leftLetter = String.raw`[\p{L}--${blocks}]`

const hasRight = new RegExp(right, 'v')
const first = new RegExp(String.raw`(?<right>${rightLetter})|${leftLetter}|\p{Nd}`, 'v')
const hasLeftLetter = new RegExp(leftLetter, 'v')
/** A phrase, including the characters between its letters. */
const rightPhrase = new RegExp(String.raw`${right}(?:[ '"\-\p{M}\u200C\u200D]*[${blocks}\u200C\u200D])*`, 'gv')
const betweenRight = new RegExp(String.raw`[\p{M}\u200C\u200D]*[^${blocks}]+`, 'gv')
/** Adjacent numbers that form one number, such as `5 000`. */
const numbers = /(?:(?<=\s)[-+−]?\p{Sc}?)?\p{Nd}\S*(?:\p{Zs}\p{Nd}\S*)*/gu
/**
 * Numbers after a letter, sign or digit of a right-to-left script. In left-to-right text, such a number is drawn before
 * it. Arabic numbers change places. Modifier letters between them do not count: some have no direction (U+02C6). Characters
 * of a right-to-left script between them are where the search begins again, so that it takes no longer than the text is.
 */
const moved = new RegExp(
  String.raw`(?:[${right}--[\u0660-\u0669\u06F0-\u06F9]]|[\u0660-\u0669](?![\u0660-\u0669]))[[[^\p{L}\p{N}]\p{Lm}]--${right}]*\p{N}`,
  'v',
)
const words = new RegExp(String.raw`(?<right>${rightLetter}[\p{L}\p{M}]*)|${leftLetter}[\p{L}\p{M}]*`, 'gv')

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
export function isolateDirections(text: string): string {
  if (!hasRight.test(text)) return text
  if (first.exec(text)?.groups?.right === undefined) {
    return `${LEFT_TO_RIGHT}${text.replace(rightPhrase, `${RIGHT_TO_LEFT}$&${END}`)}${END}`
  }
  const isolated = text.replace(betweenRight, (part) => {
    if (!hasLeftLetter.test(part)) return part.replace(numbers, `${LEFT_TO_RIGHT}$&${END}`)
    const [, before = '', phrase = '', after = ''] = /^(\s*)(.*?)(\s*)$/su.exec(part) ?? []
    return `${before}${LEFT_TO_RIGHT}${phrase}${END}${after}`
  })
  return `${RIGHT_TO_LEFT}${isolated}${END}`
}

/**
 * Returns whether text without isolates moves a number: the first word, or most words, are left-to-right, with
 * right-to-left text before a number.
 */
export function movesNumbers(text: string): boolean {
  if (!moved.test(text)) return false
  const areRight = [...text.matchAll(words)].map(({ groups }) => groups?.right !== undefined)
  return areRight[0] !== true || areRight.filter(Boolean).length * 2 < areRight.length
}
