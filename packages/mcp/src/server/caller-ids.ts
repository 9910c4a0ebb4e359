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

/** The exchange that an answer ends. */
export interface Exchange {
  readonly identity: Identity
  readonly method: string
  /** The ids that its request brought, as the transport knows them. */
  readonly own: Readonly<Partial<Record<Kind, string>>>
}

/**
 * The ids of a stateful transport's sessions and events, as clients get them: signed for the caller that got them, and for
 * this server, and those of events for their session. The transport, and a store of events that sessions share, find what
 * an id names by the id alone, and an id is no secret.
 *
 * Events of the stream that a client opens by itself have no id: both SDKs give that stream one name in all sessions, so a
 * store that sessions share would resume it with the events of others.
 * @see {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#session-hijacking | MCP, Session Hijacking}
 */
export class CallerIds {
  readonly #key: Promise<CryptoKey>
  readonly #resource: string

  constructor(key: Uint8Array<ArrayBuffer>, resource: string) {
    this.#resource = resource
    this.#key = crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
  }

  /** Reads the ids of a request. */
  async read(given: Headers, identity: Identity): Promise<OwnIds> {
    const headers: Partial<Record<Kind, string>> = {}
    for (const [kind, unknown] of [[SESSION, unknownSession] as const, [EVENT, unknownEvent] as const]) {
      const id = given.get(kind)
      if (id === null) continue
      const own = await this.#take(kind, id, [identity, kind === EVENT ? headers[SESSION] : undefined])
      if (own === undefined) return { ok: false, response: unknown() }
      headers[kind] = own
    }
    return { ok: true, headers }
  }

  /** The answer of a transport, with ids for this caller. */
  async write(response: Response, { identity, method, own }: Exchange): Promise<Response> {
    const { status, statusText } = response
    const opened = response.headers.get(SESSION)
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (opened === null && !isStream) return response
    const headers = new Headers(response.headers)
    if (opened !== null) headers.set(SESSION, await this.#give(SESSION, opened, [identity, undefined]))
    const isOpenedByClient = method === 'GET' && own[EVENT] === undefined
    const session = opened ?? own[SESSION]
    const give = async (id: string) => (isOpenedByClient ? '' : this.#give(EVENT, id, [identity, session]))
    const body = isStream && response.body ? withEventIds(response.body, give) : response.body
    return new Response(body, { status, statusText, headers })
  }

  async #give(kind: Kind, id: string, holder: Holder): Promise<string> {
    const signature = await crypto.subtle.sign('HMAC', await this.#key, this.#bound(kind, id, holder))
    return `${id}.${hexOf(new Uint8Array(signature))}`
  }

  /** @returns the transport's id; `undefined` for an id that this caller was not given */
  async #take(kind: Kind, given: string, holder: Holder): Promise<string | undefined> {
    const end = given.lastIndexOf('.')
    const id = given.slice(0, Math.max(end, 0))
    const signature = bytesOf(given.slice(end + 1))
    if (id === '' || signature === undefined) return undefined
    const isTheirs = await crypto.subtle.verify('HMAC', await this.#key, signature, this.#bound(kind, id, holder))
    return isTheirs ? id : undefined
  }

  /** Two servers may share a key, and a store of events may restart its count with its process. */
  #bound(kind: Kind, id: string, [identity, session]: Holder): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(JSON.stringify([this.#resource, kind, id, principalOf(identity), session ?? null]))
  }
}

/** Whose an id is: a caller's, and for an event the session's. */
type Holder = readonly [identity: Identity, session: string | undefined]

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** In one spelling only. */
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> | undefined =>
  /^[0-9a-f]{64}$/.test(hex) ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : undefined
