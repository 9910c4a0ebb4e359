import type { JWK } from 'jose'
import type { HttpHandler } from 'msw'
import { machineClock } from '../clock.ts'
import { createFrontDoor, mount, type Route } from '../http/front-door.ts'
import type { Received } from '../http/received.ts'
import type { AuthorizationServerControls } from './controls/authorization-server-controls.ts'
import { createControls, grantToVault } from './controls/controls.ts'
import { createContext } from './create-context.ts'
import { authorize } from './endpoints/authorize.ts'
import { introspect } from './endpoints/introspect.ts'
import { jwks, metadata } from './endpoints/metadata.ts'
import { pushAuthorizationRequest } from './endpoints/push-authorization-request.ts'
import { manageClient, registerClient } from './endpoints/register-client.ts'
import { requestBackchannelAuthentication } from './endpoints/request-backchannel-authentication.ts'
import { requestDeviceAuthorization } from './endpoints/request-device-authorization.ts'
import { revoke } from './endpoints/revoke.ts'
import { token } from './endpoints/token.ts'
import { logout, userInfo } from './endpoints/user-info.ts'
import { apiScopes } from './grants/grant-targets.ts'
import { checkOptions, type MockAuthorizationServerOptions, type VaultToken, type VaultUpstream } from './options.ts'
import type { Endpoints, ServerContext } from './server-context.ts'
import { issueAccessToken } from './tokens/issue-tokens.ts'

/** A mocked authorization server: real tokens, real checks, no network and no pages. */
export interface MockAuthorizationServer extends VaultUpstream {
  /** Issuer, exactly as metadata and tokens write it. */
  readonly issuer: string
  /** Handlers for `setupServer` of `msw/node`. */
  readonly handlers: readonly HttpHandler[]
  /** Logins, answers, linked accounts, faults and log, for tests. */
  readonly controls: AuthorizationServerControls
  /** Handles a request without msw. @returns `undefined` for a path that is not one of its endpoints */
  handle(request: Request): Promise<Response | undefined>
  /** The public key that its tokens verify with. */
  publicKey(): Promise<JWK>
}

/**
 * Makes an authorization server with state: discovery (OpenID Connect and RFC 8414), JWKS, authorization
 * code with PKCE, pushed requests, refresh with rotation, client credentials, RFC 8693 exchange, ID-JAG (both sides),
 * Auth0's token vault,
 * CIBA (poll and ping), the device flow, DPoP, dynamic registration, introspection, revocation, UserInfo, logout.
 *
 * Nothing is intercepted until its `handlers` are given to msw; `startMockServers` does that for a whole set.
 * Client secrets are compared and assertions verified; a wrong request gets the error its specification names.
 *
 * @throws {@link TestingError} An unknown option key, or an option that points nowhere.
 */
export function createMockAuthorizationServer(options: MockAuthorizationServerOptions): MockAuthorizationServer {
  checkOptions(options)
  const clock = options.clock ?? machineClock
  const context = createContext(options, clock)
  const door = createFrontDoor(routesOf(context), clock)
  return {
    issuer: context.issuer,
    handlers: [mount(new URL(context.issuer).origin, door.handle)],
    controls: createControls(context, door, options.users),
    handle: door.handle,
    publicKey: async () => (await context.key).publicKey,
    linkForVault: async (clientId, subject, resource, scopes) =>
      grantToVault(context, clientId, subject, resource, scopes),
    refreshForVault: (clientId, refreshToken) => refreshForVault(context, clientId, refreshToken),
  }
}

type Respond = (context: ServerContext, received: Received) => Promise<Response>

function routesOf(context: ServerContext): readonly Route[] {
  const { origin, pathname } = new URL(context.issuer)
  const base = pathname.replace(/\/$/, '')
  const pathOf = (endpoint: keyof Endpoints) => context.endpoints[endpoint].slice(origin.length)
  const route = (method: Route['method'], endpoint: keyof Endpoints, respond: Respond): Route => {
    return { endpoint, method, path: pathOf(endpoint), respond: (received) => respond(context, received) }
  }
  const registration = new RegExp(`^${pathOf('register').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}/([^/]+)$`)
  const manage: Route['respond'] = (received, [clientId = '']) => manageClient(context, received, clientId)
  return [
    // OpenID Connect Discovery §4 appends, RFC 8414 §3 inserts; an issuer without a path has both at its root.
    ...[
      `${base}/.well-known/openid-configuration`,
      `/.well-known/openid-configuration${base}`,
      `/.well-known/oauth-authorization-server${base}`,
    ].map((path): Route => ({ endpoint: 'metadata', method: 'GET', path, respond: () => metadata(context) })),
    route('GET', 'jwks', jwks),
    route('GET', 'authorize', authorize),
    route('GET', 'userinfo', userInfo),
    route('GET', 'logout', logout),
    route('POST', 'userinfo', userInfo),
    route('POST', 'logout', logout),
    route('POST', 'token', token),
    route('POST', 'bc-authorize', requestBackchannelAuthentication),
    route('POST', 'device-authorization', requestDeviceAuthorization),
    route('POST', 'introspect', introspect),
    route('POST', 'par', pushAuthorizationRequest),
    route('POST', 'revoke', revoke),
    route('POST', 'register', registerClient),
    { endpoint: 'register', method: 'GET', path: registration, respond: manage },
    { endpoint: 'register', method: 'DELETE', path: registration, respond: manage },
  ]
}

async function refreshForVault(
  context: ServerContext,
  clientId: string,
  refreshToken: string,
): Promise<VaultToken | undefined> {
  const grant = context.state.refreshTokens.get(refreshToken)?.grant
  if (grant === undefined || grant.revoked || grant.clientId !== clientId) return undefined
  return issueAccessToken(context, {
    clientId,
    subject: grant.session.subject,
    audience: grant.audience,
    scopes: apiScopes(grant.scopes),
    session: grant.session,
    grant,
  })
}
