import type { Identity } from '@behalf/core'
import { principalOf } from '../guarded-tools/auth-info.ts'
import { withEventIds } from './event-stream.ts'
import { unknownEvent, unknownSession } from './read-message.ts'

const SESSION = 'mcp-session-id'
const EVENT = 'last-event-id'

/** The header in which a client sends an id back. */
type Kind = typeof SESSION | typeof EVENT

/** The ids of a request as its transport knows them, or the response to an id that was not given to this caller. */
export type OwnIds =
  | { readonly ok: true; readonly headers: Readonly<Partial<Record<Kind, string>>> }
  | { readonly ok: false; readonly response: Response }

/** The request to which a response belongs. */
export interface Exchange {
  readonly identity: Identity
  readonly method: string
  /** The ids of its request, as the transport knows them. */
  readonly own: Readonly<Partial<Record<Kind, string>>>
}

/**
 * Signs the ids of a stateful transport's sessions and events for one caller and this server. An event's id is also
 * signed for its session. A transport, and an event store that sessions share, accept the id alone, and an id is not a
 * secret.
 *
 * Events of the stream that a client opens itself get no id. Both SDKs use one stream name for it in all sessions, so a
 * shared event store would resume it with events of other sessions.
 * @see
 *   {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#session-hijacking | MCP, Session Hijacking}
 */
export class CallerIds {
  readonly #key: () => Promise<CryptoKey>
  readonly #resource: string

  constructor(bytes: () => Uint8Array<ArrayBuffer>, resource: string) {
    this.#resource = resource
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    let key: Promise<CryptoKey> | undefined
    this.#key = () => (key ??= crypto.subtle.importKey('raw', bytes(), algorithm, false, ['sign', 'verify']))
  }

  /** Reads and checks the ids of a request. */
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

  /** Replaces the ids in a transport's response by signed ids for this caller. */
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
    const signature = await crypto.subtle.sign('HMAC', await this.#key(), this.#bound(kind, id, holder))
    return `${id}.${hexOf(new Uint8Array(signature))}`
  }

  /** @returns The transport's id; `undefined` for an id that was not given to this caller. */
  async #take(kind: Kind, given: string, holder: Holder): Promise<string | undefined> {
    const end = given.lastIndexOf('.')
    const id = given.slice(0, Math.max(end, 0))
    const signature = bytesOf(given.slice(end + 1))
    if (id === '' || signature === undefined) return undefined
    const isTheirs = await crypto.subtle.verify('HMAC', await this.#key(), signature, this.#bound(kind, id, holder))
    return isTheirs ? id : undefined
  }

  /**
   * Includes the server, since two servers may share a key. Includes the session: an event store may restart its count
   * with its process.
   */
  #bound(kind: Kind, id: string, [identity, session]: Holder): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(JSON.stringify([this.#resource, kind, id, principalOf(identity), session ?? null]))
  }
}

/** The holder of an id: a caller, and for an event also a session. */
type Holder = readonly [identity: Identity, session: string | undefined]

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/**
 * Returns the bytes of 64 lowercase hex digits. `undefined` for any other text, so that each signature has one
 * spelling.
 */
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> | undefined =>
  /^[0-9a-f]{64}$/.test(hex) ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : undefined
