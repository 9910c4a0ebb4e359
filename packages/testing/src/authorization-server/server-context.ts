import { Refusal } from '../http/refusal.ts'
import type { MockAuthorizationServerOptions, MockCibaOptions, MockClient } from './options.ts'
import { CONFIDENTIAL_GRANTS, type GrantServer } from './server-facts.ts'
import type { ServerState } from './state.ts'

/** Parts that all endpoints of one mocked server share. */
export interface ServerContext extends GrantServer {
  readonly endpoints: Endpoints
  readonly rolesClaim: string
  readonly ciba: Required<MockCibaOptions>
  readonly requiresPushedRequests: boolean
  /** Secret of the nonces: the server recognizes its own by it. */
  readonly nonceSecret: Uint8Array<ArrayBuffer>
  state: ServerState
}

/** Absolute URLs of the endpoints. */
export type Endpoints = ReturnType<typeof endpointsOf>

export function endpointsOf({ issuer }: Pick<MockAuthorizationServerOptions, 'issuer'>) {
  const base = issuer.replace(/\/$/, '')
  return {
    authorize: `${base}/authorize`,
    token: `${base}/oauth/token`,
    jwks: `${base}/.well-known/jwks.json`,
    backchannelAuthentication: `${base}/bc-authorize`,
    deviceAuthorization: `${base}/oauth/device/code`,
    device: `${base}/activate`,
    introspection: `${base}/oauth/introspect`,
    pushedAuthorizationRequest: `${base}/oauth/par`,
    registration: `${base}/oauth/register`,
    revocation: `${base}/oauth/revoke`,
    userInfo: `${base}/userinfo`,
    endSession: `${base}/logout`,
  }
}

/** Returns a client of the options, or one that registered itself. */
export function findClient(context: ServerContext, clientId: string | undefined): MockClient | undefined {
  if (clientId === undefined) return undefined
  return context.clients.get(clientId) ?? context.state.registeredClients.get(clientId)?.client
}

/** @throws Refusal `unauthorized_client` where the client may not use this grant. */
export function requireGrantType(client: MockClient, grantType: string): void {
  if (client.grantTypes !== undefined && !client.grantTypes.includes(grantType)) {
    throw new Refusal('unauthorized_client', `client ${client.clientId} may not use ${grantType}`)
  }
  if (CONFIDENTIAL_GRANTS.includes(grantType)) requireConfidential(client)
}

export function isPublic(client: MockClient): boolean {
  return client.clientSecret === undefined && client.publicKeys === undefined
}

/** @throws Refusal `unauthorized_client` where the client has no credentials of its own. */
export function requireConfidential(client: MockClient): void {
  if (isPublic(client)) throw new Refusal('unauthorized_client', `client ${client.clientId} is public`)
}
