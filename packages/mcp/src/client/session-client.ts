import { ConfigurationError, type Fetch } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import {
  type OAuthClientInformationMixed,
  type OAuthDiscoveryState,
  RegistrationRejectedError,
  registerClient,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client'
import { clientMetadata } from './client-metadata.ts'
import type { ClientRegistration } from './client-options.ts'
import { namesItself, redirectUriOf, refuseMixUp } from './redirect-uri.ts'
import { registeredScopes } from './scope-limit.ts'
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
   * The redirect URI of a sign-in at this issuer, by which an answer of another server is told from its own.
   *
   * @throws InvalidResponseError It could not be told.
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

  /** The issuer knows our client no longer: the one that we had, and not one that was registered since. */
  async invalidate(place: ClientPlace): Promise<void> {
    const { issuer } = place
    const clientId = this.#handedOut.get(issuer)
    if (clientId === undefined) return
    await this.#records.dropClient({ issuer, redirectUri: this.redirectUri(place) }, clientId)
  }

  /** One for this issuer alone where we register ourselves, unless the server names itself in its answers. */
  redirectUri(place: ClientPlace): string {
    const { issuer, discovered } = place
    const { redirectUri } = this.#client
    const byHand = this.#byHand(issuer)
    if (byHand !== undefined) return ownRedirectUri(byHand) ?? redirectUri
    const isShared = this.#document(place) !== undefined || namesItself(discovered)
    return isShared ? redirectUri : redirectUriOf(redirectUri, issuer)
  }

  /**
   * Our metadata document, where it is our client at this issuer. It has one redirect URI for all issuers, and any of them
   * can lead the browser on to another one: so it is for those that name themselves, or that the app names.
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

  /** A registration is new: one that answers with an id that we have elsewhere wants that server's answers (mix-up). */
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

  /** With all scopes there are: a server that holds a client to what it registered would refuse a step-up. */
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
      // Some servers know only their own scopes here, and hold a client that names none to none.
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

/** The first redirect URI that a client by hand is registered with, where the app says so. */
function ownRedirectUri(byHand: OAuthClientInformationMixed): string | undefined {
  const { redirect_uris: own } = byHand as { readonly redirect_uris?: readonly string[] }
  return own?.[0]
}
