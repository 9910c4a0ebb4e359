import { LRUCache } from 'lru-cache'

/** Maximum number of origins. Endpoints of one server rarely have more than two. */
const MAX_ORIGINS = 16
/** RFC 9449 §8.1: `1*NQCHAR`. The length is ours. */
const nonceSyntax = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/

/**
 * The last nonce of each origin of one authorization server. Nonces of resource servers are stored elsewhere: a nonce
 * of one server is never sent to the other (RFC 9449 §8, §9).
 */
export class DpopNonces {
  readonly #byOrigin = new LRUCache<string, string>({ max: MAX_ORIGINS })

  of(url: string): string | undefined {
    return this.#byOrigin.get(new URL(url).origin)
  }

  /** Stores a new nonce: any answer may contain one (RFC 9449 §8.2). @returns whether this answer did */
  adopt(url: string, response: Response): boolean {
    const nonce = response.headers.get('dpop-nonce')
    if (nonce === null || !nonceSyntax.test(nonce)) return false
    this.#byOrigin.set(new URL(url).origin, nonce)
    return true
  }
}
