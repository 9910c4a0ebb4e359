import { Refusal } from '../http/refusal.ts'
import type { MockCibaOptions, MockClient } from './options.ts'
import { CONFIDENTIAL_GRANTS, FURTHER_PATHS, type GrantServer, PATHS } from './server-facts.ts'
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

/** Absolute URLs, by the names of {@link PATHS}. */
export type Endpoints = Readonly<Record<keyof typeof PATHS | keyof typeof FURTHER_PATHS, string>>

export function endpointsOf(issuer: string): Endpoints {
  const base = issuer.replace(/\/$/, '')
  const paths = Object.entries({ ...PATHS, ...FURTHER_PATHS })
  return Object.fromEntries(paths.map(([name, path]) => [name, base + path])) as Endpoints
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
