import { memoryStore, type Store } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import type { StoredOAuthTokens } from '@modelcontextprotocol/client'
import { describe, expect, test } from 'vitest'
import { checkSession, type McpSessionOptions } from '../../../src/client/client-options.ts'
import { SignInError } from '../../../src/client/index.ts'
import { redirectUriOf } from '../../../src/client/registration/redirect-uri.ts'
import { SessionRecords } from '../../../src/client/session/session-records.ts'
import { openSession } from './session-elsewhere.ts'

const issuer = 'https://as.example'
const tokenEndpoint = `${issuer}/token`

/** An authorization server whose refresh tokens rotate, and which ends the family when one comes twice. */
function rotating() {
  let current = 1
  let isRevoked = false
  const fetch: McpSessionOptions['fetch'] = async (_input, init) => {
    const sent = new URLSearchParams(String(init?.body)).get('refresh_token')
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (isRevoked || sent !== `refresh-${current}`) {
      isRevoked = true
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    current++
    return Response.json({
      access_token: `access-${current}`,
      token_type: 'Bearer',
      refresh_token: `refresh-${current}`,
    })
  }
  return { fetch, isRevoked: () => isRevoked }
}

function optionsOver(store: Store, fetch: McpSessionOptions['fetch']): McpSessionOptions {
  return {
    serverUrl: 'https://mcp.example/mcp',
    owner: 'ann',
    client: { name: 'x', redirectUri: 'http://127.0.0.1/callback' },
    showSignIn: () => {},
    store,
    ...(fetch && { fetch }),
  }
}

const refresh = (refreshToken: string) => ({
  method: 'POST',
  body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
})
const first: StoredOAuthTokens = { access_token: 'access-1', token_type: 'Bearer', refresh_token: 'refresh-1', issuer }

describe('a refresh', () => {
  test('is sent once, and everybody gets what it gave', async () => {
    const { fetch, isRevoked } = rotating()
    const store = memoryStore()
    const sessions = Array.from({ length: 5 }, () => openSession(optionsOver(store, fetch)))
    await sessions[0]?.authProvider.saveTokens(first, { issuer })
    const answers = await Promise.all(
      sessions.map(async (session) => (await session.fetch(tokenEndpoint, refresh('refresh-1'))).json()),
    )
    expect(answers.map((answer) => answer.access_token)).toEqual(Array(5).fill('access-2'))
    expect(isRevoked()).toBe(false)
  })

  test('that is noted late does not undo a newer one', async () => {
    const { fetch, isRevoked } = rotating()
    const store = memoryStore()
    const [slow, quick] = [openSession(optionsOver(store, fetch)), openSession(optionsOver(store, fetch))]
    await slow.authProvider.saveTokens(first, { issuer })
    const late = (await (await slow.fetch(tokenEndpoint, refresh('refresh-1'))).json()) as StoredOAuthTokens
    const newer = (await (await quick.fetch(tokenEndpoint, refresh('refresh-2'))).json()) as StoredOAuthTokens
    await quick.authProvider.saveTokens({ ...newer, issuer }, { issuer })
    await slow.authProvider.saveTokens({ ...late, issuer }, { issuer })
    expect(await slow.authProvider.tokens()).toMatchObject({
      access_token: 'access-3',
      refresh_token: 'refresh-3',
      issuer,
    })
    expect(isRevoked()).toBe(false)
  })

  test.each([
    [
      'a newer one',
      async (other: ReturnType<typeof openSession>) => void (await other.fetch(tokenEndpoint, refresh('refresh-2'))),
      'access-3',
    ],
    ['a sign-out', (other: ReturnType<typeof openSession>) => other.signOut(), undefined],
  ])('whose answer two requests of a process got does not undo %s', async (_what, meanwhile, expected) => {
    const { fetch, isRevoked } = rotating()
    const store = memoryStore()
    const [session, other] = [openSession(optionsOver(store, fetch)), openSession(optionsOver(store, fetch))]
    await session.authProvider.saveTokens(first, { issuer })
    const [one, two] = await Promise.all(
      [1, 2].map(async () => (await session.fetch(tokenEndpoint, refresh('refresh-1'))).json()),
    )
    await session.authProvider.saveTokens({ ...(one as StoredOAuthTokens), issuer }, { issuer })
    await meanwhile(other)
    await session.authProvider.saveTokens({ ...(two as StoredOAuthTokens), issuer }, { issuer })
    expect((await session.authProvider.tokens())?.access_token).toBe(expected)
    expect(isRevoked()).toBe(false)
  })

  test('that is refused for good drops the tokens', async () => {
    const { fetch } = rotating()
    const session = openSession(optionsOver(memoryStore(), fetch))
    await session.authProvider.saveTokens({ ...first, refresh_token: 'refresh-0' }, { issuer })
    await session.fetch(tokenEndpoint, refresh('refresh-0'))
    expect(await session.authProvider.tokens()).toBeUndefined()
  })

  test('that is refused for another reason leaves the tokens as they were', async () => {
    const store = memoryStore()
    const session = openSession(optionsOver(store, async () => Response.json({ error: 'x' }, { status: 400 })))
    await session.authProvider.saveTokens(first, { issuer })
    await session.fetch(tokenEndpoint, refresh('refresh-1'))
    expect(await session.authProvider.tokens()).toMatchObject(first)
  })
})

describe('what others did in the meantime is not undone by', () => {
  const newer: StoredOAuthTokens = { access_token: 'new', token_type: 'Bearer', refresh_token: 'refresh-new', issuer }
  const refused = (error: string) => Response.json({ error }, { status: 400 })
  const granted = () => Response.json({ access_token: 'access-2', token_type: 'Bearer', refresh_token: 'refresh-2' })

  /** One refreshes; before the server's answer is there, the other does something. */
  async function between(answer: () => Response, other: (session: ReturnType<typeof openSession>) => Promise<void>) {
    const store = memoryStore()
    const elsewhere = openSession(optionsOver(store, undefined))
    const session = openSession(
      optionsOver(store, async () => {
        await other(elsewhere)
        return answer()
      }),
    )
    const { authProvider } = session
    await authProvider.saveTokens(first, { issuer })
    await authProvider.tokens()
    const response = await session.fetch(tokenEndpoint, refresh('refresh-1'))
    return { authProvider, elsewhere, response }
  }
  const signIn = async ({ authProvider }: ReturnType<typeof openSession>) => authProvider.saveTokens(newer, { issuer })

  test.each(['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_dpop_proof'])(
    'a refresh that is refused with %s: a sign-in stays',
    async (error) => {
      const { authProvider } = await between(() => refused(error), signIn)
      // A request reads the new tokens before the SDK reports the old ones as invalid.
      expect(await authProvider.tokens()).toMatchObject(newer)
      await authProvider.invalidateCredentials?.('tokens')
      expect(await authProvider.tokens()).toMatchObject(newer)
    },
  )

  test('a refusal, where the SDK made the request by itself: a sign-in stays', async () => {
    const store = memoryStore()
    const [slow, quick] = [undefined, undefined].map(() => openSession(optionsOver(store, undefined)).authProvider)
    const sends = async (provider: typeof slow, refreshToken: string) => {
      await provider?.saveClientInformation?.({ client_id: 'c' }, { issuer })
      const { body } = refresh(refreshToken)
      await provider?.addClientAuthentication?.(new Headers(), body, tokenEndpoint, { issuer } as never)
    }
    await slow?.saveTokens(first, { issuer })
    await sends(slow, 'refresh-1')
    await quick?.saveTokens(newer, { issuer })
    // Another request of the first session, meanwhile.
    expect(await slow?.tokens()).toMatchObject({ access_token: 'new' })
    await slow?.invalidateCredentials?.('tokens')
    expect(await quick?.tokens()).toMatchObject(newer)
    await sends(quick, 'refresh-new')
    await quick?.invalidateCredentials?.('tokens')
    expect(await quick?.tokens()).toBeUndefined()
  })

  test('a refresh that came back late: a sign-in stays', async () => {
    const { authProvider, response } = await between(granted, signIn)
    await authProvider.saveTokens({ ...((await response.json()) as StoredOAuthTokens), issuer }, { issuer })
    expect(await authProvider.tokens()).toMatchObject(newer)
  })

  test('a refresh that came back late: a sign-out stays', async () => {
    const { authProvider, response } = await between(granted, (elsewhere) => elsewhere.signOut())
    await authProvider.saveTokens({ ...((await response.json()) as StoredOAuthTokens), issuer }, { issuer })
    expect(await authProvider.tokens()).toBeUndefined()
  })

  test('a refresh that begins after a sign-out: it is not sent', async () => {
    const sent: unknown[] = []
    const fetch = async () => {
      sent.push(1)
      return granted()
    }
    const session = openSession(optionsOver(memoryStore(), fetch))
    await session.authProvider.saveTokens(first, { issuer })
    await session.signOut()
    const response = await session.fetch(tokenEndpoint, refresh('refresh-1'))
    expect(await response.json()).toEqual({ error: 'invalid_grant' })
    expect(sent).toEqual([])
  })

  test('a refused client: one that was registered since stays', async () => {
    const store = memoryStore()
    const [slow, quick] = [undefined, undefined].map(() => openSession(optionsOver(store, undefined)).authProvider)
    const at = { issuer }
    await slow?.saveDiscoveryState?.({ authorizationServerUrl: issuer })
    await slow?.saveClientInformation?.({ client_id: 'old' }, at)
    expect(await slow?.clientInformation(at)).toMatchObject({ client_id: 'old' })
    await quick?.saveClientInformation?.({ client_id: 'new' }, at)
    await slow?.invalidateCredentials?.('client')
    expect(await slow?.clientInformation(at)).toMatchObject({ client_id: 'new' })
    await slow?.invalidateCredentials?.('all')
    const options = optionsOver(store, undefined)
    const redirectUri = redirectUriOf(options.client.redirectUri, issuer)
    expect(await new SessionRecords(options, checkSession(options)).client({ issuer, redirectUri }, 0)).toBeUndefined()
  })
})

verifies('MCP-CLIENT-token-server', 'tokens of one issuer are not used for another', async () => {
  const session = openSession(optionsOver(memoryStore(), undefined))
  await session.authProvider.saveTokens(first, { issuer })
  expect(await session.authProvider.tokens({ issuer: 'https://other.example' })).toBeUndefined()
  expect(await session.authProvider.tokens({ issuer })).toMatchObject({ access_token: 'access-1' })
})

test('a sign-in is finished once, however many try', async () => {
  const options = optionsOver(memoryStore(), undefined)
  const records = new SessionRecords(options, checkSession(options))
  await records.begin('state', { codeVerifier: 'v', discovery: { authorizationServerUrl: issuer }, redirectUri: 'x' })
  const taken = await Promise.all(Array.from({ length: 5 }, () => records.take('state')))
  expect(taken.filter((one) => one !== undefined)).toHaveLength(1)
})

test('three sign-ins are shown at most while none brings a scope, whatever scopes the server asks for and whichever process asks', async () => {
  const shown: URL[] = []
  const options = { ...optionsOver(memoryStore(), undefined), showSignIn: (url: URL) => void shown.push(url) }
  const ask = async (state: string, scope = 'a') => {
    const { authProvider } = openSession(options)
    const codeVerifier = `verifier-${state}`
    await authProvider.saveDiscoveryState?.({
      authorizationServerUrl: issuer,
      authorizationServerMetadata: {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: tokenEndpoint,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      },
    })
    await authProvider.saveClientInformation?.({ client_id: 'c' })
    await authProvider.saveCodeVerifier(codeVerifier)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
    const challenge = Buffer.from(digest).toString('base64url')
    await authProvider.redirectToAuthorization(
      new URL(`${issuer}/authorize?client_id=c&state=${state}&code_challenge=${challenge}&scope=${scope}`),
    )
  }
  for (const state of ['1', '2', '3']) await ask(state, `scope-${state}`)
  await expect(ask('4')).rejects.toBeInstanceOf(SignInError)
  await expect(ask('5', 'b')).rejects.toMatchObject({ problem: 'too_many' })
  expect(shown).toHaveLength(3)
})
