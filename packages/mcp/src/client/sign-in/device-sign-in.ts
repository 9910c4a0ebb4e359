import { ConfigurationError, type Fetch, TransportError } from '@behalf/core'
import { authorizeOnDevice, type DeviceCode } from '@behalf/core/device-login'
import { InvalidResponseError, OAuthResponseError } from '@behalf/core/spi'
import type {
  AuthorizationServerMetadata,
  OAuthClientInformationMixed,
  OAuthServerInfo,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import type { ClientRegistration } from '../client-options.ts'
import { authenticateClient } from '../registration/authenticate-client.ts'
import { Refusal, StoredTokens } from '../session/wire.ts'
import { limitScopes } from './scope-limit.ts'
import { SignInError } from './sign-in-error.ts'

/** Options of `signInByDevice`. */
export interface DeviceSignInOptions {
  /** Shows the code, and where to type it. */
  readonly show: (code: DeviceCode) => void | Promise<void>
  /** Scopes to ask for. @default all that the client may ask for, else those that the server names */
  readonly scopes?: readonly string[]
  /** Aborts the sign-in: no further poll is sent. @default polls until the code is answered or expires */
  readonly signal?: AbortSignal
}

/** The place of a device login. */
export interface DeviceServer {
  readonly deviceEndpoint: string
  readonly tokenEndpoint: string
  readonly metadata: Pick<AuthorizationServerMetadata, 'issuer' | 'token_endpoint_auth_methods_supported'>
  readonly client: OAuthClientInformationMixed
  readonly resource: string
  readonly scope: string | undefined
  readonly fetch: Fetch
  /** True if the MCP server is on this machine: then a page over plain http is allowed too. */
  readonly allowLoopback: boolean
}

/** Returns the device login of an MCP server's authorization server. @throws ConfigurationError The server has none. */
export function deviceServerOf(
  { authorizationServerMetadata: metadata, resourceMetadata }: OAuthServerInfo,
  client: ClientRegistration,
  scopes: readonly string[] | undefined,
): Pick<DeviceServer, 'deviceEndpoint' | 'tokenEndpoint' | 'metadata' | 'scope'> {
  const { device_authorization_endpoint: deviceEndpoint } = { ...metadata } as Readonly<Record<string, unknown>>
  if (metadata === undefined || typeof deviceEndpoint !== 'string' || client.deviceLogin !== true) {
    throw new ConfigurationError(
      'signInByDevice',
      'needs `client.deviceLogin: true` and a server with a device endpoint',
    )
  }
  const wanted = scopes ?? client.scopes ?? resourceMetadata?.scopes_supported
  const scope = wanted && limitScopes(wanted, client.scopes, metadata.scopes_supported).join(' ')
  return { deviceEndpoint, tokenEndpoint: metadata.token_endpoint, metadata, scope }
}

/**
 * Runs core's device login, for a client that is registered at the MCP server's authorization server. The tokens are
 * for this MCP server.
 *
 * @throws SignInError The user refused, or the code expired.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3 | RFC 8628 §3}
 */
export async function deviceSignIn(
  server: DeviceServer,
  show: DeviceSignInOptions['show'],
  signal: AbortSignal | undefined,
): Promise<StoredOAuthTokens> {
  const { resource, scope, deviceEndpoint, tokenEndpoint, allowLoopback } = server
  const answer = await authorizeOnDevice(
    {
      requestCode: ({ signal: ending }) => post(server, deviceEndpoint, { resource, ...(scope && { scope }) }, ending),
      async grant(grant_type, parameters, { signal: ending }) {
        const tokens = StoredTokens.safeParse(await post(server, tokenEndpoint, { grant_type, ...parameters }, ending))
        if (tokens.success) return tokens.data as StoredOAuthTokens
        throw new InvalidResponseError('the authorization server answered with tokens that break RFC 6749')
      },
    },
    { show, parameters: { resource }, allowLoopback, signal },
  )
  switch (answer.status) {
    case 'approved':
      return answer.response
    case 'denied':
      throw new SignInError('refused', 'the user refused')
    case 'expired':
      throw new SignInError('timed_out', 'the code ran out before the user answered')
  }
}

/** @throws OAuthResponseError, TransportError */
async function post(
  { client, fetch, metadata }: DeviceServer,
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const body = new URLSearchParams({ ...parameters, client_id: client.client_id })
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' })
  authenticateClient(client, headers, body, metadata)
  const response = await fetch(endpoint, { method: 'POST', headers, body: body.toString(), ...(signal && { signal }) })
  const { status } = response
  const after = response.headers.get('retry-after') ?? ''
  const told = { status, ...(/^\d{1,5}$/.test(after) && { retryAfter: Number(after) }) }
  // RFC 8628 §3.5: an outage does not end a login that the user has begun.
  if (status >= 500 || status === 429) {
    throw new TransportError(`the authorization server answered ${status}`, told)
  }
  const answer: unknown = await response.json().catch(() => undefined)
  const refusal = Refusal.safeParse(answer)
  // The server's own description is untrusted text.
  if (refusal.success) throw new OAuthResponseError({ error: refusal.data.error, ...told })
  return answer
}
