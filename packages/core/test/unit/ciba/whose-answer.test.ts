import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { auth0Profile, defaultProfile, ISSUER, refusal, stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()

describe('the id_token', () => {
  test('says when it was issued: not five minutes before the question, and not in the future', async () => {
    const { look, answer, success, idToken, clock } = await begin()
    const now = clock.now() / 1000
    for (const [iat, status] of [
      [undefined, 'failed'],
      [now - 901, 'failed'],
      [now - 900, 'approved'],
      [now + 30, 'approved'],
      [now + 31, 'failed'],
    ] as const) {
      answer(await success({ id_token: await idToken({ iat: iat as never, exp: now + 900 }) }))
      expect((await look({}, stateOf(clock, { sentAt: now - 600 }))).status, String(iat)).toBe(status)
    }
  })

  test('of a person with a tenant is that of the approver who was named without one', async () => {
    const { look, answer, success, idToken } = await begin(auth0Profile)
    answer(await success({ id_token: await idToken({ org_id: 'org_1' }) }))
    expect((await look()).status).toBe('approved')
  })

  test(verifies('I10', 'names no party that acts for the approver, but for our agent'), async () => {
    const { look, answer, success, idToken, accessToken } = await begin((issuer) => ({
      ...defaultProfile(issuer),
      actor: 'agent:a',
    }))
    for (const [act, status] of [
      [{ sub: 'support-desk' }, 'failed'],
      [{ sub: 'support-desk', act: { sub: 'agent:a' } }, 'failed'],
      [{}, 'failed'],
      [null, 'failed'],
      [{ sub: 'agent:a' }, 'approved'],
    ] as const) {
      const access_token = await accessToken({ act: { sub: 'agent:a' } })
      answer(await success({ id_token: await idToken({ act }), access_token }))
      expect((await look()).status, JSON.stringify(act)).toBe(status)
    }
  })

  test('is the evidence of the answer, by what it says of the login, and never itself', async () => {
    const { look, answer, success, idToken, clock } = await begin()
    const auth_time = clock.now() / 1000
    const id_token = await idToken({ auth_time, acr: 'mfa', jti: 'id-1' })
    answer(await success({ id_token }))
    const evidence = { method: 'ciba', authTime: auth_time, acr: 'mfa', jti: 'id-1' }
    expect(await look()).toMatchObject({ status: 'approved', answeredAt: auth_time, evidence })
    answer(await success({ id_token: await idToken({ acr: 5 as never, jti: ['a'] as never }) }))
    expect(await look()).toMatchObject({ status: 'approved', evidence: { method: 'ciba' } })
  })
})

describe('the access token', () => {
  test.each([
    ['the tenant of the approver', 'org_1', 'org_1', 'approved'],
    ['another tenant than the approver', 'org_1', 'org_2', 'failed'],
    ['another tenant than the id_token of an approver without one', undefined, 'org_2', 'failed'],
    ['no tenant', 'org_1', undefined, 'approved'],
  ])('names %s', async (_, tenant, inToken, status) => {
    const { look, answer, success, accessToken, idToken } = await begin(auth0Profile)
    const [id_token, access_token] = [
      await idToken({ org_id: 'org_1' }),
      await accessToken({ org_id: inToken as never, sub: 'ann' }),
    ]
    answer(await success({ id_token, access_token }))
    const approver = { issuer: ISSUER, subject: 'ann', ...(tenant !== undefined && { tenant }) }
    expect(await look({ approver })).toMatchObject({ status })
  })

  const two = { credential: { resource: 'https://api.example.com', scopes: ['trade:write', 'trade:read'] } }
  const all = 'trade:write trade:read'
  test.each([
    ['all scopes', 'trade:read trade:write', 'approved'],
    ['one of two', 'trade:write', 'failed'],
    ['one of two, and another', 'trade:write admin', 'failed'],
    ['three', 'trade:write trade:read admin', 'failed'],
    ['all, as is meant where none are named', undefined, 'approved'],
  ])('has %s', async (_, scope, status) => {
    const { look, answer, success, accessToken, clock } = await begin()
    answer(await success({ scope, access_token: await accessToken({ scope: scope ?? all }) }))
    expect((await look(two, stateOf(clock))).status).toBe(status)
  })

  test('that names no client is taken where the profile asks for none; so is one that names an actor', async () => {
    const lax = (issuer: string) => ({
      ...defaultProfile(issuer),
      token: { ...defaultProfile(issuer).token, requiredClaims: ['sub'] },
    })
    const { look, answer, success, accessToken, clock } = await begin(lax)
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
