/** Blocks of right-to-left characters, assigned or not: the defaults of the Unicode bidirectional algorithm. */
export const blocks = String.raw`[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]`
export const right = String.raw`[${blocks}--\p{M}]`
export const rightLetter = String.raw`[${blocks}&&\p{L}]`
export const leftLetter = String.raw`[\p{L}--${blocks}]`

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

/**
 * Returns whether text without isolates moves a number: the first word, or most words, are left-to-right, with
 * right-to-left text before a number.
 */
export function movesNumbers(text: string): boolean {
  if (!moved.test(text)) return false
  const areRight = [...text.matchAll(words)].map(({ groups }) => groups?.right !== undefined)
  return areRight[0] !== true || areRight.filter(Boolean).length * 2 < areRight.length
}
