import type { CustomFetchOptions, ServerMetadata } from 'openid-client'
import { InvalidResponseError, TransportError } from '../base/errors/index.ts'
import type { Fetch } from '../base/ports.ts'
import { SingleFlight } from '../base/process/async.ts'
import { DpopNonces } from '../credential/index.ts'
import { IssuerKeys } from './jwt/issuer-keys.ts'
import { oauthLibrary } from './lazy-libraries.ts'
import { allowInsecureLoopback, type Profile } from './profiles/profile.ts'
import { boundedRequest } from './requests/bounded-request.ts'
import { requestFault } from './requests/request-fault.ts'
import type { ServerEndpoints } from './server.ts'
import { readServerMetadata } from './wire.ts'

/** Time limit for one try to read a document. Callers have their own deadlines. */
const DOCUMENT_TIMEOUT_MS = 5_000

/** Result of discovery. */
export interface Discovered {
  readonly metadata: ServerMetadata
  /** Absent if the metadata names no `jwks_uri`. */
  readonly keys?: IssuerKeys
  readonly endpoints: ServerEndpoints
}

/**
 * Metadata and keys of one authorization server, fetched once and shared by all code with the same profile and fetch.
 */
export class ServerDocuments {
  readonly profile: Profile
  readonly fetch: Fetch
  readonly nonces = new DpopNonces()
  readonly #discovery = new SingleFlight<Discovered>()
  /** The server's time when it sent its metadata, less the monotonic time of this process. In milliseconds. */
  #serverTime = Number.NaN
  #discovered: Discovered | undefined

  constructor(profile: Profile, fetch: Fetch) {
    this.profile = profile
    this.fetch = fetch
  }

  /** Result of discovery so far. */
  get discovered(): Discovered | undefined {
    return this.#discovered
  }

  /** Discovers the server once. A failed discovery is not cached: the next caller tries again. */
  async discover(signal: AbortSignal): Promise<Discovered> {
    return this.#discovered ?? this.#discovery.run('discovery', (flight) => this.#discover(flight), signal)
  }

  async #discover(signal: AbortSignal): Promise<Discovered> {
    const metadata = await this.#metadata(signal)
    const { issuer, jwksUri, endpoints } = readServerMetadata(metadata)
    // OIDC Discovery §4.3, RFC 8414 §3.3: identical, by simple string comparison. The library compares
    // normalised URLs.
    if (issuer !== this.profile.issuer) {
      throw new InvalidResponseError(
        `the metadata of ${JSON.stringify(this.profile.issuer)} names another issuer, ${JSON.stringify(issuer)}`,
      )
    }
    const now = () => this.#serverTime + performance.now()
    this.#discovered = {
      metadata,
      endpoints: { ...endpoints, now },
      ...(jwksUri !== undefined && { keys: this.#keys(new URL(jwksUri)) }),
    }
    return this.#discovered
  }

  async #metadata(signal: AbortSignal): Promise<ServerMetadata> {
    const { issuer, clientId, discovery: algorithm = 'oidc', metadata } = this.profile
    if (algorithm === 'none') return { issuer, ...metadata }
    const library = await oauthLibrary()
    try {
      const configuration = await library.discovery(new URL(issuer), clientId, undefined, library.None(), {
        algorithm,
        timeout: DOCUMENT_TIMEOUT_MS / 1000,
        [library.customFetch]: async (url, options) => {
          const response = await this.#document(url, options, [signal])
          this.#serverTime = Date.parse(response.headers.get('date') ?? '') - performance.now()
          return response
        },
        // `boundedRequest` decides for each request whether plain http is allowed.
        ...(this.profile[allowInsecureLoopback] && { execute: [library.allowInsecureRequests] }),
      })
      return { ...configuration.serverMetadata(), ...metadata }
    } catch (error) {
      throw await requestFault(error, { what: 'discovery', now: Date.now(), secrets: [] })
    }
  }

  #keys(url: URL): IssuerKeys {
    return new IssuerKeys({ url, timeoutMs: DOCUMENT_TIMEOUT_MS, request: (url, init) => this.#document(url, init) })
  }

  /**
   * Reads a document. A document is safe to request again (E2). The libraries' own deadline, in `init`, is for all
   * tries together.
   */
  async #document(
    url: string,
    init: RequestInit | CustomFetchOptions,
    ends: readonly AbortSignal[] = [],
  ): Promise<Response> {
    const signal = AbortSignal.any([...ends, ...(init.signal ? [init.signal] : [])])
    const rules = {
      fetch: this.fetch,
      allowInsecureLoopback: this.profile[allowInsecureLoopback] === true,
      now: Date.now,
    }
    const { default: pRetry } = await import('p-retry')
    return pRetry(() => boundedRequest(rules, url, { ...(init as RequestInit), signal }), {
      retries: 2,
      minTimeout: 100,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof TransportError && error.retryAfter === undefined,
    })
  }
}

const known = new WeakMap<Profile, WeakMap<Fetch, ServerDocuments>>()

/** Returns the connection of a profile over a fetch. It is the same one each time, as long as both exist. */
export function documentsOf(profile: Profile, fetch: Fetch): ServerDocuments {
  const byFetch = known.get(profile) ?? new WeakMap<Fetch, ServerDocuments>()
  known.set(profile, byFetch)
  const connection = byFetch.get(fetch) ?? new ServerDocuments(profile, fetch)
  byFetch.set(fetch, connection)
  return connection
}
