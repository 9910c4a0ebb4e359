import type { Configuration, CustomFetch, CustomFetchOptions, ServerMetadata } from 'openid-client'
import { BehalfError, InvalidResponseError, InvalidTokenError } from '../base/errors/index.ts'
import { copyOf } from '../base/values/index.ts'
import { authenticateClient, clientSecrets } from './client/authenticate-client.ts'
import { readIssuer, unknownIssuer } from './jwt/read-claims.ts'
import { checkTokenText, verifyWithKeys } from './jwt/verify-jwt.ts'
import { oauthLibrary } from './lazy-libraries.ts'
import { allowInsecureLoopback, ownProfile, type Profile } from './profiles/profile.ts'
import { boundedRequest, type Limits, withinDeadline } from './requests/bounded-request.ts'
import { requestFault } from './requests/request-fault.ts'
import type {
  AuthorizationServer,
  BackchannelAcknowledgement,
  DeviceAuthorization,
  GrantOptions,
  GrantParameters,
  IntrospectionResponse,
  RequestOptions,
  RevokeTokenOptions,
  ServerEndpoints,
  Surroundings,
  TokenResponse,
  VerifiedJwt,
  VerifyJwtOptions,
} from './server.ts'
import { type Discovered, documentsOf, type ServerDocuments } from './server-documents.ts'
import { refuseRepeated, type TakenTokens, takeTokens } from './tokens/new-tokens.ts'
import { withUsableTimes } from './tokens/times.ts'
import { readAcknowledgement, readDeviceAuthorization, readIntrospection, readTokenResponse } from './wire.ts'

/** Form parameters that are credentials. If a server repeats one in its error, it must not appear in our messages. */
const secretParameters = (
  'subject_token actor_token assertion refresh_token code code_verifier auth_req_id token device_code ' +
  'login_hint_token id_token_hint client_secret client_assertion client_notification_token user_code request'
).split(' ')

/**
 * Connects to an authorization server. Makes no request before the first method is called.
 *
 * Connections with the same profile object and the same fetch share discovery and keys.
 */
export function connectAuthorizationServer(profile: Profile, surroundings: Surroundings): AuthorizationServer {
  return new ConnectedServer(documentsOf(ownProfile(profile), surroundings.fetch), surroundings)
}

export class ConnectedServer implements AuthorizationServer {
  readonly profile: Profile
  readonly #connection: ServerDocuments
  readonly #surroundings: Surroundings

  constructor(connection: ServerDocuments, surroundings: Surroundings) {
    this.profile = connection.profile
    this.#connection = connection
    const { fetch, clock, timeoutMs } = surroundings
    this.#surroundings = { fetch, clock, timeoutMs }
  }

  grant(grantType: string, parameters: GrantParameters, options: GrantOptions = {}): Promise<TokenResponse> {
    const body = formBody(parameters)
    const { onTokens } = options
    return this.post(`the grant ${grantType}`, options, async (configuration, library, secrets) => {
      let kept: TakenTokens['kept']
      const send = configuration[library.customFetch] as CustomFetch
      configuration[library.customFetch] = async (url, init) => {
        const taken = await takeTokens(await send(url, init))
        kept = taken.kept
        if (taken.tokens !== undefined) onTokens?.(taken.tokens)
        return taken.response
      }
      const granted = await library.genericGrantRequest(configuration, grantType, body)
      const response = readTokenResponse({ ...granted, ...kept })
      refuseRepeated(response, secrets)
      if (response.tokenType === 'dpop' && this.profile.dpop === undefined) {
        throw new InvalidResponseError('the token is bound to a key, and the profile has no key')
      }
      return response
    })
  }

  requestBackchannelAuthentication(
    parameters: GrantParameters,
    options: RequestOptions = {},
  ): Promise<BackchannelAcknowledgement> {
    const body = formBody(parameters)
    return this.post('backchannel authentication', options, async (configuration, library) => {
      configuration[library.customFetch] = withUsableTimes(configuration[library.customFetch] as CustomFetch)
      return readAcknowledgement(await library.initiateBackchannelAuthentication(configuration, body))
    })
  }

  requestDeviceAuthorization(parameters: GrantParameters, options: RequestOptions = {}): Promise<DeviceAuthorization> {
    const body = formBody(parameters)
    return this.post('device authorization', options, async (configuration, library) => {
      configuration[library.customFetch] = withUsableTimes(configuration[library.customFetch] as CustomFetch)
      return readDeviceAuthorization(await library.initiateDeviceAuthorization(configuration, body))
    })
  }

  introspect(token: string, options: RequestOptions = {}): Promise<IntrospectionResponse> {
    return this.post('introspection', options, async (configuration, { tokenIntrospection }) =>
      readIntrospection(await tokenIntrospection(configuration, token, { token_type_hint: 'access_token' })),
    )
  }

  revoke(token: string, options: RevokeTokenOptions = {}): Promise<void> {
    const body = formBody({ token_type_hint: options.hint })
    return this.post('revocation', options, (configuration, { tokenRevocation }) =>
      tokenRevocation(configuration, token, body),
    )
  }

  async endpoints({ signal, timeoutMs = this.#surroundings.timeoutMs }: RequestOptions = {}): Promise<ServerEndpoints> {
    signal?.throwIfAborted()
    return (this.#connection.discovered ?? (await this.#discovered({ timeoutMs, signal }))).endpoints
  }

  async verifyJwt(jwt: string, given: VerifyJwtOptions): Promise<VerifiedJwt> {
    checkTokenText(jwt)
    const { signal } = given
    signal?.throwIfAborted()
    const options = { ...given, audience: copyOf(given.audience), types: copyOf(given.types) }
    const { clock, timeoutMs } = this.#surroundings
    const limits = { timeoutMs, signal }
    // A token that names another issuer costs us no request: neither metadata nor keys could make it ours.
    const refuseStrangers = () => {
      const issuer = readIssuer(jwt)
      if (issuer !== this.profile.issuer) throw unknownIssuer(issuer, this.profile.issuer)
    }
    const { keys } = this.#connection.discovered ?? (await this.#discovered(limits, refuseStrangers))
    if (keys === undefined) throw new InvalidResponseError("the authorization server's metadata names no jwks_uri")
    try {
      return await verifyWithKeys(jwt, keys.within(limits, refuseStrangers), this.profile, {
        ...options,
        now: clock.now(),
      })
    } catch (error) {
      // If the token claims another issuer, that error is clearer than one about the signature.
      if (error instanceof InvalidTokenError && (error.reason === 'signature' || error.reason === 'unknown_key')) {
        refuseStrangers()
      }
      throw error
    }
  }

  async #discovered(limits: Limits, beforeRequest?: () => void): Promise<Discovered> {
    beforeRequest?.()
    return withinDeadline(limits, (signal) => this.#connection.discover(signal))
  }

  /**
   * Sends one form post, and never repeats it, since the first try may have consumed the grant. The exception: a server
   * that refused the first try only because it demands its nonce (RFC 9449 §8). Public for requests that have no method
   * here, such as the pushed request of a sign-in.
   */
  post<Answer>(
    what: string,
    { signal, timeoutMs = this.#surroundings.timeoutMs }: RequestOptions,
    send: (
      configuration: Configuration,
      library: typeof import('openid-client'),
      secrets: ReadonlySet<string>,
    ) => Promise<Answer>,
  ): Promise<Answer> {
    const { clock } = this.#surroundings
    return withinDeadline({ timeoutMs, signal }, async (ending) => {
      const { metadata } = await this.#connection.discover(ending)
      const { clientAuthentication, clientId } = this.profile
      const secrets = new Set(clientSecrets(clientAuthentication, clientId))
      const library = await oauthLibrary()
      for (let tries = 1; ; tries++) {
        const exchange: Exchange = { what, metadata, signal: ending, secrets, newNonce: false }
        try {
          // Builds a new request each time: a client assertion must not be used twice (OpenID Connect Core §9).
          return await send(this.#configuration(exchange, library), library, secrets)
        } catch (error) {
          const fault = await requestFault(error, { what, now: clock.now(), secrets: [...secrets] })
          if (tries === 2 || !exchange.newNonce || !asksForNonce(fault)) throw fault
        }
      }
    })
  }

  /** Makes a configuration for each request, since the library binds neither a signal nor a clock to one. */
  #configuration(exchange: Exchange, library: typeof import('openid-client')): Configuration {
    const { profile, fetch } = this.#connection
    const { clock } = this.#surroundings
    const insecure = profile[allowInsecureLoopback] === true
    const skew = Math.round((clock.now() - Date.now()) / 1000)
    const { method } = profile.clientAuthentication
    const configuration = new library.Configuration(
      exchange.metadata,
      profile.clientId,
      { [library.clockSkew]: skew, use_mtls_endpoint_aliases: profile.mutualTls ?? method.endsWith('tls_client_auth') },
      authenticateClient(profile.clientAuthentication, library, endpointOf(exchange)),
    )
    // Ours is the deadline; `boundedRequest` decides where plain http may go.
    configuration.timeout = 0
    if (insecure) library.allowInsecureRequests(configuration)
    configuration[library.customFetch] = async (url, init) => {
      // With the client's own proof, which the library adds.
      if (init.body instanceof URLSearchParams)
        for (const [name, value] of init.body)
          if (value !== '' && secretParameters.includes(name)) exchange.secrets.add(value)
      const rules = { fetch, allowInsecureLoopback: insecure, now: () => clock.now() }
      const proved = await this.#withProof(url, init)
      const response = await boundedRequest(rules, url, { ...proved, signal: exchange.signal })
      exchange.newNonce = this.#connection.nonces.adopt(url, response)
      return response
    }
    return configuration
  }

  /** Adds a fresh proof to each request, with the nonce of this origin (RFC 9449 §5). */
  async #withProof(url: string, init: CustomFetchOptions): Promise<RequestInit> {
    const { profile, nonces } = this.#connection
    if (profile.dpop === undefined) return init as RequestInit
    const nonce = nonces.of(url)
    const dpop = await profile.dpop.proof({ method: init.method, url, ...(nonce !== undefined && { nonce }) })
    return { ...(init as RequestInit), headers: { ...init.headers, dpop } }
  }
}

/** Finds the endpoint by what is asked, such as `device authorization`; each grant is asked of the token endpoint. */
const endpointOf = ({ what, metadata }: Exchange) =>
  metadata[`${what.replaceAll(' ', '_')}_endpoint`] ?? metadata.token_endpoint

/** One try of a request. */
interface Exchange {
  readonly what: string
  readonly metadata: ServerMetadata
  readonly signal: AbortSignal
  readonly secrets: Set<string>
  /** The answer contained a nonce. */
  newNonce: boolean
}

function asksForNonce(fault: unknown): boolean {
  return BehalfError.isInstance(fault) && 'error' in fault && fault.error === 'use_dpop_nonce'
}

function formBody(parameters: GrantParameters): URLSearchParams {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const item of [value ?? []].flat()) body.append(name, item)
  }
  return body
}
