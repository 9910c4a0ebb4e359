/** A JWT, or so many characters in a row that it may be an opaque token or a code: they have 43. */
const TOKEN = /eyJ[\w-]+(?:\.[\w-]*)+|[\w-]{40,}/g

/** Text that came from a client, or repeats what one sent: a token may stand where it does not belong. */
export function withoutTokens(text: string): string {
  return text.replaceAll(TOKEN, '[hidden]')
}
