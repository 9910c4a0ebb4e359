import { type AuthorizationServerControls, Faults, RequestLog, type TargetAuthorizationServer } from '@behalf/testing'
import { factsOf, machineClock, PATHS, refuseUnknownKeys, signingKeyOf } from '@behalf/testing/authorization-server'
import type { JWK } from 'jose'
import { type Listening, listen } from '../http/listen.ts'
import { answerUserInfo } from './claims/user-info.ts'
import { configurationOf } from './configuration.ts'
import { createControls } from './controls/controls.ts'
import { registerGrants } from './grants/index.ts'
import { grantToVault, vaultConnection } from './grants/upstream.ts'
import { keepState, keptKey, keptState } from './kept-state.ts'
import { limitCodes, showPages } from './login-pages/index.ts'
import { type AuthorizationServerOptions, OPTION_KEYS, type VaultUpstream } from './options.ts'
import { Records } from './records.ts'
import { watchOpenQuestions } from './requests/observe.ts'
import { PacedProvider, startPace } from './requests/paced-provider.ts'
import { watchWire } from './requests/watch-wire.ts'
import type { ServerContext, ServerParts } from './server-context.ts'

/** A running authorization server. */
export interface SandboxAuthorizationServer extends TargetAuthorizationServer, VaultUpstream {
  /** The server's loopback address, exactly as metadata and tokens write it. */
  readonly issuer: string
  /** Controls in place of persons and operators. */
  readonly controls: AuthorizationServerControls
  /** Stops it, and cuts the connections that are open. A second call does nothing. */
  close(): Promise<void>
}

/** The server, with controls for the caller that opened it. */
export interface OpenAuthorizationServer extends SandboxAuthorizationServer {
  /** Faults that were set and wait do not happen. */
  forgetFaults(): void
}

/**
 * Starts a real authorization server (oidc-provider) in this process, on a free loopback port.
 *
 * Code flow with PKCE as the user that `controls.signInAs` names, without pages; pushed and rich authorization
 * requests, registration, resource indicators with `at+jwt` tokens (opaque ones for an API that says so), DPoP with
 * nonces, refresh rotation with reuse detection, introspection, revocation, CIBA (poll and ping), the device flow,
 * client credentials, RFC 8693 exchange with `act`, Auth0's token vault, and ID-JAG on both sides.
 *
 * For tests and demonstrations: plain http, all state in memory, any client may register.
 *
 * @param at - Port 0 takes a free one. @default 0
 * @throws TestingError An unknown option.
 * @example
 * ```ts
 * import { startAuthorizationServer } from '@behalf/sandbox'
 *
 * const server = await startAuthorizationServer({
 *   clients: [{ clientId: 'app', clientSecret: 'secret', redirectUris: ['https://app.example.com/callback'] }],
 *   users: [{ subject: 'zoe' }],
 * })
 * await server.controls.signInAs('zoe')
 * await server.close()
 * ```
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
  at: { readonly port?: number } = {},
): Promise<SandboxAuthorizationServer> {
  refuseUnknownKeys('startAuthorizationServer', options, OPTION_KEYS)
  const { connections, ...data } = options
  // Copied, because a test may reuse the same objects for its next server.
  const own = { ...structuredClone(data), ...(connections && { connections: connections.map((one) => ({ ...one })) }) }
  const { forgetFaults: _ours, ...server } = await openAuthorizationServer(await listen(at.port ?? 0), own)
  return server
}

/**
 * Starts it on a port that is already open, for servers that must know each other's addresses. As part of a sandbox, it
 * has pages.
 */
export async function openAuthorizationServer(
  listening: Listening,
  options: AuthorizationServerOptions,
  parts?: ServerParts,
): Promise<OpenAuthorizationServer> {
  const issuer = listening.origin
  const context = openContext(issuer, options, await keptKey(parts?.shelf, options.algorithm ?? 'ES256'), parts)
  listening.serve(context.provider.callback())
  return {
    issuer,
    controls: createControls(context),
    tokenEndpoint: `${issuer}/oauth/token`,
    publicKey: async () => (await context.key).publicKey,
    linkForVault: (clientId, subject, resource, scopes) => grantToVault(context, clientId, subject, resource, scopes),
    forgetFaults() {
      context.faults.clear()
      for (const pace of context.state.paces.values()) Object.assign(pace, { slowDownNext: false, loseAnswer: false })
    },
    close: listening.close,
  }
}

function openContext(
  issuer: string,
  options: AuthorizationServerOptions,
  privateKey: JWK,
  parts: ServerParts | undefined,
): ServerContext {
  const { connections = [], rolesClaim = 'roles' } = options
  const bare: Omit<ServerContext, 'provider'> = {
    ...factsOf(options),
    issuer,
    options,
    connections: new Map(connections.map((connection) => [connection.name, vaultConnection(connection)])),
    records: new Records(options.refreshGraceSeconds, parts?.shelf),
    log: new RequestLog(),
    faults: new Faults(['metadata', ...Object.keys(PATHS)]),
    privateKey,
    key: signingKeyOf(privateKey),
    algorithm: options.algorithm ?? 'ES256',
    clock: machineClock,
    fetch: (input, init) => globalThis.fetch(input, init),
    clientIdClaim: 'client_id',
    writeRoles: parts?.roles.write ?? (({ roles }) => (roles === undefined ? {} : { [rolesClaim]: roles })),
    parts,
    state: keptState(options.users, parts?.shelf),
    isRevoked(tokenId) {
      const grantId = context.state.grantsByTokenId.get(tokenId)
      return grantId !== undefined && context.records.get('Grant', grantId) === undefined
    },
    async refreshTokenUser(token, clientId) {
      const found = await provider.RefreshToken.find(token)
      return found?.clientId === clientId ? found.accountId : undefined
    },
  }
  const context = bare as ServerContext
  const provider = new PacedProvider(issuer, configurationOf(context))
  Object.assign(context, { provider })
  provider.serve(context)
  registerGrants(context)
  if (parts !== undefined) {
    allowLoopbackRedirects(provider)
    provider.use(showPages(context, parts) as never)
    provider.use(limitCodes(parts.pages.title) as never)
  }
  provider.use(watchWire(context) as never)
  provider.use(answerUserInfo(context) as never)
  provider.on('access_token.issued', ({ jti, grantId }) => {
    if (grantId !== undefined) context.state.grantsByTokenId.set(jti, grantId)
  })
  provider.on('device_authorization.success', (ctx, response) => {
    const body = response as { readonly device_code: string }
    ctx.body = { ...body, interval: startPace(context, body.device_code) }
  })
  keepState(context)
  watchOpenQuestions(context)
  return context
}

/**
 * A loopback redirect URI may have any port and path without registration, for apps under development (RFC 8252 §7.3
 * allows any port).
 */
function allowLoopbackRedirects(provider: PacedProvider): void {
  const { prototype } = provider.Client
  for (const name of ['redirectUriAllowed', 'postLogoutRedirectUriAllowed'] as const) {
    const registered = prototype[name]
    prototype[name] = function isAllowed(uri) {
      return registered.call(this, uri) || isLoopback(uri)
    }
  }
}

function isLoopback(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname, hash, username, password } = new URL(uri)
  return protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname) && hash + username + password === ''
}
