import { ConfigurationError, type Fetch } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import {
  type OAuthClientInformationMixed,
  type OAuthDiscoveryState,
  RegistrationRejectedError,
  registerClient,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client'
import type { ClientRegistration } from '../client-options.ts'
import type { SessionRecords } from '../session/session-records.ts'
import { registeredScopes } from '../sign-in/scope-limit.ts'
import { clientMetadata } from './client-metadata.ts'
import { namesItself, redirectUriOf, refuseMixUp } from './redirect-uri.ts'

/** The issuer at which our client must be registered. */
export interface ClientPlace {
  readonly issuer: string
  readonly discovered: OAuthDiscoveryState | undefined
}

/** Our client at the authorization servers of an MCP server. */
export class SessionClient {
  readonly #client: ClientRegistration
  readonly #records: SessionRecords
  readonly #fetch: Fetch
  readonly #timeoutMs: number
  /** Client ids that were used last, by issuer. */
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

  /**
   * Returns our client, by the order of the specification: registered by hand, metadata document, dynamic registration.
   */
  async at(place: ClientPlace): Promise<StoredOAuthClientInformation | undefined> {
    const { issuer } = place
    const byHand = this.#byHand(issuer)
    if (byHand !== undefined) return { ...byHand, issuer }
    const document = this.#document(place)
    if (document !== undefined) return { client_id: document, issuer }
    const at = { issuer, redirectUri: this.redirectUri(place) }
    const known = () => this.#records.client(at, Date.now() / 1000)
    const signal = AbortSignal.timeout(2 * this.#timeoutMs)
    const found =
      (await known()) ??
      (await this.#records.registerAlone(at, signal, async () => (await known()) ?? this.#register(place)))
    this.#handedOut.set(issuer, found.client_id)
    return found
  }

  /**
   * Returns the redirect URI of a sign-in at this issuer. It must distinguish this issuer's responses from those of
   * other servers.
   *
   * @throws InvalidResponseError It could not distinguish them.
   */
  safeRedirectUri(issuer: string, discovered: OAuthDiscoveryState): string {
    const redirectUri = this.redirectUri({ issuer, discovered })
    refuseMixUp(issuer, { discovery: discovered, redirectUri }, this.#trustedOrigins(issuer) ?? [])
    return redirectUri
  }

  async save(place: ClientPlace, client: StoredOAuthClientInformation): Promise<void> {
    const { issuer } = place
    if (this.#byHand(issuer) !== undefined || client.client_id === this.#client.metadataUrl) return
    this.#refuseKnownId(issuer, client.client_id)
    await this.#records.saveClient({ issuer, redirectUri: this.redirectUri(place) }, { ...client, issuer })
  }

  /** Deletes our client at an issuer that no longer knows it. Keeps a client that was registered since. */
  async invalidate(place: ClientPlace): Promise<void> {
    const { issuer } = place
    const clientId = this.#handedOut.get(issuer)
    if (clientId === undefined) return
    await this.#records.dropClient({ issuer, redirectUri: this.redirectUri(place) }, clientId)
  }

  /**
   * Returns the redirect URI. It is for this issuer alone if the server does not name itself in its responses, unless our
   * client was registered there by hand.
   */
  redirectUri(place: ClientPlace): string {
    const { issuer, discovered } = place
    const { redirectUri } = this.#client
    const byHand = this.#byHand(issuer)
    if (byHand !== undefined) return ownRedirectUri(byHand) ?? redirectUri
    return namesItself(discovered) ? redirectUri : redirectUriOf(redirectUri, issuer)
  }

  /**
   * Returns our metadata document's address if it is our client's id at this issuer: issuers that name themselves, and
   * those that the app names, for which the document lists a redirect URI. Every other issuer would share the redirect
   * URI, and another server could send the browser back to it.
   */
  #document({ issuer, discovered }: ClientPlace): string | undefined {
    const { metadataUrl } = this.#client
    const isKnown = namesItself(discovered) || this.#trustedOrigins(issuer) !== undefined
    return isKnown && readsDocuments(discovered) ? metadataUrl : undefined
  }

  #trustedOrigins(issuer: string): readonly string[] | undefined {
    const { authorizationOrigins = {} } = this.#client
    return Object.hasOwn(authorizationOrigins, issuer) ? authorizationOrigins[issuer] : undefined
  }

  /**
   * Refuses a new registration with an id that our client has at another issuer: that server tries to get the other
   * one's responses (mix-up).
   */
  #refuseKnownId(issuer: string, clientId: string): void {
    const { registered = {}, metadataUrl } = this.#client
    const elsewhere = Object.entries(registered).find(([at, { client_id: id }]) => at !== issuer && id === clientId)
    if (elsewhere === undefined && clientId !== metadataUrl) return
    throw new InvalidResponseError(`${JSON.stringify(issuer)} registered our client under an id that it has elsewhere`)
  }

  #byHand(issuer: string) {
    const { registered = {} } = this.#client
    return Object.hasOwn(registered, issuer) ? registered[issuer] : undefined
  }

  /** Registers all scopes: a server that limits a client to its registered scopes would refuse a step-up. */
  async #register(place: ClientPlace): Promise<StoredOAuthClientInformation> {
    const { issuer, discovered } = place
    const redirectUri = this.redirectUri(place)
    const metadata = discovered?.authorizationServerMetadata
    if (metadata?.registration_endpoint === undefined && metadata !== undefined) {
      const fix = `has no client at ${JSON.stringify(issuer)}, and that server takes no registrations: register one by hand`
      const isDocument = this.#client.metadataUrl !== undefined && readsDocuments(discovered)
      const other =
        ', or name the issuer in `authorizationOrigins`, since it sends no `iss`, to use `metadataUrl` there'
      throw new ConfigurationError('createMcpSession.client', isDocument ? fix + other : fix)
    }
    const scopes = this.#client.scopes ?? discovered?.resourceMetadata?.scopes_supported
    const scope = registeredScopes(scopes, metadata?.scopes_supported).join(' ') || undefined
    const register = (scopes: string | undefined) => {
      const { scope: _, ...metadataOfOurs } = clientMetadata({ ...this.#client, redirectUri })
      return registerClient(discovered?.authorizationServerUrl ?? issuer, {
        ...(metadata !== undefined && { metadata }),
        clientMetadata: metadataOfOurs,
        ...(scopes !== undefined && { scope: scopes }),
        fetchFn: this.#fetch,
      })
    }
    const registered = await register(scope).catch((error: unknown) => {
      // Some servers accept only scopes that they know here. They grant no scope to a client that registers without
      // scopes.
      if (scope === undefined || !RegistrationRejectedError.isInstance(error)) throw error
      return register(undefined)
    })
    this.#refuseKnownId(issuer, registered.client_id)
    const stored = { ...registered, issuer }
    await this.#records.saveClient({ issuer, redirectUri }, stored)
    return stored
  }
}

const readsDocuments = (discovered: OAuthDiscoveryState | undefined): boolean =>
  discovered?.authorizationServerMetadata?.client_id_metadata_document_supported === true

/** Returns the first redirect URI of a client that was registered by hand, if the app gives one. */
function ownRedirectUri(byHand: OAuthClientInformationMixed): string | undefined {
  const { redirect_uris: own } = byHand as { readonly redirect_uris?: readonly string[] }
  return own?.[0]
}
