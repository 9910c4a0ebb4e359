import { memoryStore, type Store } from '@behalf/core'
import { describe, expect, test, vi } from 'vitest'
import { createMcpSession, type McpSession, type McpSessionOptions } from '../../src/client/index.ts'
import { clients, v2 } from '../clients.ts'
import { backFrom, connect, issuer, metadata, redirectUri, servers, serverUrl } from './metadata-servers.ts'

const tokens = (name: string) => ({
  access_token: `access-${name}`,
  token_type: 'Bearer',
  refresh_token: `refresh-${name}`,
})

/** The owner's session in another process. */
function elsewhere(store: Store, over: Partial<McpSessionOptions> = {}): McpSession {
  const client = { name: 'x', redirectUri, scopes: ['c', 'a', 'b'] }
  const session = createMcpSession({ serverUrl, owner: 'ann', client, showSignIn: () => {}, store, ...over })
  session.authProvider.saveDiscoveryState?.({ authorizationServerUrl: issuer, authorizationServerMetadata: metadata })
  return session
}

/** Servers whose token endpoint answers so. */
function answering(answer: object) {
  const { fetch, asked } = servers()
  const answered: NonNullable<McpSessionOptions['fetch']> = async (input, init) =>
    String(input).endsWith('/token') ? Response.json(answer) : fetch(input, init)
  return { fetch: answered, asked }
}

/** What is stored after a refresh that was answered so. */
async function refreshed(answer: object, client = v2) {
  const store = memoryStore()
  await elsewhere(store).authProvider.saveTokens({ ...tokens('ann'), scope: 'a b', issuer }, { issuer })
  await connect(answering(answer).fetch, { store }, client)
  return elsewhere(store).authProvider.tokens({ issuer })
}

describe.each(clients)('tokens that are refreshed by $name', (client) => {
  test.each([['3600'], [3600]])('are kept where the server writes their life as %j', async (life) => {
    const kept = await refreshed({ ...tokens('renewed'), expires_in: life }, client)
    expect(kept).toMatchObject({ ...tokens('renewed'), expires_in: 3600 })
  })

  test('keep their scopes where the answer names none, and their issuer where it names another', async () => {
    const kept = await refreshed({ ...tokens('renewed'), issuer: 'https://another.example' }, client)
    expect(kept).toMatchObject({ ...tokens('renewed'), scope: 'a b', issuer })
  })
})

describe('a session that wants its tokens bound to a key (dpop)', () => {
  const signIn = async (answer: object) => {
    const { fetch } = answering(answer)
    const options = { store: memoryStore(), dpop: true }
    const { shown, session } = await connect(fetch, options)
    const ended = await session.finishSignIn(backFrom(shown[0], { code: 'c' })).catch((error: unknown) => error)
    return { ended, kept: await elsewhere(options.store).authProvider.tokens({ issuer }) }
  }

  test('takes bound tokens of a sign-in, and refuses bearer tokens', async () => {
    const bound = await signIn({ ...tokens('ann'), token_type: 'DPoP' })
    expect(bound).toMatchObject({ ended: undefined, kept: { access_token: 'access-ann' } })
    const bearer = await signIn(tokens('ann'))
    expect(bearer).toMatchObject({ ended: { code: 'ERR_INVALID_RESPONSE' } })
    expect(bearer.kept).toBeUndefined()
  })

  test('refuses bearer tokens of a refresh', async () => {
    const store = memoryStore()
    const bound = { ...tokens('ann'), token_type: 'DPoP' }
    await elsewhere(store, { dpop: true }).authProvider.saveTokens({ ...bound, issuer }, { issuer })
    const { fetch, asked } = answering(tokens('renewed'))
    await connect(fetch, { store, dpop: true })
    expect(asked.filter(({ headers }) => headers.get('authorization')?.includes('renewed'))).toEqual([])
    expect(await elsewhere(store).authProvider.tokens()).not.toMatchObject({ access_token: 'access-renewed' })
  })

  test('asks for a sign-in where bearer tokens are stored from before', async () => {
    const store = memoryStore()
    await elsewhere(store).authProvider.saveTokens({ ...tokens('ann'), issuer }, { issuer })
    const { fetch, asked } = answering({ ...tokens('renewed'), token_type: 'DPoP' })
    const { shown } = await connect(fetch, { store, dpop: true })
    expect(shown).toHaveLength(1)
    expect(asked.filter(({ headers }) => headers.has('authorization'))).toEqual([])
  })

  test('goes on where the store did not answer when its key was first asked for', async () => {
    const store = memoryStore()
    vi.spyOn(store, 'get').mockRejectedValueOnce(new Error('away'))
    const session = elsewhere(store, { dpop: true })
    await expect(session.authProvider.dpop?.()).rejects.toThrow()
    await expect(session.authProvider.dpop?.()).resolves.toBeDefined()
  })
})
