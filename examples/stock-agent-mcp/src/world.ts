import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuditEvent, memoryStore } from '@behalf/core'
import { systemClock } from '@behalf/core/spi'
import { API, stockGuard } from '@behalf/example-stock-agent'
import { sandboxTarget } from '@behalf/sandbox'
import { type ProtocolTarget, profileOf, type TargetClient } from '@behalf/testing'
import { stockServer } from './stock-server.ts'

const clientSecret = 'stock-mcp:s3cret'

/** Real servers on loopback: an authorization server, OpenFGA, the Stock Trade API, and the MCP server before it. */
export interface World {
  readonly target: ProtocolTarget
  /** The MCP endpoint. */
  readonly resource: string
  readonly audit: readonly AuditEvent[]
  /** Returns the number of executed orders in a portfolio, as the exchange reports it. */
  orders(portfolio: string): Promise<number>
  close(): Promise<void>
}

export async function openWorld(): Promise<World> {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const resource = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`
  const client: TargetClient = {
    clientId: 'stock-mcp',
    authentication: { method: 'client_secret_basic', clientSecret },
  }
  const target = await sandboxTarget({
    clients: [
      // The MCP server is a client too: it exchanges the token of its caller, and never passes it on.
      { clientId: client.clientId, clientSecret, api: resource, actor: { subject: 'agent:trader' } },
    ],
    resources: [{ identifier: resource, scopes: ['mcp:tools', 'mcp:trade'] }],
    apiOrigin: API,
  })
  leadTo(target)
  const profile = profileOf(target, client)
  const audit: AuditEvent[] = []
  const { apiUrl, storeId, authorizationModelId, apiToken } = target.openFga
  const guard = stockGuard({
    authorizationServer: profile,
    agentName: target.agentName,
    openFga: { apiUrl, storeId, authorizationModelId, apiToken },
    audit: { write: (event) => void audit.push(event) },
    store: memoryStore(),
    clock: systemClock,
    fetch: (input, init) => fetch(input, init),
  })
  const serve = stockServer({ resource, authorizationServer: profile, guard })
  http.on('request', (request, response) => serve(request, response))
  return {
    target,
    resource,
    audit,
    orders: async (portfolio) => (await target.api.controls.orders(portfolio)).length,
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      await target.close()
    },
  }
}

/** Resolves the only host name of the story to its port, as a name server would. */
function leadTo({ api }: ProtocolTarget): void {
  const real = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (!request.url.startsWith(`${API}/`)) return real(input, init)
    const { method, headers, signal, redirect } = request
    const body = request.body === null ? {} : { body: await request.text() }
    return real(request.url.replace(API, api.origin), { method, headers, signal, redirect, ...body })
  }
}
