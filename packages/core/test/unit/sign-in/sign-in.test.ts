import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createSessions, createSignIn, verifyTokenResponse } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { memoryStore } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { browser, CALLBACK, ISSUER, queryOf, signedIn, signInWorld } from './sign-in-world.ts'

describe('the callback', () => {
  test('returns the verified user, their tokens for a session, and the way back', async () => {
    const world = await signInWorld()
    const answer = await signedIn(world, { returnTo: '/orders?open=1#top', data: { cart: ['a'] } })
    expect(answer).toMatchObject({
      status: 'signed_in',
      identity: { kind: 'user', subject: 'ann', issuer: ISSUER, clientId: 'web' },
      returnTo: '/orders?open=1#top',
      data: { cart: ['a'] },
    })
    const { accessToken } = answer.tokens
    expect(inspect(answer, { depth: 9, showHidden: false }) + JSON.stringify(answer)).not.toContain(accessToken)
    const { authorizationServer, fetch, clock } = { authorizationServer: world.profile, ...world }
    const verified = await verifyTokenResponse(answer.tokens, {
      authorizationServer,
      fetch,
      clock,
      nonce: answer.nonce,
    })
    expect(verified).toMatchObject({ subject: 'ann' })
    const sessions = createSessions({ authorizationServer, store: world.store, fetch, clock })
    const { id, identity } = await sessions.create(answer.tokens, { nonce: answer.nonce })
    expect(identity).toMatchObject({ subject: 'ann' })
    expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
    await expect(sessions.create(answer.tokens, { nonce: 'another' })).rejects.toMatchObject({ reason: 'claims' })
  })

  verifies('RFC6749-4.1.3-redirect_uri', 'and the verifier', async () => {
    const world = await signInWorld()
    await signedIn(world)
    const [redeemed] = await world.forms()
    expect(redeemed?.form.get('redirect_uri')).toBe(CALLBACK)
    expect(redeemed?.form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  verifies('RFC6749-4.1.2-once', 'also where the browser sends it twice at once', async () => {
    const world = await signInWorld()
    const request = await world.visit((await world.start()).url)
    const answers = await Promise.all([1, 2, 3].map(() => world.signIn.complete(request.clone())))
    expect(answers.map(({ status }) => status).sort()).toEqual(['refused', 'refused', 'signed_in'])
    expect(await world.signIn.complete(request)).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    expect((await world.forms()).filter(({ path }) => path === '/oauth/token')).toHaveLength(1)
  })

  verifies('RFC6749-10.12-state', 'and the browser of the request can still finish', async () => {
    const world = await signInWorld()
    const request = await world.visit((await world.start()).url)
    for (const by of [browser(), browser({ '__Host-behalf-sign-in': 'x'.repeat(43) })]) {
      expect(await world.signIn.complete(by.request(request.url))).toMatchObject({
        status: 'refused',
        reason: 'other_browser',
        returnTo: '/',
      })
    }
    // A cookie that came twice: an attacker set one of the two.
    const [value] = Object.values(world.ann.cookies)
    const twice = new Request(request.url, {
      headers: { cookie: `__Host-behalf-sign-in=${value}; __Host-behalf-sign-in=other` },
    })
    expect(await world.signIn.complete(twice)).toMatchObject({ reason: 'other_browser' })
    expect(await world.forms()).toHaveLength(0)
    expect(await world.signIn.complete(request)).toMatchObject({ status: 'signed_in' })
  })

  test('a state that is unknown, repeated, missing or too old signs no user in', async () => {
    const world = await signInWorld()
    const { url } = await world.start()
    const changes: ((answer: URLSearchParams) => void)[] = [
      (answer) => answer.set('state', 'x'),
      (answer) => answer.append('state', answer.get('state') ?? ''),
      (answer) => answer.delete('state'),
    ]
    for (const change of changes) {
      const answer = await world.signIn.complete(await world.visit(url, { change }))
      expect(answer).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    }
    // A party that can write to the store may keep the record longer.
    const at = world.signInAt({ store: memoryStore() })
    const late = await world.visit((await world.start({}, { at })).url)
    world.advance(601)
    expect(await at.complete(late)).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    expect(await world.forms()).toHaveLength(0)
  })

  verifies('RFC9700-2.1-mix-up', 'its code goes nowhere', async () => {
    const world = await signInWorld()
    const other = oidc({ issuer: 'https://evil.example', clientId: 'web', clientSecret: 'x' })
    const elsewhere = [
      world.signInAt({ authorizationServer: other }),
      world.signInAt({ authorizationServer: { ...world.profile, clientId: 'web2' } }),
      world.signInAt({ redirectUri: `${CALLBACK}/2` }),
    ]
    for (const at of elsewhere) {
      const request = await world.visit((await world.start()).url)
      expect(await at.complete(request)).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    }
    for (const iss of ['https://evil.example', `${ISSUER}/`, undefined]) {
      const change = (answer: URLSearchParams) => (iss === undefined ? answer.delete('iss') : answer.set('iss', iss))
      const { url } = await world.start({ returnTo: '/here' })
      const answer = await world.signIn.complete(await world.visit(url, { change }))
      expect(answer).toMatchObject({ status: 'refused', reason: 'other_issuer', returnTo: '/here' })
    }
    const { url } = await world.start()
    const twice = await world.visit(url, { change: (answer) => answer.append('iss', 'https://evil.example') })
    expect(await world.signIn.complete(twice)).toMatchObject({ status: 'refused', reason: 'other_issuer' })
    expect(await world.forms()).toHaveLength(0)
  })

  test('a person who says no, a server that refuses, and an answer without a code end it, with the way back', async () => {
    const world = await signInWorld()
    const errors = [
      ['access_denied', { reason: 'declined', error: 'access_denied' }],
      ['temporarily_unavailable', { reason: 'provider', error: 'temporarily_unavailable' }],
      [undefined, { reason: 'provider' }],
    ] as const
    for (const [error, end] of errors) {
      const { url } = await world.start({ returnTo: '/here', data: 1 })
      const change = (answer: URLSearchParams) => {
        answer.delete('code')
        if (error !== undefined) answer.set('error', error)
      }
      const answer = await world.signIn.complete(await world.visit(url, { change }))
      expect(answer).toMatchObject({ status: 'refused', returnTo: '/here', data: 1, ...end })
    }
  })

  verifies('RFC9700-4.11-redirectors', 'it leads to the front page', async () => {
    const world = await signInWorld()
    for (const returnTo of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '/\t/x',
    ]) {
      expect(await signedIn(world, { returnTo })).toMatchObject({ returnTo: '/' })
    }
  })

  test('an outage before the code is sent ends nothing: the browser may load the page again', async () => {
    const world = await signInWorld()
    const request = await world.visit((await world.start()).url)
    const fresh = world.signInAt({ authorizationServer: { ...world.profile } })
    world.wire.answer = async () => new Response(null, { status: 503 })
    expect(await rejection(fresh.complete(request.clone()))).toMatchObject({ code: 'ERR_TRANSPORT' })
    world.wire.answer = async () => undefined
    expect(await fresh.complete(request)).toMatchObject({ status: 'signed_in' })
  })

  test('tokens of an answer that does not verify are revoked', async () => {
    const world = await signInWorld()
    const at = world.signInAt({ scopes: ['chat', 'offline_access'] })
    const { url } = await world.start({}, { at })
    world.wire.answer = async (request) => {
      if (!request.url.endsWith('/oauth/token')) return undefined
      const response = await world.as.handle(request)
      const { id_token: _, ...tokens } = (await (response ?? Response.error()).json()) as Record<string, unknown>
      return Response.json(tokens)
    }
    expect(await rejection(at.complete(await world.visit(url)))).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    const [, revoked] = await world.forms()
    expect(revoked).toMatchObject({ path: '/oauth/revoke' })
    expect(revoked?.form.get('token_type_hint')).toBe('refresh_token')
  })

  test.each([
    ['a function', { go: () => 1 }],
    ['an instance of a class', { at: new Date() }],
    ['a number without JSON', Number.NaN],
    [
      'a cycle',
      (() => {
        const own: Record<string, unknown> = {}
        own.own = own
        return own
      })(),
    ],
  ])('data with %s is refused, and no sign-in is stored', async (_name, data) => {
    const world = await signInWorld()
    const refused = await rejection(world.start({ data: data as never }))
    expect(refused).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'start.data' })
  })

  test('data is that of the start, also where the app changes its object meanwhile', async () => {
    const world = await signInWorld()
    const data = { cart: ['a'] }
    const started = world.start({ data })
    data.cart.push('b')
    const { url } = await started
    expect(await world.signIn.complete(await world.visit(url))).toMatchObject({ data: { cart: ['a'] } })
  })

  test('the id_token of another nonce signs no user in', async () => {
    const world = await signInWorld()
    const { url } = await world.start()
    const other = new URL(url)
    other.searchParams.set('nonce', 'of-another-login')
    expect(await rejection(world.signIn.complete(await world.visit(other.href)))).toMatchObject({ reason: 'claims' })
  })

  verifies('OIDC-CORE-3.1.3.7-acr', 'a weaker login is refused, and ends no session of the user', async () => {
    const world = await signInWorld()
    const acrValues = ['urn:acr:phr']
    expect(await signedIn(world, { acrValues })).toMatchObject({ identity: { acr: 'urn:acr:phr' } })
    const url = new URL((await world.start({ acrValues })).url)
    // A person at the browser takes the wish out.
    url.searchParams.delete('acr_values')
    await world.as.controls.signInAs('ann')
    const weak = await rejection(world.signIn.complete(await world.visit(url.href)))
    expect(weak).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'claims' })
    // Some issuers end all logins of a browser with one of its tokens.
    expect((await world.forms()).map(({ path }) => path)).toEqual(['/oauth/token', '/oauth/token'])
  })

  verifies('OIDC-CORE-3.1.3.7-auth_time', 'by the clock of the app', async () => {
    const world = await signInWorld()
    world.advance(100)
    const old = async (maxAgeSeconds: number) => {
      const url = new URL((await world.start({ maxAgeSeconds })).url)
      url.searchParams.delete('max_age')
      return world.signIn.complete(await world.visit(url.href))
    }
    expect(await old(90)).toMatchObject({ status: 'signed_in' })
    expect(await rejection(old(60))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'claims' })
    expect(await signedIn(world, { maxAgeSeconds: 60 })).toMatchObject({ identity: { subject: 'ann' } })
    // Ours is behind: it cannot say how old the login is.
    const ahead = world.signInAt({ clock: { now: () => world.clock.now() - 200_000 } })
    const { url } = await world.start({ maxAgeSeconds: 60 }, { at: ahead })
    expect(await rejection(ahead.complete(await world.visit(url)))).toMatchObject({ reason: 'not_yet_valid' })
  })

  test('works in another process with the same store and keys', async () => {
    const key = () => crypto.getRandomValues(new Uint8Array(32))
    const keys = { seal: [key()], index: key() } as const
    const world = await signInWorld()
    const store = memoryStore()
    const [one, two] = [world.signInAt({ store, keys }), world.signInAt({ store, keys })]
    const request = await world.visit((await world.start({}, { at: one })).url)
    expect(await two.complete(request)).toMatchObject({ status: 'signed_in' })
  })

  test('on this machine, plain http has a cookie without prefix', async () => {
    const { ann, profile: authorizationServer, store, fetch } = await signInWorld()
    const redirectUri = 'http://127.0.0.1:3000/callback'
    const at = createSignIn({ authorizationServer, store, fetch, redirectUri })
    const { cookie, url } = await at.start(ann.request('http://127.0.0.1:3000/login'))
    expect(cookie).toMatch(/^behalf-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(queryOf(url)).toMatchObject({ scope: 'openid' })
  })
})
