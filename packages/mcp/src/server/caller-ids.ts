import type { Identity } from '@behalf/core'
import { withEventIds } from './event-stream.ts'
import { principalOf } from './principal.ts'
import { unknownEvent, unknownSession } from './read-message.ts'

const SESSION = 'mcp-session-id'
const EVENT = 'last-event-id'

/** The header in which a client brings an id back. */
type Kind = typeof SESSION | typeof EVENT

/** The ids that a request brought back, as its transport knows them, or the answer to one that this caller was not given. */
export type OwnIds =
  | { readonly ok: true; readonly headers: Readonly<Partial<Record<Kind, string>>> }
  | { readonly ok: false; readonly response: Response }

/**
 * The ids of a stateful transport's sessions and events, as clients get them: signed for the caller that got them. The
 * transport, and a store of events that sessions share, find what an id names by the id alone, and an id is no secret.
 * @see {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#session-hijacking | MCP, Session Hijacking}
 */
export class CallerIds {
  readonly #key: Promise<CryptoKey>

  constructor(key: Uint8Array<ArrayBuffer>) {
    this.#key = crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  }

  /** Reads the ids of a request. */
  async read(given: Headers, identity: Identity): Promise<OwnIds> {
    const headers: Partial<Record<Kind, string>> = {}
    for (const [kind, unknown] of [[SESSION, unknownSession] as const, [EVENT, unknownEvent] as const]) {
      const id = given.get(kind)
      if (id === null) continue
      const own = await this.#take(kind, id, identity)
      if (own === undefined) return { ok: false, response: unknown() }
      headers[kind] = own
    }
    return { ok: true, headers }
  }

  /** The answer of a transport, with ids for this caller. */
  async write(response: Response, identity: Identity): Promise<Response> {
    const { status, statusText } = response
    const session = response.headers.get(SESSION)
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (session === null && !isStream) return response
    const headers = new Headers(response.headers)
    if (session !== null) headers.set(SESSION, await this.#give(SESSION, session, identity))
    const body = isStream && response.body ? withEventIds(response.body, (id) => this.#give(EVENT, id, identity)) : null
    return new Response(body ?? response.body, { status, statusText, headers })
  }

  async #give(kind: Kind, id: string, identity: Identity): Promise<string> {
    const signature = await crypto.subtle.sign('HMAC', await this.#key, bound(kind, id, identity))
    return `${id}.${hexOf(new Uint8Array(signature))}`
  }

  /** @returns the transport's id; `undefined` for an id that this caller was not given */
  async #take(kind: Kind, given: string, identity: Identity): Promise<string | undefined> {
    const end = given.lastIndexOf('.')
    const id = given.slice(0, Math.max(end, 0))
    const signature = bytesOf(given.slice(end + 1))
    if (id === '' || signature === undefined) return undefined
    const isTheirs = await crypto.subtle.verify('HMAC', await this.#key, signature, bound(kind, id, identity))
    return isTheirs ? id : undefined
  }
}

const bound = (kind: Kind, id: string, identity: Identity) =>
  new TextEncoder().encode(JSON.stringify([kind, id, principalOf(identity)]))

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** In one spelling only. */
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> | undefined =>
  /^[0-9a-f]{64}$/.test(hex) ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : undefined
