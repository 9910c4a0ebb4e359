import { type AuthorizationServerControls, type TargetAuthorizationServer, TestingError } from '@behalf/testing'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { type Listening, listen } from '../http/listen.ts'
import { startPace } from './ciba.ts'
import { configurationOf } from './configuration.ts'
import { createControls } from './controls.ts'
import { grantToVault } from './grant-to-vault.ts'
import { registerGrants } from './grants/index.ts'
import { type AuthorizationServerOptions, OPTION_KEYS, type VaultUpstream } from './options.ts'
import { PacedProvider } from './paced-provider.ts'
import { createContext, type ServerContext } from './server-context.ts'
import { watchWire } from './watch-wire.ts'

/** A running authorization server. */
export interface SandboxAuthorizationServer extends TargetAuthorizationServer, VaultUpstream {
  readonly issuer: string
  readonly controls: AuthorizationServerControls
  /** Stops it, and cuts the connections that are open. A second call does nothing. */
  close(): Promise<void>
}

/**
 * Starts a real authorization server (oidc-provider) in this process, on a free loopback port.
 *
 * Code flow with PKCE as whoever `controls.signInAs` names, without pages; pushed and rich authorization requests,
 * registration, resource indicators with `at+jwt` tokens (opaque ones for an API that says so), DPoP with nonces,
 * refresh rotation with reuse detection, introspection, revocation, CIBA (poll and ping), the device flow, client
 * credentials, RFC 8693 exchange with `act`, Auth0's token vault, and ID-JAG on both sides.
 *
 * For tests and demonstrations: plain http, all state in memory, anybody may register.
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
  refuseUnknownOptions(options)
  return openAuthorizationServer(await listen(at.port ?? 0), options)
}

/** The same on a port that is taken already, for servers that have to know each other. */
export async function openAuthorizationServer(
  listening: Listening,
  options: AuthorizationServerOptions,
): Promise<SandboxAuthorizationServer> {
  const key = await makeKey(options.algorithm ?? 'ES256')
  const issuer = listening.origin
  const context = openContext(issuer, options, key)
  listening.serve(context.provider.callback())
  return {
    issuer,
    controls: createControls(context),
    tokenEndpoint: `${issuer}/oauth/token`,
    publicKey: async () => publicPart(key),
    linkForVault: (clientId, subject, resource, scopes) => grantToVault(context, clientId, subject, resource, scopes),
    close: listening.close,
  }
}

function refuseUnknownOptions(options: AuthorizationServerOptions): void {
  const known: readonly string[] = OPTION_KEYS
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  throw new TestingError(`startAuthorizationServer: unknown ${unknown.join(', ')}; known are ${known.join(', ')}`)
}

function openContext(issuer: string, options: AuthorizationServerOptions, key: JWK): ServerContext {
  const parts = createContext(issuer, options, key)
  const provider = new PacedProvider(
    issuer,
    configurationOf(parts, () => context),
  )
  const context: ServerContext = Object.assign(parts, { provider })
  provider.serve(context)
  registerGrants(context)
  provider.use(watchWire(context) as never)
  provider.on('access_token.issued', ({ jti, grantId }) => {
    if (grantId !== undefined) context.state.grantsByTokenId.set(jti, grantId)
  })
  provider.on('device_authorization.success', (ctx, response) => {
    const body = response as { readonly device_code: string }
    ctx.body = { ...body, interval: startPace(context, body.device_code) }
  })
  return context
}

async function makeKey(algorithm: 'RS256' | 'ES256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: algorithm, use: 'sig' }
}

function publicPart({ d, p, q, dp, dq, qi, ...key }: JWK): JWK {
  return key
}
