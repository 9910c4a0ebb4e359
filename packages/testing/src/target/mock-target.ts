import type { AuthorizationServerControls, MockAuthorizationServer } from '../authorization-server/index.ts'
import type { Capability, ProtocolTarget } from './protocol-target.ts'
import { type MockServersOptions, startMockServers } from './start-mock-servers.ts'

const CAPABILITIES: readonly Capability[] = [
  'token-exchange',
  'token-vault',
  'ciba',
  'authorization-details',
  'id-jag',
  'faults',
  'request-log',
  'controlled-time',
]

/**
 * The mocked servers as a target for protocol suites. Intercepts until `close`.
 *
 * @example
 * ```ts
 * import { mockTarget } from '@behalf/testing'
 *
 * const target = await mockTarget()
 * await target.authorizationServer.controls.signInAs(target.users.ann.subject)
 * await target.close()
 * ```
 */
export async function mockTarget(options: MockServersOptions = {}): Promise<ProtocolTarget> {
  const servers = await startMockServers(options)
  const { openFga, stockTrade, world } = servers
  return {
    name: 'msw',
    capabilities: new Set(CAPABILITIES),
    authorizationServer: asTarget(servers.authorizationServer),
    upstream: asTarget(servers.upstream),
    enterprise: asTarget(servers.enterprise),
    clients: servers.clients,
    users: world.users,
    agentName: world.agentName,
    agentResource: world.agentResource,
    opaqueResource: world.opaqueResource,
    connection: world.connection,
    notifications: servers.notifications,
    api: { origin: stockTrade.origin, resource: `${stockTrade.origin}/`, controls: stockTrade.controls },
    openFga: {
      apiUrl: openFga.apiUrl,
      storeId: openFga.storeId,
      authorizationModelId: openFga.authorizationModelId,
      apiToken: openFga.apiToken,
      controls: openFga.controls,
    },
    reset: servers.reset,
    close: async () => servers.close(),
  }
}

function asTarget(server: MockAuthorizationServer): {
  readonly issuer: string
  readonly controls: AuthorizationServerControls
  publicKey: MockAuthorizationServer['publicKey']
} {
  return { issuer: server.issuer, controls: server.controls, publicKey: server.publicKey }
}
