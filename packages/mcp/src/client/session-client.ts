import { ConfigurationError, type Fetch } from '@behalf/core'
import {
  computeScopeUnion,
  type OAuthDiscoveryState,
  RegistrationRejectedError,
  registerClient,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client'
import { clientMetadata } from './client-metadata.ts'
import type { ClientRegistration } from './client-options.ts'
import type { SessionRecords } from './session-records.ts'

/** Where our client is to be known. */
export interface ClientPlace {
  readonly issuer: string
  readonly discovered: OAuthDiscoveryState | undefined
}

/** Our client at the authorization servers that an MCP server may have. */
export class SessionClient {
  readonly #client: ClientRegistration
  readonly #records: SessionRecords
  readonly #fetch: Fetch
  readonly #timeoutMs: number
  /** What was handed out last, by issuer. */
  readonly #handedOut = new Map<string, string>()

  constructor(
    client: ClientRegistration,
    { records, fetch, timeoutMs }: { records: SessionRecords; fetch: Fetch; timeoutMs: number },
  ) {
    this.#client = client
    this.#records = records
    this.#fetch = fetch
    this.#timeoutMs = timeoutMs
  }

  /** In the order of the specification: registered by hand, metadata document, registered by itself. */
  async at(place: ClientPlace): Promise<StoredOAuthClientInformation | undefined> {
    const { issuer, discovered } = place
    const { metadataUrl } = this.#client
    const byHand = this.#byHand(issuer)
    if (byHand !== undefined) return { ...byHand, issuer }
    const metadata = discovered?.authorizationServerMetadata
    if (metadataUrl !== undefined && metadata?.client_id_metadata_document_supported === true) {
      return { client_id: metadataUrl, issuer }
    }
    const known = () => this.#records.client(issuer, Date.now() / 1000)
    const signal = AbortSignal.timeout(2 * this.#timeoutMs)
    const found =
      (await known()) ??
      (await this.#records.registerAlone(issuer, signal, async () => (await known()) ?? this.#register(place)))
    this.#handedOut.set(issuer, found.client_id)
    return found
  }

  async save(issuer: string, client: StoredOAuthClientInformation): Promise<void> {
    if (this.#byHand(issuer) !== undefined || client.client_id === this.#client.metadataUrl) return
    await this.#records.saveClient(issuer, { ...client, issuer })
  }

  /** The issuer knows our client no longer: the one that we had, and not one that was registered since. */
  async invalidate(issuer: string): Promise<void> {
    const clientId = this.#handedOut.get(issuer)
    if (clientId !== undefined) await this.#records.dropClient(issuer, clientId)
  }

  #byHand(issuer: string) {
    const { registered = {} } = this.#client
    return Object.hasOwn(registered, issuer) ? registered[issuer] : undefined
  }

  /** With all scopes there are: a server that holds a client to what it registered would refuse a step-up. */
  async #register({ issuer, discovered }: ClientPlace): Promise<StoredOAuthClientInformation> {
    const metadata = discovered?.authorizationServerMetadata
    if (metadata?.registration_endpoint === undefined && metadata !== undefined) {
      const fix = `has no client at ${JSON.stringify(issuer)}, and that server takes no registrations: register one by hand`
      throw new ConfigurationError('createMcpSession.client', fix)
    }
    const named = discovered?.resourceMetadata?.scopes_supported
    const scope = computeScopeUnion(this.#client.scopes?.join(' '), named?.join(' '))
    const register = (scopes: string | undefined) => {
      const { scope: _, ...metadataOfOurs } = clientMetadata(this.#client)
      return registerClient(discovered?.authorizationServerUrl ?? issuer, {
        ...(metadata !== undefined && { metadata }),
        clientMetadata: metadataOfOurs,
        ...(scopes !== undefined && { scope: scopes }),
        fetchFn: this.#fetch,
      })
    }
    const registered = await register(scope).catch((error: unknown) => {
      // Some servers know only their own scopes here, and hold a client that names none to none.
      if (scope === undefined || !RegistrationRejectedError.isInstance(error)) throw error
      return register(undefined)
    })
    const stored = { ...registered, issuer }
    await this.#records.saveClient(issuer, stored)
    return stored
  }
}
