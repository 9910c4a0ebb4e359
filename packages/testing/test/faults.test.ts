import { describe, expect, test, vi } from 'vitest'
import { type Fault, signIn, TestingError } from '../src/index.ts'
import { fakeTimers } from './fake-timers.ts'
import { GRANT, headerOf, post, tokenRequest, url } from './raw.ts'
import { login } from './real-client.ts'
import { sharedTarget } from './shared-target.ts'

const world = sharedTarget()
const own = { grant_type: 'client_credentials', scope: 'chat' }
const ask = () => tokenRequest(world.target, own)
const controls = () => world.target.authorizationServer.controls

describe('a fault', () => {
  test('answers with another status, its headers and body, without doing anything', async () => {
    await controls().fault('bc-authorize', {
      status: 503,
      headers: { 'retry-after': '2' },
      body: { error: 'server_error' },
    })
    const request = { scope: 'openid', login_hint: 'ann' }
    const answer = await post(url.backchannel(world.target), request, headerOf(world.target.clients.agent))
    expect([answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
      503,
      '2',
      { error: 'server_error' },
    ])
    expect(await controls().pendingRequests()).toEqual([])
    expect((await post(url.backchannel(world.target), request, headerOf(world.target.clients.agent))).status).toBe(200)
  })

  test('can be a page, an empty answer, a redirect', async () => {
    await controls().fault('token', { status: 502, body: '<html>Bad Gateway</html>' })
    await controls().fault('token', { status: 500 })
    await controls().fault('token', { status: 302, headers: { location: 'https://evil.example/' } })
    const first = await ask()
    expect([first.status, first.headers.get('content-type'), first.body]).toEqual([
      502,
      'text/html',
      '<html>Bad Gateway</html>',
    ])
    expect(await ask()).toMatchObject({ status: 500, body: '' })
    const header = headerOf(world.target.clients.agent)
    const redirect = await fetch(url.token(world.target), { method: 'POST', headers: header, redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'https://evil.example/'])
  })

  test('sends a wrong body with status 200', async () => {
    await controls().fault('jwks', { body: { keys: 'none' } })
    const { issuer } = world.target.authorizationServer
    const response = await fetch(`${issuer}.well-known/jwks.json`)
    expect([response.status, await response.json()]).toEqual([200, { keys: 'none' }])
  })

  test('breaks the connection before anything happens', async () => {
    const { tokens } = await login(world.target, { subject: 'ann' })
    await controls().fault('token', { reset: true })
    const refresh = () =>
      tokenRequest(world.target, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string })
    await expect(refresh()).rejects.toThrow(TypeError)
    expect((await refresh()).status).toBe(200)
  })

  test('loses the answer after everything happened', async () => {
    const { tokens } = await login(world.target, { subject: 'ann' })
    await controls().fault('token', { lostAnswer: true })
    const refresh = () =>
      tokenRequest(world.target, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string })
    await expect(refresh()).rejects.toThrow(TypeError)
    // The rotation happened: the old token is a replay now.
    expect((await refresh()).body.error).toBe('invalid_grant')
  })

  test('alters a right answer', async () => {
    await controls().fault('token', { change: ({ token_type, ...rest }) => ({ ...rest, expires_in: 'soon' }) })
    const { status, body } = await ask()
    expect([status, body.token_type, body.expires_in]).toEqual([200, undefined, 'soon'])
    expect(body.access_token).toEqual(expect.any(String))
    expect((await ask()).body.token_type).toBe('Bearer')
  })

  test('happens as many times as it says, in the order they were set', async () => {
    await controls().fault('token', { status: 429, times: 2 })
    await controls().fault('token', { status: 500 })
    const statuses = [await ask(), await ask(), await ask(), await ask()].map(({ status }) => status)
    expect(statuses).toEqual([429, 429, 500, 200])
    await controls().fault('token', { status: 500, times: Number.POSITIVE_INFINITY })
    for (let round = 0; round < 5; round++) expect((await ask()).status).toBe(500)
  })

  test('hits matching requests only', async () => {
    await controls().fault('token', { status: 500, match: { grant_type: GRANT.exchange } })
    expect((await ask()).status).toBe(200)
    expect((await tokenRequest(world.target, { grant_type: GRANT.exchange })).status).toBe(500)
  })

  test('is gone after a reset', async () => {
    await controls().fault('token', { status: 500, times: Number.POSITIVE_INFINITY })
    await world.target.reset()
    expect((await ask()).status).toBe(200)
    expect(await controls().requests()).toHaveLength(1)
  })

  test('can wait at the endpoints of every server', async () => {
    const { target } = world
    await target.upstream.controls.fault('metadata', { status: 500 })
    await target.openFga.controls.fault('check', { status: 500 })
    await target.api.controls.fault('prices', { status: 500 })
    const { apiUrl, storeId } = target.openFga
    const answers = await Promise.all([
      fetch(`${target.upstream.issuer}.well-known/openid-configuration`),
      fetch(`${apiUrl}/stores/${storeId}/check`, { method: 'POST', body: '{}' }),
      fetch(`${target.api.origin}/prices/AAPL`),
    ])
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500])
  })

  test.each<[string, Fault]>([
    ['nothing', {}],
    ['two things', { reset: true, status: 500 }],
    ['times alone', { times: 2 }],
    ['an unknown key', { statusCode: 500 } as Fault],
  ])("that says %s is the test's mistake", async (_name, fault) => {
    await expect(controls().fault('token', fault)).rejects.toThrow(TestingError)
  })

  test("at an unknown endpoint is the test's mistake, and the message names the endpoints", async () => {
    await expect(controls().fault('tokens' as 'token', { reset: true })).rejects.toThrow(/there are metadata, .*token/)
  })
})

describe('under fake timers', () => {
  fakeTimers()

  test('a delay ends when the test says so, alone or before another fault', async () => {
    await controls().fault('token', { delayMs: 10_000 })
    await controls().fault('token', { delayMs: 5_000, status: 503 })
    let first: number | undefined
    const pending = ask().then(({ status }) => {
      first = status
    })
    await vi.advanceTimersByTimeAsync(9_900)
    expect(first).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    await pending
    expect(first).toBe(200)
    const second = ask()
    await vi.advanceTimersByTimeAsync(5_000)
    expect((await second).status).toBe(503)
  })

  test('a client that gives up does not undo what the server does', async () => {
    const { tokens } = await login(world.target, { subject: 'ann' })
    await controls().fault('token', { delayMs: 1_000 })
    const controller = new AbortController()
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string })
    const answer = fetch(url.token(world.target), {
      method: 'POST',
      body: form,
      headers: headerOf(world.target.clients.agent),
      signal: controller.signal,
    })
    const rejected = expect(answer).rejects.toThrow('aborted')
    await vi.advanceTimersByTimeAsync(500)
    controller.abort()
    await rejected
    await vi.advanceTimersByTimeAsync(1_000)
    const again = await tokenRequest(world.target, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token as string,
    })
    expect(again.body.error).toBe('invalid_grant')
  })
})

test('a login that a server refuses without a description names the error and the scopes', async () => {
  const { redirectUri } = world.target.clients.agent
  await controls().fault('authorize', { status: 302, headers: { location: `${redirectUri}?error=access_denied` } })
  await expect(signIn(world.target, { user: 'ann', scope: 'openid chat' })).rejects.toThrow(
    'login: access_denied: the server gave no reason; the scopes were openid chat',
  )
})
