import { memoryStore } from '@behalf/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createMcpSession, type McpSessionOptions, machineAccess, withSignIn } from '../../src/client/index.ts'
import { clients, type TableClient, v2 } from '../clients.ts'
import { backFrom, issuer, redirectUri, servers, serverUrl } from './metadata-servers.ts'

/** More requests than any client needs, and what an endless one is stopped by. */
const MOST_REQUESTS = 600

/** How a server refuses each token: never twice in the same words, by which some SDKs know that they were here before. */
const refusals: Readonly<Record<string, (count: number) => readonly [status: number, challenge: string]>> = {
  'for its scope': (count) => [403, `Bearer error="insufficient_scope", scope="a", error_description="${count}"`],
  'for ever other scopes': (count) => [403, `Bearer error="insufficient_scope", scope="a s${count}"`],
  'as invalid': (count) => [401, `Bearer error="invalid_token", error_description="${count}"`],
}

/** Servers that give out tokens and refuse each. */
function refusingServers(name: string) {
  const { fetch, asked } = servers()
  let refused = 0
  let renewed = 0
  const refusing: NonNullable<McpSessionOptions['fetch']> = async (input, init) => {
    if (asked.length > MOST_REQUESTS) throw new Error('endless')
    const response = await fetch(input, init)
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (pathname === '/token') {
      const token = { access_token: `token-${renewed}`, refresh_token: `refresh-${renewed++}`, token_type: 'Bearer' }
      return Response.json({ ...token, scope: 'a' })
    }
    const isRefusal = response.status === 401 && asked.at(-1)?.headers.has('authorization') === true
    if (!isRefusal) return response
    const [status, challenge] = refusals[name]?.(refused++) ?? [401, '']
    return new Response(null, { status, headers: { 'www-authenticate': challenge } })
  }
  return { fetch: refusing, renewed: () => renewed }
}

/** Some clients make requests by the global fetch. */
async function withFetchOf(client: TableClient, fetch: typeof globalThis.fetch, work: () => Promise<void>) {
  const real = globalThis.fetch
  if (!client.takesFetch) globalThis.fetch = fetch
  await work().finally(() => {
    globalThis.fetch = real
  })
}

describe.each(clients)('by $name', (client) => {
  describe.each(Object.keys(refusals))('a server that refuses each token %s', (name) => {
    test('of a user is not served for ever', async () => {
      const { fetch, renewed } = refusingServers(name)
      const shown: string[] = []
      const session = createMcpSession({
        serverUrl,
        owner: 'ann',
        client: { name: 'x', redirectUri },
        showSignIn: (url) => void shown.push(url.href),
        store: memoryStore(),
        fetch,
      })
      await withFetchOf(client, fetch as typeof globalThis.fetch, async () => {
        await expect(client.connect(session, serverUrl)).rejects.toThrow()
        await session.finishSignIn(backFrom(shown.at(-1), { code: 'c' }))
        await expect(client.connect(session, serverUrl)).rejects.not.toThrow('endless')
      })
      expect(renewed()).toBeLessThan(25)
      expect(shown.length).toBeLessThanOrEqual(2)
    })

    test('of a machine is not served for ever', async () => {
      const { fetch, renewed } = refusingServers(name)
      const access = machineAccess({ serverUrl, issuer, clientId: 'nightly', clientSecret: 'a-secret', fetch })
      await withFetchOf(client, fetch as typeof globalThis.fetch, () =>
        expect(client.connect(access, serverUrl)).rejects.toThrow(),
      )
      expect(renewed()).toBeGreaterThan(0)
      expect(renewed()).toBeLessThan(25)
    })
  })
})

test('a token that the server calls invalid at its first use costs one page, and its reason is told', async () => {
  const { fetch } = servers()
  const refusing: NonNullable<McpSessionOptions['fetch']> = async (input, init) => {
    const response = await fetch(input, init)
    const request = new Request(input, init)
    if (request.url !== serverUrl || !request.headers.has('authorization')) return response
    const challenge = 'Bearer error="invalid_token", error_description="not acceptable: audience"'
    return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
  }
  const shown: string[] = []
  const session = createMcpSession({
    serverUrl,
    owner: 'ann',
    client: { name: 'x', redirectUri },
    showSignIn: (url) => void shown.push(url.href),
    store: memoryStore(),
    fetch: refusing,
  })
  const callback = async () => backFrom(shown.at(-1), { code: 'c' })
  const connecting = withSignIn(session, callback, () => v2.connect(session, serverUrl))
  await expect(connecting).rejects.toThrow(
    /refuses the token of this sign-in as invalid \("not acceptable: audience"\)/,
  )
  expect(shown).toHaveLength(1)
  // Later, it may have expired: another sign-in can help.
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  await v2.connect(session, serverUrl).catch(() => {})
  expect(shown).toHaveLength(2)
})

test('fifty connections of a machine that begin at the same time are no refusals, nor is what comes after', async () => {
  const { fetch } = servers()
  const access = machineAccess({ serverUrl, issuer, clientId: 'nightly', clientSecret: 'a-secret', fetch })
  const { saveTokens, saveDiscoveryState } = access.authProvider
  const state = { authorizationServerUrl: issuer }
  const token = { access_token: 'a-token', token_type: 'Bearer' }
  await Promise.all(Array.from({ length: 50 }, () => saveDiscoveryState?.call(access.authProvider, state)))
  await Promise.all(Array.from({ length: 50 }, () => saveTokens.call(access.authProvider, token)))
  expect(() => saveDiscoveryState?.call(access.authProvider, state)).not.toThrow()
})
