import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import type { ConnectionDefinition } from '../../../src/vault/upstream/connection-definition.ts'
import { github, googleCalendar, slack } from '../../../src/vault/upstream/presets.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { servers, testClock } from '../runs/harness.ts'
import { REDIRECT, user } from './world.ts'

const clock = testClock()
const google = await mockIssuer('https://accounts.google.com', () => clock.now())
google.metadata.authorization_endpoint = 'https://accounts.google.com/o/oauth2/v2/auth'
google.metadata.revocation_endpoint = 'https://accounts.google.com/revoke'

interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | null
  readonly body: string
}
const seen: Seen[] = []
let answers: Record<string, () => Response | Promise<Response>> = {}
const note = async ({ request }: { request: Request }): Promise<never> => {
  const { method, url } = request
  seen.push({ method, url, authorization: request.headers.get('authorization'), body: await request.text() })
  const make = answers[new URL(url).pathname]
  return (make === undefined ? HttpResponse.json({}, { status: 404 }) : await make()) as never
}
useMsw(
  ...google.handlers,
  http.all('https://accounts.google.com/*', note),
  http.all('https://github.com/*', note),
  http.all('https://api.github.com/*', note),
  http.all('https://slack.com/*', note),
)
beforeEach(() => {
  seen.length = 0
  answers = {}
})

const client = { clientId: 'client-1', clientSecret: 'secret-1' }

function open(name: string, definition: ConnectionDefinition) {
  const vault = storedVault({
    store: memoryStore({ clock }),
    connections: { [name]: definition },
    clock,
    timeoutMs: 2_000,
  })
  const identity = user()
  return {
    vault,
    start: async () => {
      const started = await vault.accounts.connect({ identity, connection: name, redirectUri: REDIRECT, browser: 'b' })
      if (started.status !== 'started') throw new Error(started.detail)
      return { state: started.state, query: Object.fromEntries(new URL(started.url).searchParams), url: started.url }
    },
    finish: (state: string, more: Record<string, string> = {}) =>
      vault.accounts.complete({
        identity,
        connection: name,
        parameters: new URLSearchParams({ state, code: 'code-1', ...more }),
        browser: 'b',
      }),
    token: (scopes: readonly string[] = []) =>
      vault.token({ identity, connection: name, scopes }, { authorizationServers: servers, now: clock.now() }),
    disconnect: (account: string) => vault.accounts.disconnect(identity, { connection: name, account }),
  }
}

describe('GitHub', () => {
  const definition = { ...github, ...client, scopes: ['repo', 'read:user'] }
  const token = { access_token: 'gho_1', token_type: 'bearer', scope: 'repo,read:user' }

  test('commas, an account by its own request, and revocation by ours', async () => {
    const { start, finish, token: ask, disconnect } = open('github', definition)
    const { state, query, url } = await start()
    expect(url).toMatch(/^https:\/\/github\.com\/login\/oauth\/authorize\?/)
    expect(query).toMatchObject({ scope: 'repo,read:user', code_challenge_method: 'S256' })
    expect(query).not.toHaveProperty('nonce')
    answers = {
      '/login/oauth/access_token': () => HttpResponse.json(token),
      '/user': () => HttpResponse.json({ id: 583231, login: 'octocat' }),
      '/applications/client-1/token': () => new HttpResponse(null, { status: 204 }),
    }
    expect(await finish(state)).toMatchObject({
      status: 'connected',
      account: { id: '583231', label: 'octocat', scopes: ['repo', 'read:user'] },
    })
    const answer = await ask(['repo'])
    expect(answer.status === 'token' && revealToken(answer.token)).toBe('gho_1')
    expect(await disconnect('583231')).toEqual({ status: 'disconnected', revoked: true })
    expect(seen.at(-1)).toEqual({
      method: 'DELETE',
      url: 'https://api.github.com/applications/client-1/token',
      authorization: `Basic ${btoa('client-1:secret-1')}`,
      body: '{"access_token":"gho_1"}',
    })
  })

  test('an error under status 200 is an error', async () => {
    const { start, finish } = open('github', definition)
    answers = {
      '/login/oauth/access_token': () =>
        HttpResponse.json({ error: 'bad_verification_code', error_description: 'The code passed is incorrect.' }),
    }
    expect(await finish((await start()).state)).toMatchObject({ status: 'misconfigured' })
  })

  test("a GitHub App's refresh token that is gone means a new connect", async () => {
    const { start, finish, token: ask } = open('github', definition)
    answers = {
      '/login/oauth/access_token': () =>
        HttpResponse.json({
          ...token,
          expires_in: 28_800,
          refresh_token: 'ghr_1',
          refresh_token_expires_in: 15_897_600,
        }),
      '/user': () => HttpResponse.json({ id: 1, login: 'o' }),
    }
    await finish((await start()).state)
    clock.advance(28_801)
    answers['/login/oauth/access_token'] = () =>
      HttpResponse.json({
        error: 'bad_refresh_token',
        error_description: 'The refresh token passed is incorrect or expired.',
      })
    expect(await ask()).toMatchObject({ status: 'must_reconnect' })
  })

  test('an issuer of another place is refused', async () => {
    const { start, finish } = open('github', definition)
    expect(await finish((await start()).state, { iss: 'https://evil.example' })).toMatchObject({
      reason: 'other_issuer',
    })
    expect(seen).toEqual([])
  })

  test('without an account there is no connection', async () => {
    const { start, finish, token: ask } = open('github', definition)
    answers = {
      '/login/oauth/access_token': () => HttpResponse.json(token),
      '/user': () => HttpResponse.json({ message: 'Bad credentials' }, { status: 401 }),
    }
    expect(await finish((await start()).state)).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(await ask()).toMatchObject({ status: 'not_connected' })
  })
})

describe('Slack', () => {
  const definition = { ...slack, ...client, scopes: ['channels:history', 'chat:write'] }
  const answered = {
    ok: true,
    access_token: 'xoxb-of-the-bot',
    token_type: 'bot',
    scope: 'commands',
    team: { id: 'T1', name: 'Acme' },
    authed_user: {
      id: 'U1',
      scope: 'channels:history,chat:write',
      access_token: 'xoxp-of-the-user',
      token_type: 'user',
    },
  }

  test("the user's token, never the bot's", async () => {
    const { start, finish, token: ask, disconnect } = open('slack', definition)
    const { state, query } = await start()
    expect(query.user_scope).toBe('channels:history,chat:write')
    expect(query).not.toHaveProperty('scope')
    answers = {
      '/api/oauth.v2.access': () => HttpResponse.json(answered),
      '/api/auth.revoke': () => HttpResponse.json({ ok: true, revoked: true }),
    }
    expect(await finish(state)).toMatchObject({
      status: 'connected',
      account: { id: 'T1:U1', label: 'Acme', scopes: ['channels:history', 'chat:write'] },
    })
    const answer = await ask(['chat:write'])
    expect(answer.status === 'token' && revealToken(answer.token)).toBe('xoxp-of-the-user')
    expect(await disconnect('T1:U1')).toEqual({ status: 'disconnected', revoked: true })
    expect(seen.at(-1)).toMatchObject({ authorization: 'Bearer xoxp-of-the-user' })
  })

  test("an answer with a bot's token alone gives nothing", async () => {
    const { start, finish } = open('slack', definition)
    answers = { '/api/oauth.v2.access': () => HttpResponse.json({ ...answered, authed_user: { id: 'U1' } }) }
    expect(await finish((await start()).state)).toMatchObject({ status: 'refused', reason: 'provider' })
  })

  test('a no under status 200, and a revocation that was not taken', async () => {
    const { start, finish, disconnect } = open('slack', definition)
    answers = { '/api/oauth.v2.access': () => HttpResponse.json({ ok: false, error: 'invalid_code' }) }
    expect((await finish((await start()).state)).status).not.toBe('connected')
    answers = {
      '/api/oauth.v2.access': () => HttpResponse.json(answered),
      '/api/auth.revoke': () => HttpResponse.json({ ok: false, error: 'not_authed' }),
    }
    await finish((await start()).state)
    expect(await disconnect('T1:U1')).toEqual({ status: 'disconnected', revoked: false })
  })

  test.each(['fatal_error', 'internal_error'])(
    '%s is an outage, and the refresh token is not sent again',
    async (error) => {
      const { start, finish, token: ask } = open('slack', definition)
      const user = { ...answered.authed_user, expires_in: 43_200, refresh_token: 'xoxe-1' }
      answers = { '/api/oauth.v2.access': () => HttpResponse.json({ ...answered, authed_user: user }) }
      await finish((await start()).state)
      clock.advance(43_201)
      answers['/api/oauth.v2.access'] = () => HttpResponse.json({ ok: false, error })
      seen.length = 0
      expect(await ask(['chat:write'])).toMatchObject({ status: 'unavailable' })
      expect(await ask(['chat:write'])).toMatchObject({ status: 'must_reconnect' })
      expect(seen).toHaveLength(1)
    },
  )

  test('a rotated token of the user comes at the top', async () => {
    const { start, finish, token: ask } = open('slack', definition)
    const { access_token: _, ...rest } = answered
    answers = {
      '/api/oauth.v2.access': () =>
        HttpResponse.json({
          ...rest,
          authed_user: { ...answered.authed_user, expires_in: 43_200, refresh_token: 'xoxe-1' },
        }),
    }
    await finish((await start()).state)
    clock.advance(43_201)
    answers['/api/oauth.v2.access'] = () =>
      HttpResponse.json({
        ok: true,
        access_token: 'xoxe.xoxp-2',
        expires_in: 43_200,
        refresh_token: 'xoxe-2',
        token_type: 'user',
        scope: 'channels:history,chat:write',
        authed_user: { id: 'U1' },
      })
    const answer = await ask(['chat:write'])
    expect(answer.status === 'token' && revealToken(answer.token)).toBe('xoxe.xoxp-2')
  })
})

describe('Google', () => {
  const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly'

  test('asks for a refresh token that lasts, and keeps it where a refresh brings none', async () => {
    const { start, finish, token: ask } = open('google', { ...googleCalendar, ...client, scopes: [CALENDAR] })
    const { state, query } = await start()
    expect(query).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      include_granted_scopes: 'true',
      scope: `openid email ${CALENDAR}`,
    })
    const idToken = await google.sign(
      { sub: '115', email: 'ann@gmail.example', aud: 'client-1', nonce: query.nonce ?? '' },
      { typ: 'JWT' },
    )
    const body = { access_token: 'ya29.1', expires_in: 3599, token_type: 'Bearer', scope: `openid ${CALENDAR}` }
    answers = { '/token': () => HttpResponse.json({ ...body, refresh_token: '1//once', id_token: idToken }) }
    expect(await finish(state)).toMatchObject({
      status: 'connected',
      account: { id: '115', label: 'ann@gmail.example' },
    })
    for (let round = 2; round <= 4; round++) {
      clock.advance(3600)
      answers['/token'] = () => HttpResponse.json({ ...body, access_token: `ya29.${round}` })
      const answer = await ask([CALENDAR])
      expect(answer.status === 'token' && revealToken(answer.token)).toBe(`ya29.${round}`)
      expect(new URLSearchParams(seen.at(-1)?.body).get('refresh_token')).toBe('1//once')
    }
  })
})
