import {
  allowInsecureRequests,
  type ClientAuth,
  Configuration,
  clockSkew,
  customFetch,
  genericGrantRequest,
  initiateBackchannelAuthentication,
  type ServerMetadata,
} from 'openid-client'
import { InvalidResponseError } from '../errors/index.ts'
import { authenticateClient } from './authenticate-client.ts'
import { boundedRequest } from './bounded-request.ts'
import { type Connection, connectionOf } from './connection.ts'
import { allowInsecureLoopback, type Profile } from './profile.ts'
import { requestFault } from './request-fault.ts'
import type {
  AuthorizationServer,
  BackchannelAcknowledgement,
  GrantParameters,
  RequestOptions,
  Surroundings,
  TokenResponse,
  VerifiedJwt,
  VerifyJwtOptions,
} from './server.ts'
import { checkTokenSize, verifyWithKeys } from './verify-jwt.ts'
import { readAcknowledgement, readTokenResponse } from './wire.ts'
import { withinDeadline } from './within-deadline.ts'

/** Form parameters that prove something. A server that repeats one in its error must not put it into our messages. */
const secretParameters = [
  ...['subject_token', 'actor_token', 'assertion', 'refresh_token', 'code', 'code_verifier', 'auth_req_id'],
  ...['device_code', 'login_hint_token', 'id_token_hint', 'client_secret', 'client_assertion'],
]

/**
 * Connects to an authorization server. No request is made before the first method is called.
 *
 * Discovery and keys are shared by all who connect with the same profile object and the same fetch.
 */
export function connectAuthorizationServer(profile: Profile, surroundings: Surroundings): AuthorizationServer {
  return new ConnectedServer(connectionOf(profile, surroundings.fetch), surroundings)
}

class ConnectedServer implements AuthorizationServer {
  readonly profile: Profile
  readonly #connection: Connection
  readonly #surroundings: Surroundings
  #authentication: ClientAuth | undefined

  constructor(connection: Connection, surroundings: Surroundings) {
    this.profile = connection.profile
    this.#connection = connection
    this.#surroundings = surroundings
  }

  grant(grantType: string, parameters: GrantParameters, options: RequestOptions = {}): Promise<TokenResponse> {
    const body = formBody(parameters)
    return this.#post(`the grant ${grantType}`, body, options, async (configuration) =>
      readTokenResponse(await genericGrantRequest(configuration, grantType, body)),
    )
  }

  requestBackchannelAuthentication(
    parameters: GrantParameters,
    options: RequestOptions = {},
  ): Promise<BackchannelAcknowledgement> {
    const body = formBody(parameters)
    return this.#post('backchannel authentication', body, options, async (configuration) =>
      readAcknowledgement(await initiateBackchannelAuthentication(configuration, body)),
    )
  }

  async verifyJwt(jwt: string, options: VerifyJwtOptions): Promise<VerifiedJwt> {
    checkTokenSize(jwt)
    options.signal?.throwIfAborted()
    const { clock, timeoutMs } = this.#surroundings
    const limits = { timeoutMs, signal: options.signal }
    const { keys } =
      this.#connection.discovered ?? (await withinDeadline(limits, (signal) => this.#connection.discover(signal)))
    if (keys === undefined) throw new InvalidResponseError("the authorization server's metadata names no jwks_uri")
    return verifyWithKeys(jwt, keys.within(limits), this.profile, options, clock.now())
  }

  /** One form post, never repeated: a grant may have been used up by the first try. */
  #post<Answer>(
    what: string,
    body: URLSearchParams,
    { signal }: RequestOptions,
    send: (configuration: Configuration) => Promise<Answer>,
  ): Promise<Answer> {
    const { clock, timeoutMs } = this.#surroundings
    return withinDeadline({ timeoutMs, signal }, async (ending) => {
      const { metadata } = await this.#connection.discover(ending)
      const secrets = new Set<string>(secretParameters.flatMap((name) => body.getAll(name)).filter(Boolean))
      try {
        return await send(this.#configuration(metadata, ending, secrets))
      } catch (error) {
        throw await requestFault(error, { what, now: clock.now(), secrets: [...secrets] })
      }
    })
  }

  /** Made for each request, since the library ties neither a signal nor a clock to one. */
  #configuration(metadata: ServerMetadata, signal: AbortSignal, secrets: Set<string>): Configuration {
    const { profile, fetch } = this.#connection
    const { clock } = this.#surroundings
    const insecure = profile[allowInsecureLoopback] === true
    const skew = Math.round((clock.now() - Date.now()) / 1000)
    this.#authentication ??= authenticateClient(profile.clientAuthentication)
    const configuration = new Configuration(metadata, profile.clientId, { [clockSkew]: skew }, this.#authentication)
    // Ours is the deadline; `boundedRequest` decides where plain http may go.
    configuration.timeout = 0
    if (insecure) allowInsecureRequests(configuration)
    configuration[customFetch] = (url, init) => {
      rememberSecrets(init.body, secrets)
      const rules = { fetch, allowInsecureLoopback: insecure, now: () => clock.now() }
      return boundedRequest(rules, url, { ...(init as RequestInit), signal })
    }
    return configuration
  }
}

/** The client's own proof is added by the library, after the parameters. */
function rememberSecrets(body: unknown, secrets: Set<string>): void {
  if (!(body instanceof URLSearchParams)) return
  for (const name of secretParameters) for (const value of body.getAll(name)) if (value !== '') secrets.add(value)
}

function formBody(parameters: GrantParameters): URLSearchParams {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    for (const item of typeof value === 'string' ? [value] : value) body.append(name, item)
  }
  return body
}
