import { memoryStore } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import { createMcpSession, type McpSessionOptions } from '../src/client/index.ts'
import { clients } from './clients.ts'
import { backFrom, redirectUri, servers, serverUrl } from './metadata-servers.ts'

/** More requests than any client needs, and what an endless one is stopped by. */
const MOST_REQUESTS = 600

/** How a server refuses each token: never twice in the same words, by which some SDKs know that they were here before. */
const refusals: Readonly<Record<string, (count: number) => readonly [status: number, challenge: string]>> = {
  'for its scope': (count) => [403, `Bearer error="insufficient_scope", scope="a", error_description="${count}"`],
  'for ever other scopes': (count) => [403, `Bearer error="insufficient_scope", scope="a s${count}"`],
  'as invalid': (count) => [401, `Bearer error="invalid_token", error_description="${count}"`],
}

describe.each(clients)('by $name', (client) => {
  test.each(Object.keys(refusals))('a server that refuses each token %s is not served for ever', async (name) => {
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
    const shown: string[] = []
    const session = createMcpSession({
      serverUrl,
      owner: 'ann',
      client: { name: 'x', redirectUri },
      showSignIn: (url) => void shown.push(url.href),
      store: memoryStore(),
      fetch: refusing,
    })
    const real = globalThis.fetch
    // It makes requests by the global one.
    if (!client.takesFetch) globalThis.fetch = refusing as typeof real
    try {
      await expect(client.connect(session, serverUrl)).rejects.toThrow()
      await session.finishSignIn(backFrom(shown.at(-1), { code: 'c' }))
      await expect(client.connect(session, serverUrl)).rejects.not.toThrow('endless')
    } finally {
      globalThis.fetch = real
    }
    expect(renewed).toBeLessThan(25)
    expect(shown.length).toBeLessThanOrEqual(2)
  })
})
