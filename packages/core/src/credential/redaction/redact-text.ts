import { revealToken, type Token } from '../token.ts'

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

/** Redacts text that arrives in pieces. */
export interface TextRedactor {
  /** Takes a piece, and returns the text that can now be released. */
  push(piece: string): string
  /** Returns the text that was held back. */
  end(): string
}

/** Tokens, or a function that returns them: a call's credential may get a fresh token during the stream. */
export type KnownTokens = readonly Token[] | (() => readonly Token[])

/**
 * Replaces verbatim tokens in text that arrives in pieces, even if a token is cut in two (E4).
 *
 * Holds back no more than the beginning of a possible token.
 */
export function createTextRedactor(source: KnownTokens): TextRedactor {
  let held = ''
  return {
    push(piece) {
      const secrets = secretsOf(typeof source === 'function' ? source() : source)
      const text = redactText(held + piece, secrets)
      const keep = beginningAtEnd(text, secrets)
      held = text.slice(keep)
      return text.slice(0, keep)
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
  }
}

/**
 * Returns the start of the longest suffix of `text` that is the beginning of a secret, or the length of `text` if it
 * ends with no such beginning.
 */
function beginningAtEnd(text: string, secrets: readonly string[]): number {
  let keep = text.length
  for (const secret of secrets) {
    const first = secret.charAt(0)
    let at = text.indexOf(first, Math.max(0, text.length - secret.length + 1))
    // Stryker disable next-line EqualityOperator: The start of the search only saves work: a text longer than a token is not the beginning of it, and an equal position gives an equal result.
    while (at !== -1 && at < keep) {
      if (secret.startsWith(text.slice(at))) keep = at
      at = text.indexOf(first, at + 1)
    }
  }
  return keep
}
