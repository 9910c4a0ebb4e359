import type { Identity } from '@behalf/core'
import { principalOf } from './principal.ts'

export const SESSION_HEADER = 'mcp-session-id'

/**
 * The ids of a stateful transport's sessions, as clients get them: signed for the caller that opened the session. The
 * transport finds a session by its id alone, and an id is no secret.
 * @see {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#session-hijacking | MCP, Session Hijacking}
 */
export class SessionIds {
  readonly #key: Promise<CryptoKey>

  constructor(key: Uint8Array<ArrayBuffer>) {
    this.#key = crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  }

  /** The id for this caller. */
  async give(id: string, identity: Identity): Promise<string> {
    const signature = await crypto.subtle.sign('HMAC', await this.#key, bound(id, identity))
    return `${id}.${hexOf(new Uint8Array(signature))}`
  }

  /** The transport's id; `undefined` for an id that this caller was not given. */
  async take(given: string, identity: Identity): Promise<string | undefined> {
    const end = given.lastIndexOf('.')
    const id = given.slice(0, Math.max(end, 0))
    const signature = bytesOf(given.slice(end + 1))
    if (id === '' || signature === undefined) return undefined
    const isTheirs = await crypto.subtle.verify('HMAC', await this.#key, signature, bound(id, identity))
    return isTheirs ? id : undefined
  }
}

const bound = (id: string, identity: Identity) => new TextEncoder().encode(JSON.stringify([id, principalOf(identity)]))

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** In one spelling only. */
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> | undefined =>
  /^[0-9a-f]{64}$/.test(hex) ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : undefined
