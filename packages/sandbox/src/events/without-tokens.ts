/** A JWT, or a run of characters that may be an opaque token or a code: those have 43. */
const TOKEN = /eyJ[\w-]+(?:\.[\w-]*)+|[\w-]{40,}/g

/**
 * Removes tokens from text that a client sent, or that repeats a client's text: a token may be at an unexpected place.
 */
export function withoutTokens(text: string, shownAs: (token: string) => string = () => '[hidden]'): string {
  return text.replaceAll(TOKEN, (found) => shownAs(found))
}
