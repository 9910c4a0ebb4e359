import { verifies } from '@behalf/testing/requirements'
import { decodeJwt, decodeProtectedHeader, generateKeyPair } from 'jose'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { CibaOptions } from '../../src/ciba/settings.ts'
import { ciba } from '../../src/entrypoints/ciba.ts'
import { type OidcOptions, oidc } from '../../src/entrypoints/providers.ts'
import { stateOf } from '../../src/runs/run-state.ts'
import { refusal, useBackchannel } from '../unit/ciba/backchannel.ts'
import { follow } from '../unit/ciba/follow.ts'

const begin = useBackchannel()
const es256 = await generateKeyPair('ES256')
const rs256 = await generateKeyPair('RS256')
const acrValues = ['urn:openbanking:psd2:sca']

const fapi =
  (over: Partial<OidcOptions> = {}) =>
  (issuer: string) =>
    oidc({
      issuer,
      clientId: 'agent-app',
      ...('clientSecret' in over || 'clientAuthentication' in over ? {} : { privateKey: es256.privateKey }),
      algorithms: ['ES256'],
      ciba: { carriesAuthorizationDetails: true },
      ...over,
    })
const problemOf = (over: Partial<OidcOptions>, options: Partial<CibaOptions> = {}) =>
  ciba({ profile: 'fapi', acrValues, ...options }).checkProfile?.(fapi(over)('https://issuer.example'))

describe("the profile 'fapi'", () => {
  verifies('FAPI-CIBA-client-authentication', 'a secret is refused, and a public client', () => {
    expect(problemOf({})).toBeUndefined()
    const signRequest = { privateKey: es256.privateKey }
    for (const method of ['tls_client_auth', 'self_signed_tls_client_auth'] as const) {
      expect(problemOf({ clientAuthentication: { method } }, { signRequest })).toBeUndefined()
    }
    expect(problemOf({ clientSecret: 'a-secret' }, { signRequest })).toContain('client_secret')
    expect(problemOf({ clientAuthentication: { method: 'none' } }, { signRequest })).toContain('none')
  })

  verifies('FAPI-CIBA-assertion-audience', 'at both endpoints, unless the app chooses the endpoint', async () => {
    const target = await begin(fapi(), { profile: 'fapi', acrValues })
    await target.ask()
    target.answer(refusal('authorization_pending'))
    await target.look()
    for (const form of [...target.asked, ...target.polls]) {
      expect(decodeJwt(form.get('client_assertion') ?? '').aud).toBe('https://issuer.example')
    }
  })

  verifies('FAPI-CIBA-signed-request', 'by the key of the client, or one of its own', async () => {
    const target = await begin(fapi(), { profile: 'fapi', acrValues })
    await target.ask()
    expect(decodeProtectedHeader(target.asked[0]?.get('request') ?? '')).toMatchObject({ alg: 'ES256' })
    expect(() => ciba({ profile: 'fapi', acrValues, signRequest: false })).toThrow('ciba.signRequest')
    expect(problemOf({ clientAuthentication: { method: 'tls_client_auth' } })).toContain('signRequest')
  })

  verifies('FAPI-CIBA-request-claims', 'and outside it is the authentication of the client alone', async () => {
    const target = await begin(fapi(), { profile: 'fapi', acrValues, userCode: () => '1234', ping: true })
    await target.ask()
    const names = [...(target.asked[0]?.keys() ?? [])].filter((name) => name !== 'client_id')
    expect(names.sort()).toEqual(['client_assertion', 'client_assertion_type', 'request'])
    const { nbf = 0, exp = 0, ...claims } = decodeJwt(target.asked[0]?.get('request') ?? '')
    expect(exp - nbf).toBeLessThanOrEqual(3600)
    expect(nbf).toBeLessThanOrEqual(target.clock.now() / 1000)
    expect(claims).toMatchObject({ iss: 'agent-app', aud: 'https://issuer.example', jti: expect.any(String) })
    expect(claims).toMatchObject({ user_code: '1234', client_notification_token: expect.any(String) })
  })

  verifies('FAPI-CIBA-key-size', 'a smaller key is refused where it is configured', async () => {
    const { privateKey } = await generateKeyPair('PS256')
    const algorithm = {
      name: 'RSA-PSS',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
    }
    const small = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    expect(problemOf({ privateKey, algorithms: ['PS256'] })).toBeUndefined()
    const signRequest = { privateKey: small.privateKey }
    expect(() => fapi(signRequest)('https://issuer.example')).toThrow('2048 bits')
    expect(() => ciba({ profile: 'fapi', acrValues, signRequest })).toThrow('2048 bits')
  })

  verifies('FAPI-CIBA-consumption-device', 'with a request or a poll', async () => {
    const target = await begin(fapi(), { profile: 'fapi', acrValues })
    await target.ask()
    target.answer(refusal('authorization_pending'))
    await target.look()
    const sent = [...target.askedHeaders, ...target.pollHeaders]
    expect(sent).toHaveLength(2)
    expect(sent.flatMap((headers) => [...headers.keys()]).filter((name) => name.startsWith('x-fapi'))).toEqual([])
  })

  verifies('FAPI-CIBA-algorithms', 'another one is refused where it is configured', () => {
    expect(problemOf({ privateKey: rs256.privateKey })).toContain('RS256')
    expect(problemOf({}, { signRequest: { privateKey: rs256.privateKey } })).toContain('RS256')
    expect(problemOf({ algorithms: ['ES256', 'RS256'] })).toContain('RS256')
    expect(problemOf({ algorithms: ['ES256', 'PS256'] })).toBeUndefined()
  })

  verifies('FAPI-CIBA-context', 'inside the signed request', async () => {
    const target = await begin(fapi(), { profile: 'fapi', acrValues })
    await target.ask({ message: 'Buy 50 shares of AAPL' })
    const claims = decodeJwt(target.asked[0]?.get('request') ?? '')
    expect(claims).toMatchObject({ binding_message: 'Buy 50 shares of AAPL', acr_values: acrValues[0] })
  })

  verifies(
    'FAPI-CIBA-level',
    'it must be named, and an answer at another one or at none approves nothing',
    async () => {
      expect(() => ciba({ profile: 'fapi' })).toThrow('ciba.acrValues')
      expect(() => ciba({ profile: 'fapi', acr: 'essential' })).toThrow("acr: 'voluntary'")
      const target = await begin(fapi(), { profile: 'fapi', acrValues })
      const { state } = await target.ask()
      target.answer(await target.success({ id_token: await target.idToken({ acr: 'urn:password' }) }))
      expect(await target.look({}, state)).toMatchObject({ status: 'failed' })
      target.answer(await target.success({ id_token: await target.idToken() }))
      expect(await target.look({}, state)).toMatchObject({ status: 'failed' })
      target.answer(await target.success({ id_token: await target.idToken({ acr: acrValues[0] }) }))
      expect(await target.look({}, state)).toMatchObject({ status: 'approved' })
    },
  )

  verifies(
    'FAPI-CIBA-essential-acr',
    'inside the signed request, and a server that reads no claims has acr_values',
    async () => {
      const values = ['urn:openbanking:psd2:sca', 'urn:openbanking:psd2:ca']
      const target = await begin(fapi(), { profile: 'fapi', acrValues: values })
      await target.ask()
      expect(decodeJwt(target.asked[0]?.get('request') ?? '')).toMatchObject({
        acr_values: values.join(' '),
        claims: { id_token: { acr: { essential: true, values } } },
      })
    },
  )

  test.each([
    ['none', undefined, {}],
    ['another one than the preferred', acrValues, { acr: 'urn:password' }],
  ])(
    "the level is left to the server by acr: 'voluntary': an answer at %s approves",
    async (_name, preferred, claims) => {
      for (const profile of ['fapi', undefined] as const) {
        const target = await begin(fapi(), {
          acr: 'voluntary',
          ...(profile && { profile }),
          ...(preferred && { acrValues: preferred }),
        })
        const { state } = await target.ask()
        const form = target.asked[0] ?? new URLSearchParams()
        const sent = profile ? decodeJwt(form.get('request') ?? '') : Object.fromEntries(form)
        expect(sent).not.toHaveProperty('claims')
        expect(sent.acr_values).toBe(preferred?.[0])
        target.answer(await target.success({ id_token: await target.idToken(claims) }))
        const answer = await target.look({}, state)
        expect(answer).toMatchObject({ status: 'approved', evidence: claims })
      }
    },
  )

  test('is a word that is known', () => {
    for (const options of [{ profile: 'fapi2' }, { ping: 'sometimes' }, { scopedToken: 1 }, { acr: 'optional' }]) {
      expect(() => ciba(options as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    }
  })
})

describe('one key for all', () => {
  test('signRequest: true signs by the key of private_key_jwt, and needs one', async () => {
    const target = await begin(fapi(), { signRequest: true })
    await target.ask()
    expect(decodeProtectedHeader(target.asked[0]?.get('request') ?? '')).toMatchObject({ alg: 'ES256' })
    const secret = await begin(fapi({ clientSecret: 'a-secret' }), { signRequest: true })
    await expect(secret.ask()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', option: 'ciba.signRequest' })
    expect(secret.asked).toHaveLength(0)
  })
})

describe('a question that is sent once (maxSends)', () => {
  test('ends with expired_token; without the bound it is sent again', async () => {
    for (const [maxSends, sends, state] of [
      [1, 1, 'expired'],
      [2, 2, 'approved'],
    ] as const) {
      const target = await begin(fapi())
      target.answer(refusal('expired_token'))
      target.answer(await target.success())
      expect(stateOf((await follow(target, { maxSends })).record)).toBe(state)
      expect(target.asked).toHaveLength(sends)
    }
  })

  test.each([
    ['is unavailable', () => new HttpResponse(null, { status: 503 })],
    ['breaks the connection', () => HttpResponse.error()],
  ])('is not sent again where the server %s, since the person may have been asked', async (_name, answer) => {
    for (const maxSends of [1, 2]) {
      const target = await begin(fapi())
      target.acknowledges(answer as () => Response)
      const sent = []
      const { again } = await follow(target, { maxSends, seconds: -1 })
      for (let tries = 0; tries < 4; tries++) {
        sent.push(
          await again().then(
            (run) => stateOf(run),
            ({ code }) => code,
          ),
        )
      }
      expect(sent).toEqual([...Array(maxSends).fill('ERR_TRANSPORT'), ...Array(4 - maxSends).fill('expired')])
      expect(target.asked).toHaveLength(maxSends)
    }
  })
})

describe("ping: 'only'", () => {
  test('polls once, shortly before the end, where no ping came', async () => {
    const target = await begin(fapi(), { ping: 'only' })
    target.acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 60, interval: 5 }))
    target.answer(await target.success())
    const start = target.clock.now() / 1000
    expect(stateOf((await follow(target)).record)).toBe('approved')
    expect(target.pollTimes).toHaveLength(1)
    expect((target.pollTimes[0] ?? 0) - start).toBeGreaterThanOrEqual(54)
    expect((target.pollTimes[0] ?? 0) - start).toBeLessThan(60)
  })

  test('polls after a ping, at the interval', async () => {
    const target = await begin(fapi(), { ping: 'only' })
    const { state } = await target.ask()
    expect(await target.look({}, state)).toMatchObject({ status: 'pending', found: 'nothing' })
    expect(target.polls).toHaveLength(0)
    target.answer(refusal('authorization_pending'))
    target.answer(await target.success())
    const pinged = { ...state, pinged: true }
    expect(await target.look({}, pinged)).toMatchObject({ status: 'pending', state: { pinged: true } })
    expect(await target.look({}, pinged)).toMatchObject({ status: 'approved' })
  })
})

describe('a token by its scopes (scopedToken)', () => {
  const owner = { issuer: 'https://issuer.example', subject: 'ann' }
  const carries = async (options: CibaOptions, question: object) => {
    const { channel, context } = await begin(fapi(), options)
    return channel.carriesCredential?.({ approver: owner, owner, details: [], ...question } as never, context)
  }

  test('is the credential of the owner where the question has no details, and the app asks for it', async () => {
    expect(await carries({ scopedToken: true }, {})).toBe('scopes')
    expect(await carries({}, {})).toBe(false)
    expect(await carries({ scopedToken: true }, { approver: { ...owner, subject: 'bob' } })).toBe(false)
    expect(await carries({ scopedToken: true }, { details: [{ type: 'order' }] })).toBe(true)
  })

  test('is held to the scopes that were asked for', async () => {
    const target = await begin(fapi({ ciba: { carriesAuthorizationDetails: false } }), { scopedToken: true })
    const { state } = await target.ask({ details: [] })
    expect(target.asked[0]?.get('scope')).toBe('openid trade:write')
    expect(target.asked[0]?.has('authorization_details')).toBe(false)
    const opaque = { access_token: 'opaque', authorization_details: undefined }
    target.answer(await target.success({ ...opaque, scope: 'openid' }))
    expect(await target.look({ details: [] }, state)).toMatchObject({ status: 'failed' })
    target.answer(await target.success(opaque))
    expect(await target.look({ details: [] }, state)).toMatchObject({
      status: 'approved',
      token: { scopes: ['trade:write'] },
    })
  })
})
