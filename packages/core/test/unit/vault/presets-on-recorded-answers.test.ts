import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import type { ConnectionDefinition } from '../../../src/vault/upstream/connection-definition.ts'
import { github, googleCalendar, slack } from '../../../src/vault/upstream/presets.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { servers, testClock } from '../runs/harness.ts'
import { githubAnswers, googleAnswer, slackAnswers } from './recorded-answers.ts'
import { REDIRECT, user } from './world.ts'

const clock = testClock()
const google = await mockIssuer('https://accounts.google.com', () => clock.now())
google.metadata.authorization_endpoint = 'https://accounts.google.com/o/oauth2/v2/auth'

const requests: string[] = []
let answers: Record<string, unknown> = {}
const answer = async ({ request }: { request: Request }): Promise<never> => {
  const { pathname } = new URL(request.url)
  requests.push(`${request.method} ${pathname} ${await request.text()}`)
  if (request.method === 'DELETE') return new HttpResponse(null, { status: 204 }) as never
  return HttpResponse.json(answers[pathname] as object) as never
}
useMsw(
  ...google.handlers,
  ...['accounts.google.com', 'github.com', 'api.github.com', 'slack.com'].map((host) =>
    http.all(`https://${host}/*`, answer),
  ),
)
beforeEach(() => {
  requests.length = 0
  answers = {}
})

const client = { clientId: 'client-1', clientSecret: 'secret-1' }

function open(name: string, definition: ConnectionDefinition) {
  const vault = storedVault({ store: memoryStore({ clock }), connections: { [name]: definition }, clock })
  const identity = user()
  return {
    accounts: vault.accounts,
    identity,
    async link(prepare?: (nonce: string) => Promise<void>, who = identity) {
      const asked = { identity: who, connection: name, redirectUri: REDIRECT, browser: 'b' }
      const started = await vault.accounts.connect(asked)
      if (started.status !== 'started') throw new Error(started.detail)
      await prepare?.(new URL(started.url).searchParams.get('nonce') ?? '')
      const parameters = new URLSearchParams({ state: started.state, code: 'code-1' })
      return vault.accounts.complete({ identity: who, connection: name, parameters, browser: 'b' })
    },
    async token(scopes: readonly string[], account?: string) {
      const request = { identity, connection: name, scopes, ...(account !== undefined && { account }) }
      const found = await vault.token(request, { authorizationServers: servers, now: clock.now() })
      return found.status === 'token' ? revealToken(found.token) : found
    },
  }
}

describe('Slack', () => {
  const definition = { ...slack, ...client, scopes: ['channels:history', 'chat:write'] }
  const TOKEN = '/api/oauth.v2.access'

  test('one person in two workspaces, under one user id in both, has two accounts', async () => {
    const { link, accounts, identity, token } = open('slack', definition)
    answers = { [TOKEN]: slackAnswers.installed({ team: 'TA', token: 'xoxp-a' }) }
    expect(await link()).toMatchObject({ account: { id: 'TA:U1234', label: 'Team TA' } })
    answers = { [TOKEN]: slackAnswers.installed({ team: 'TB', token: 'xoxp-b' }) }
    expect(await link()).toMatchObject({ account: { id: 'TB:U1234', label: 'Team TB' } })
    expect((await accounts.list(identity)).map(({ id }) => id).sort()).toEqual(['TA:U1234', 'TB:U1234'])
    expect(await token(['chat:write'], 'TA:U1234')).toBe('xoxp-a')
    expect(await token(['chat:write'], 'TB:U1234')).toBe('xoxp-b')
  })

  test('a bot’s token, which all users of a workspace share, is neither taken nor revoked', async () => {
    const { link, accounts, identity } = open('slack', definition)
    const bot = { access_token: 'xoxb-bot', refresh_token: 'xoxe-bot', token_type: 'bot', scope: 'chat:write' }
    answers = { [TOKEN]: { ok: true, ...bot, team: { id: 'TA', name: 'Team TA' }, authed_user: { id: 'U1234' } } }
    expect(await link()).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(requests.filter((request) => request.includes('revoke'))).toEqual([])
    expect(await accounts.list(identity)).toEqual([])
  })

  test('an app of a whole organization names no workspace, so its account is refused', async () => {
    const { link, accounts, identity } = open('slack', definition)
    answers = { [TOKEN]: slackAnswers.organization() }
    expect(await link()).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(await accounts.list(identity)).toEqual([])
  })

  test('a part of an account id that holds the separator is refused, since two accounts could share one id', async () => {
    const { link } = open('slack', definition)
    answers = { [TOKEN]: slackAnswers.installed({ team: 'TA:U1' }) }
    expect(await link()).toMatchObject({ status: 'refused', reason: 'provider' })
  })

  test('a rotating token is renewed from the answer of a refresh', async () => {
    const { link, token } = open('slack', definition)
    answers = { [TOKEN]: slackAnswers.rotating() }
    expect(await link()).toMatchObject({ account: { id: 'T9TK3CUKW:U1234' } })
    expect(await token(['chat:write'])).toBe('xoxe.xoxp-1-abcdefg')
    clock.advance(43_201)
    answers = { [TOKEN]: slackAnswers.refreshed() }
    expect(await token(['chat:write'])).toBe('xoxe.xoxp-1-hijklmn')
  })
})

describe('GitHub', () => {
  const definition = { ...github, ...client, scopes: ['repo', 'read:user'] }
  const TOKEN = '/login/oauth/access_token'
  const account = { '/user': githubAnswers.user() }

  test('an OAuth app has the scopes that the answer names', async () => {
    const { link, token } = open('github', definition)
    answers = { [TOKEN]: githubAnswers.oauthApp('read:user'), ...account }
    expect(await link()).toMatchObject({ account: { id: '583231', label: 'octocat', scopes: ['read:user'] } })
    expect(await token(['repo'])).toMatchObject({ status: 'needs_scopes' })
    answers = { [TOKEN]: githubAnswers.oauthApp(''), ...account }
    expect(await link()).toMatchObject({ account: { scopes: [] } })
    expect(await token(['read:user'])).toMatchObject({ status: 'needs_scopes' })
  })

  test('a GitHub App has permissions and no scopes: its empty scope does not mean `needs_scopes`, also after a refresh', async () => {
    const { link, token } = open('github', definition)
    answers = { [TOKEN]: githubAnswers.githubApp(1), ...account }
    expect(await link()).toMatchObject({ account: { scopes: ['repo', 'read:user'] } })
    expect(await token(['repo'])).toMatch(/^ghu_.*1$/)
    clock.advance(28_801)
    answers = { [TOKEN]: githubAnswers.githubApp(2), ...account }
    expect(await token(['repo'])).toMatch(/^ghu_.*2$/)
  })

  test("disconnecting ends one token, so that another user's link to the same GitHub account lives on", async () => {
    const { link, accounts, identity } = open('github', definition)
    answers = { [TOKEN]: githubAnswers.oauthApp(), ...account }
    await link()
    expect(await accounts.disconnect(identity, { connection: 'github', account: '583231' })).toMatchObject({
      revoked: true,
    })
    // DELETE …/grant would delete every token of the app for this GitHub account.
    expect(requests.at(-1)).toBe(
      `DELETE /applications/client-1/token {"access_token":"${githubAnswers.oauthApp().access_token}"}`,
    )
  })
})

describe('tokens of one account in more links than one', () => {
  const name = (connection: string, account: string) => ({ connection, account })
  const revokedAt = (path: string) => requests.filter((request) => request.includes(path))

  test('Slack gives two users one token: it is revoked when the second one disconnects, and once', async () => {
    const { link, accounts, identity, token } = open('slack', { ...slack, ...client, scopes: ['chat:write'] })
    answers = { '/api/oauth.v2.access': slackAnswers.installed(), '/api/auth.revoke': { ok: true, revoked: true } }
    const bob = user('bob')
    await link(undefined, bob)
    await link()
    await link()
    const account = name('slack', 'T9TK3CUKW:U1234')
    expect(await accounts.disconnect(bob, account)).toEqual({ status: 'disconnected', revoked: false })
    expect(revokedAt('auth.revoke')).toEqual([])
    expect(await token(['chat:write'])).toBe('xoxp-1234')
    expect(await accounts.disconnect(identity, account)).toEqual({ status: 'disconnected', revoked: true })
    expect(revokedAt('auth.revoke')).toHaveLength(1)
  })

  test('GitHub gives each link a token of its own: all of them are deleted', async () => {
    const { link, accounts, identity } = open('github', { ...github, ...client, scopes: ['repo', 'read:user'] })
    const given = githubAnswers.oauthApp()
    for (const token of ['gho_1', 'gho_2', 'gho_3']) {
      answers = { '/login/oauth/access_token': { ...given, access_token: token }, '/user': githubAnswers.user() }
      await link()
    }
    expect(await accounts.disconnect(identity, name('github', '583231'))).toMatchObject({ revoked: true })
    for (const token of ['gho_1', 'gho_2', 'gho_3']) expect(revokedAt(`"${token}"`)).toHaveLength(1)
  })
})

describe('Google', () => {
  const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly'

  test('the account is that of the verified id_token', async () => {
    const { link, token } = open('google', { ...googleCalendar, ...client, scopes: [CALENDAR] })
    const linked = await link(async (nonce) => {
      const claims = {
        azp: 'client-1',
        aud: 'client-1',
        sub: '110169484474386276334',
        email: 'ann@gmail.example',
        email_verified: true,
        at_hash: undefined,
        nonce,
      }
      const scope = `${CALENDAR} openid https://www.googleapis.com/auth/userinfo.email`
      answers = { '/token': googleAnswer(await google.sign(claims, { typ: 'JWT' }), scope) }
    })
    expect(linked).toMatchObject({ account: { id: '110169484474386276334', label: 'ann@gmail.example' } })
    expect(await token([CALENDAR])).toBe('1/fFAGRNJru1FTz70BzhT3Zg')
  })
})
