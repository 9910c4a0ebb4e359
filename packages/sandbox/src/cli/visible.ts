/** What a client or a server wrote must not move the cursor, colour the terminal, or turn letters around. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}
