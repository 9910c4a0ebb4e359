import { revealToken, type Token } from './token.ts'

const REPLACEMENT = '[token]'

/**
 * Returns the strings to search for, longest first. So a token that begins with another token is removed completely.
 */
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
