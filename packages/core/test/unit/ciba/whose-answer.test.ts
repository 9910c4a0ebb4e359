import { describe, expect, test } from 'vitest'
import { auth0 } from '../../../src/authorization-server/index.ts'
import { BehalfError, ConfigurationError } from '../../../src/errors/index.ts'
import { defaultProfile, ISSUER, order, question, refusal, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()

const stateOf = (clock: { now(): number }, over: object = {}) => ({
  authReqId: crypto.randomUUID(),
  expiresAt: clock.now() / 1000 + 120,
  interval: 2,
  detailsSent: true,
  ...over,
})

describe('the id_token', () => {
  test('says when it was issued: not before the question, not after now, but for five minutes', async () => {
    const { look, answer, success, idToken, clock } = await begin()
    const now = clock.now() / 1000
    for (const [iat, status] of [
      [undefined, 'failed'],
      [now - 901, 'failed'],
      [now - 900, 'approved'],
      [now + 300, 'approved'],
      [now + 301, 'failed'],
    ] as const) {
      answer(await success({ id_token: await idToken({ iat: iat as never, exp: now + 900 }) }))
      expect((await look({}, stateOf(clock, { sentAt: now - 600 }))).status, String(iat)).toBe(status)
    }
  })

  test('of a person with a tenant is that of the approver who was named without one', async () => {
    const profile = {
      ...auth0({
        domain: 'issuer.example',
        clientId: 'agent-app',
        clientSecret: 'a-client-secret',
        algorithms: ['ES256'],
      }),
      issuer: ISSUER,
    }
    const { look, answer, success, idToken } = await begin(() => profile)
    answer(await success({ id_token: await idToken({ org_id: 'org_1' }) }))
    expect((await look()).status).toBe('approved')
  })
})

describe('details that were asked (RFC 9396 §7)', () => {
  const other = { ...order, quantity: 500 }
  /** In the answer, in its token; and whether they went out with the question. */
  test.each([
    ['in both', [order], [order], true, 'approved'],
    ['in the token alone', undefined, [order], true, 'approved'],
    ['in the answer alone', [order], undefined, true, 'approved'],
    ['in neither', undefined, undefined, true, 'failed'],
    ['others in the token', [order], [other], true, 'failed'],
    ['others in the answer', [other], [order], true, 'failed'],
    ['never sent, so that none come', undefined, undefined, false, 'approved'],
    ['never sent, whatever comes', [other], [other], false, 'approved'],
  ])('%s', async (_, around, inside, detailsSent, status) => {
    const { look, answer, success, accessToken, clock } = await begin()
    const access_token = await accessToken({ authorization_details: inside as never })
    answer(await success({ authorization_details: around, access_token }))
    expect((await look({}, stateOf(clock, { detailsSent }))).status).toBe(status)
  })

  test.each([
    ['as asked', [order], true, 'approved'],
    ['others', [other], true, 'failed'],
    ['none', undefined, true, 'failed'],
    ['never sent', undefined, false, 'approved'],
  ])('where the answer’s token is of no use: %s', async (_, granted, detailsSent, status) => {
    const { channel, context, clock, answer, success } = await begin()
    const { credential: __, ...plain } = question(clock)
    answer(await success({ authorization_details: granted, access_token: 'opaque' }))
    const looked = await channel.look({ state: stateOf(clock, { detailsSent }) }, plain, context)
    expect(looked).toEqual(status === 'approved' ? { status } : { status, detail: expect.any(String) })
  })

  test('are shown to the app only where they are a list', async () => {
    const shown: unknown[] = []
    const sameDetails = (granted: unknown) => shown.push(granted) > 0
    const { look, answer, success, accessToken, clock } = await begin(undefined, { sameDetails })
    for (const granted of ['x', { 0: order, length: 1 }, undefined, null]) {
      const access_token = await accessToken({ authorization_details: granted as never })
      answer(await success({ authorization_details: undefined, access_token }))
      expect((await look({}, stateOf(clock))).status, JSON.stringify(granted)).toBe('failed')
    }
    expect(shown).toEqual([])
  })

  test.each([
    ['a fault', Object.assign(new Error('of the app'), { retryable: true })],
    ['a wrong set-up', new ConfigurationError('app', 'mend it')],
  ])('%s while they are compared is told, and not tried again', async (_, fault) => {
    const sameDetails = () => {
      throw fault
    }
    const { look, answer, success, clock } = await begin(undefined, { sameDetails })
    answer(await success())
    await expect(look({}, stateOf(clock))).rejects.toBe(fault)
    expect(BehalfError.isInstance(fault) && fault.retryable).toBe(false)
  })
})

describe('the access token', () => {
  const two = { credential: { resource: 'https://api.example.com', scopes: ['trade:write', 'trade:read'] } }
  test.each([
    ['all scopes', 'trade:read trade:write', 'approved'],
    ['one of two', 'trade:write', 'failed'],
    ['one of two, and another', 'trade:write admin', 'failed'],
    ['three', 'trade:write trade:read admin', 'failed'],
    ['all, as is meant where none are named', undefined, 'approved'],
  ])('has %s', async (_, scope, status) => {
    const { look, answer, success, clock } = await begin()
    answer(await success({ scope }))
    expect((await look(two, stateOf(clock))).status).toBe(status)
  })

  test('that names no client is taken; so is one that names an actor where none is expected', async () => {
    const { look, answer, success, accessToken, clock } = await begin()
    for (const claims of [{ client_id: undefined as never }, { act: { sub: 'agent:trader' } }]) {
      answer(await success({ access_token: await accessToken(claims) }))
      expect((await look({}, stateOf(clock))).status, JSON.stringify(claims)).toBe('approved')
    }
  })
})

describe('a refusal (A6)', () => {
  test.each([
    ['authorization_pending', 'pending', 'expired'],
    ['slow_down', 'pending', 'expired'],
    ['use_dpop_nonce', 'pending', 'expired'],
    ['access_denied', 'denied', 'denied'],
    ['expired_token', 'expired', 'expired'],
  ])('%s is %s in time, and %s after it', async (error, inTime, late) => {
    const { look, answer, clock } = await begin(defaultProfile)
    const now = clock.now() / 1000
    for (const [expiresAt, status] of [
      [now + 1, inTime],
      [now, late],
      [now - 1, late],
    ] as const) {
      answer(refusal(error))
      expect((await look({}, stateOf(clock, { expiresAt }))).status, String(expiresAt - now)).toBe(status)
    }
  })
})
