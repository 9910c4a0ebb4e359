/** Printable ASCII that is shown unchanged: most texts, which need no further search. */
const plainText = /^(?! |.* {3}|.*\[U\+)[\x20-\x7E]*(?<! )$/

/** Scripts whose letters join, and whose spelling needs ZWJ and ZWNJ, by their codes (ISO 15924). */
const joining = (
  'Arab Syrc Mong Nkoo Adlm Mand Mani Phag Phlp Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt Bali ' +
  'Java Gran Tirh Brah Newa'
).replace(/(\w+) ?/g, String.raw`\p{Script=$1}`)
/** Characters that look blank, though their class is letter, symbol or mark. */
const blanks = String.raw`\u2800\uFFFC\u{13441}\u{13442}\u{16FE4}\u{1D159}`
const pictograph = String.raw`[\p{Extended_Pictographic}--\p{Cn}][\uFE0E\uFE0F]?\p{Emoji_Modifier}?`

/** Characters to keep: first those of most texts, then invisible characters that belong at their position. */
const kept = [
  String.raw`(?:[!-"$-\)+-\/:-Z\\\]-~]|[0-9#*](?!\uFE0F)|(?<=\P{Zs}) (?!\p{Zs}|$))+`,
  String.raw`[\p{L}--[\p{Default_Ignorable_Code_Point}\p{Extended_Pictographic}${blanks}]]+`,
  String.raw`\p{RGI_Emoji}`,
  String.raw`${pictograph}(?:\u200D${pictograph})*`,
  String.raw`(?<=[${joining}])\u200C(?=[${joining}])`,
  String.raw`(?<=[${joining}])\u200D`,
  String.raw`(?<=\p{Unified_Ideograph})[\u{E0100}-\u{E01EF}]`,
  String.raw`(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]`,
]

/** Characters that are shown by their code. */
const hidden = [
  // Controls, formats (of direction among them), private, unassigned, lone surrogates, ignorables and blanks.
  String.raw`[[\p{C}\p{Default_Ignorable_Code_Point}${blanks}]--[\n\v\f\r\x85]]+`,
  // Padding: before and after the text, and three in a row.
  String.raw`^\p{Zs}+|\p{Zs}+$|\p{Zs}{3,}`,
  // Marks that surround or cross out their base; marks on anything but letters; piles of marks.
  String.raw`[\p{Me}\u0334-\u0338\u20D0-\u20FF]+`,
  String.raw`(?<![\p{L}\p{M}\u200C\u200D])\p{Mn}+`,
  String.raw`(?<=\p{M}{5})\p{M}+`,
  // Text that would look like an output of this function.
  String.raw`\[(?=U\+)|\u23CE+`,
]

// Built from a string: the compiler's target does not know the flag `v`, but all supported runtimes do. Made at its first
// use: its classes of characters take 12 ms, a fifth of the time in which the package is imported.
let special: RegExp | undefined

/**
 * Normalizes to NFC and shows invisible characters: line breaks as `⏎`, hidden characters by their code.
 *
 * The runtime's own data describes the characters (Unicode property escapes).
 */
export function visibleText(text: string): string {
  if (plainText.test(text)) return text
  special ??= new RegExp(String.raw`(${kept.join('|')})|(\r\n|[\n\v\f\r\x85\u2028\u2029])|${hidden.join('|')}`, 'gv')
  return text
    .normalize('NFC')
    .replace(special, (found: string, stays: string | undefined, line: string | undefined) => {
      if (stays !== undefined) return found
      return line === undefined ? codesOf(found) : '⏎'
    })
}

/** `[U+200B]`, or `[U+200B ×3]` for three in a row. */
function codesOf(characters: string): string {
  const runs: { code: string; count: number }[] = []
  for (const character of characters) {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const last = runs.at(-1)
    if (last?.code === code) last.count++
    else runs.push({ code, count: 1 })
  }
  return runs.map(({ code, count }) => `[U+${code}${count === 1 ? '' : ` ×${count}`}]`).join('')
}
