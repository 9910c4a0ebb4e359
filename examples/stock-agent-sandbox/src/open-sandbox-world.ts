import { type AuditEvent, memoryStore, type Profile, verifyAccessToken } from '@behalf/core'
import { verifyIdToken } from '@behalf/core/identity'
import { stockGuard } from '@behalf/example-stock-agent'
import { type MovableClock, type Session, type World, watchWire } from '@behalf/example-stock-agent/demo'
import type { Sandbox } from '@behalf/sandbox'
import { login, profileOf } from '@behalf/testing'

/** The machine's clock: it waits where other clocks skip time. */
const realClock: MovableClock = {
  now: () => Date.now(),
  forward: (seconds) => new Promise((resolve) => setTimeout(resolve, Math.max(0, seconds) * 1000)),
}

/** The demo's world on a running sandbox; closing it ends the sandbox. */
export async function openSandboxWorld(sandbox: Sandbox): Promise<World> {
  const { target } = sandbox
  const wire = watchWire(target.api.origin)
  const audit: AuditEvent[] = []
  const store = memoryStore()
  const authorizationServer = profileOf(target, target.clients.agent)
  const { apiUrl, storeId, authorizationModelId, apiToken } = target.openFga
  const guardOf = (agentName: string) =>
    stockGuard({
      authorizationServer,
      agentName,
      openFga: { apiUrl, storeId, authorizationModelId, apiToken },
      audit: { write: (event) => void audit.push(event) },
      store,
      clock: realClock,
      fetch: wire.fetch,
    })
  return {
    target,
    guard: guardOf(target.agentName),
    clock: realClock,
    wire,
    audit,
    fault: undefined,
    guardOf,
    signIn: ({ subject }) => signIn(sandbox, authorizationServer, subject),
    close: () => sandbox.close(),
  }
}

/** Signs in by code flow with PKCE over HTTP, and verifies both tokens. */
async function signIn({ target }: Sandbox, authorizationServer: Profile, user: string): Promise<Session> {
  const { accessToken, idToken = '', nonce } = await login(target, { user })
  const identity = await verifyAccessToken(accessToken, { authorizationServer, audience: target.agentResource })
  return { identity, user: await verifyIdToken(idToken, { authorizationServer, nonce, accessToken }) }
}
