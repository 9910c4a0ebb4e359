import { verifies } from '@behalf/testing/requirements'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { noteOf, stateOf } from '../../../src/runs/run-state.ts'
import { told } from '../runs/harness.ts'
import { refusal, useBackchannel } from './backchannel.ts'
import { follow } from './follow.ts'

const begin = useBackchannel()
const page = '<html><body>Down for maintenance</body></html>'
const html =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    new HttpResponse(page, { status, headers: { 'content-type': 'text/html', ...headers } })

describe('a response to a poll that says nothing of the request is polled again', () => {
  test.each<readonly [string, () => Response]>([
    ['a page of HTML with status 200', html(200)],
    ['a page of HTML that claims to be JSON', html(200, { 'content-type': 'application/json' })],
    ['a page of HTML with status 403', html(403)],
    ['a page of HTML with status 404', html(404)],
    ['a page of HTML with status 502', html(502)],
    ['a redirect to a login page', html(302, { location: 'https://proxy.example/login' })],
    ['an empty body', () => new HttpResponse(null, { status: 200 })],
    ['JSON that is no object', () => HttpResponse.json([])],
    ['an object without a token', () => HttpResponse.json({})],
    ['an error that the protocol does not have', () => HttpResponse.json({ message: 'Forbidden' }, { status: 403 })],
    ['a challenge without an error', html(401, { 'www-authenticate': 'Basic realm="proxy"' })],
    ['`server_error`', () => refusal('server_error')],
    ['`temporarily_unavailable`', () => refusal('temporarily_unavailable')],
  ])('%s', async (_, response) => {
    const target = await begin()
    target.answer(refusal('authorization_pending'))
    target.answer(response)
    target.answer(await target.success())
    const { record } = await follow(target)
    expect(stateOf(record)).toBe('approved')
    expect(target.polls).toHaveLength(3)
    // It was asked once, and each poll kept its distance.
    expect(target.asked).toHaveLength(1)
    const [first = 0, second = 0, third = 0] = target.pollTimes
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(2)
  })

  test(verifies('A4', 'until the question ends, and no longer'), async () => {
    const target = await begin()
    for (let polls = 0; polls < 100; polls++) target.answer(html(200))
    const { record } = await follow(target, { expiresAt: target.clock.now() / 1000 + 60, seconds: 95 })
    expect(told(record)).toMatchObject({ state: 'expired', note: 'no answer in time' })
    expect(target.asked).toHaveLength(1)
  })

  test('a token response that breaks the rules is an answer: its id is used up, and the reason is told', async () => {
    for (const [over, reason] of [
      [{ token_type: undefined }, 'token_type'],
      [{ token_type: 'mac' }, 'token_type'],
      [{ expires_in: 'soon' }, 'expires_in'],
    ] as const) {
      const target = await begin()
      target.answer(await target.success(over))
      const { record } = await follow(target)
      expect(stateOf(record)).toBe('failed')
      expect(noteOf(record)).toContain(reason)
      expect(target.polls).toHaveLength(1)
    }
  })

  test('a page in place of the keys: the answer is kept, and verified when the keys come', async () => {
    const target = await begin()
    let keysArePage = true
    const { keys } = target.issuer
    target.issuer.metadata.jwks_uri = 'https://issuer.example/keys-behind-a-proxy'
    target.serves('https://issuer.example/keys-behind-a-proxy', () => {
      const response = keysArePage ? html(200)() : HttpResponse.json({ keys })
      keysArePage = false
      return response
    })
    target.answer(await target.success())
    expect(stateOf((await follow(target)).record)).toBe('approved')
    expect(target.polls).toHaveLength(1)
  })
})

describe('an interval that is no positive number, in the response to the request', () => {
  test.each(['0', '-1', '"2"', 'null', '"soon"', '[]', '1e400'])(
    '%s: the person was asked, and the default of 5 s holds',
    async (interval) => {
      const target = await begin()
      const start = target.clock.now() / 1000
      const body = `{ "auth_req_id": "${crypto.randomUUID()}", "expires_in": 120, "interval": ${interval} }`
      target.acknowledges(() => new HttpResponse(body, { headers: { 'content-type': 'application/json' } }))
      target.answer(refusal('authorization_pending'))
      target.answer(await target.success())
      expect(stateOf((await follow(target)).record)).toBe('approved')
      expect(target.pollTimes.map((at) => at - start)).toEqual([5, 10])
      expect(target.asked).toHaveLength(1)
    },
  )
})

describe('`invalid_request`', () => {
  test(verifies('A4', 'after `slow_down` is polled again, at a longer interval'), async () => {
    const target = await begin()
    const start = target.clock.now() / 1000
    for (const error of ['slow_down', 'invalid_request', 'invalid_request']) target.answer(refusal(error))
    target.answer(await target.success())
    expect(stateOf((await follow(target)).record)).toBe('approved')
    expect(target.pollTimes.map((at) => at - start)).toEqual([2, 9, 21, 38])
  })

  test('after a poll that came early, as a ping makes it, is polled again', async () => {
    const { look, answer, clock, success } = await begin()
    answer(refusal('authorization_pending'))
    const first = await look()
    clock.advance(1)
    answer(refusal('invalid_request'))
    const early = await look({}, first.status === 'pending' ? first.state : undefined)
    expect(early).toMatchObject({ status: 'pending', interval: 7 })
    clock.advance(7)
    answer(await success())
    expect(await look({}, early.status === 'pending' ? early.state : undefined)).toMatchObject({ status: 'approved' })
  })

  test('after a poll that came in time is the end, also when there was a `slow_down` before', async () => {
    const target = await begin()
    for (const error of ['slow_down', 'authorization_pending', 'invalid_request']) target.answer(refusal(error))
    expect(stateOf((await follow(target)).record)).toBe('failed')
    expect(target.polls).toHaveLength(3)
  })

  test('after the end of the request is the end', async () => {
    const target = await begin()
    target.acknowledges(() => HttpResponse.json({ auth_req_id: crypto.randomUUID(), expires_in: 4, interval: 2 }))
    for (const error of ['slow_down', 'invalid_request']) target.answer(refusal(error))
    expect(stateOf((await follow(target)).record)).toBe('failed')
  })
})

describe('an answer that is found late', () => {
  const found = async (claims: (sentAt: number) => Record<string, unknown>) => {
    const target = await begin()
    const sentAt = target.clock.now() / 1000
    const late = await follow(target, { seconds: 0, useWithinSeconds: 36_000 })
    target.clock.advance(4 * 3600)
    target.answer(await target.success({ id_token: await target.idToken(claims(sentAt)), expires_in: 36_000 }))
    return late.again()
  }

  test('counts by its `auth_time`, which says when the person authenticated to answer', async () => {
    expect(told(await found((sentAt) => ({ auth_time: sentAt + 3_000 })))).toMatchObject({ state: 'approved' })
    expect(told(await found((sentAt) => ({ auth_time: sentAt + 3_700 })))).toMatchObject({ state: 'expired' })
  })

  test('does not count without one, or with that of an earlier login', async () => {
    expect(told(await found(() => ({})))).toMatchObject({ state: 'expired' })
    expect(told(await found((sentAt) => ({ auth_time: sentAt - 60 })))).toMatchObject({ state: 'expired' })
  })
})

test('why an id_token is not accepted is told to the operator', async () => {
  const now = Math.floor(Date.now() / 1000)
  for (const [claims, reason] of [
    [{ aud: 'other-app' }, /aud/],
    [{ iss: 'https://other.example' }, /iss/],
    [{ exp: now - 600 }, /exp/],
    [{ sub: 'mallory' }, /another subject/],
    [{ iat: now - 7 * 86_400 }, /older than the question/],
    [{ azp: 'other' }, /another client|azp/],
  ] as const) {
    const target = await begin()
    target.answer(await target.success({ id_token: await target.idToken(claims) }))
    const { record } = await follow(target)
    expect(stateOf(record)).toBe('failed')
    expect(noteOf(record)).toMatch(reason)
  }
})
