import { revealToken, type Token } from './token.ts'

const REPLACEMENT = '[token]'

/** The texts to look for. Longest first, so that a token that begins with another goes as a whole. */
export function secretsOf(tokens: readonly Token[]): readonly string[] {
  return tokens
    .map(revealToken)
    .filter((secret) => secret !== '')
    .sort((left, right) => right.length - left.length)
}

/** Replaces every occurrence of every secret. */
export function redactText(text: string, secrets: readonly string[]): string {
  let out = text
  for (const secret of secrets) if (out.includes(secret)) out = out.replaceAll(secret, REPLACEMENT)
  return out
}
