import { verifies } from '@behalf/testing/requirements'
import { decodeProtectedHeader, generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { ciba } from '../../../src/ciba/ciba.ts'
import type { CibaOptions } from '../../../src/ciba/settings.ts'
import { generateDpopKey, importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { ISSUER, order, refusal, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()
const configuration = expect.objectContaining({ code: 'ERR_CONFIGURATION' })

describe('the parameters (CIBA Core §7.1)', () => {
  verifies('CIBA-7.1-parameters', 'what the app chose is sent, each in its form', async () => {
    const { ask, asked } = await begin(undefined, {
      acrValues: ['urn:mfa', 'urn:pwd'],
      userCode: ({ subject }) => `code of ${subject}`,
      requestedExpirySeconds: 90,
      ping: true,
    })
    await ask()
    const form = asked[0] ?? new URLSearchParams()
    expect(Object.fromEntries(form)).toMatchObject({
      acr_values: 'urn:mfa urn:pwd',
      user_code: 'code of ann',
      requested_expiry: '90',
      binding_message: 'Buy 50 shares of AAPL',
      resource: 'https://api.example.com',
    })
    const token = form.get('client_notification_token') ?? ''
    expect(token).toMatch(/^a-1\.[A-Za-z0-9_-]{43}$/)
    expect(JSON.parse(form.get('authorization_details') ?? '')).toEqual([order])
    // CIBA Core has no such parameter.
    expect(form.has('claims')).toBe(false)
  })

  test('nothing that was not chosen is sent', async () => {
    const { ask, asked } = await begin()
    await ask()
    expect([...(asked[0]?.keys() ?? [])].sort()).toEqual([
      'authorization_details',
      'binding_message',
      'client_id',
      'login_hint',
      'requested_expiry',
      'resource',
      'scope',
    ])
  })

  test.each([
    [{ loginHint: 'a@example.com' }, 'login_hint', 'a@example.com'],
    [{ loginHintToken: 'signed' }, 'login_hint_token', 'signed'],
    [{ idTokenHint: 'eyJ' }, 'id_token_hint', 'eyJ'],
  ] as const)('a hint of the app replaces that of the profile: %j', async (hint, name, value) => {
    const { ask, asked } = await begin(undefined, { hint: async () => hint })
    await ask()
    const hints = ['login_hint', 'login_hint_token', 'id_token_hint'].filter((key) => asked[0]?.has(key))
    expect(hints).toEqual([name])
    expect(asked[0]?.get(name)).toBe(value)
  })

  test('no hint, an empty one or two are refused before anything is sent', async () => {
    for (const hint of [{}, { login_hint: '' }, { login_hint: 'ann', id_token_hint: 'eyJ' }]) {
      const profile = oidc({
        issuer: ISSUER,
        clientId: 'agent-app',
        ciba: { hint: () => hint as Record<string, string> },
      })
      const { ask, asked } = await begin(() => profile)
      await expect(ask(), JSON.stringify(hint)).rejects.toEqual(configuration)
      expect(asked).toHaveLength(0)
    }
  })

  test.each([
    ['a scope with a space', { credential: { resource: 'https://api.example.com', scopes: ['a"b'] } }],
    ['a target with a fragment', { credential: { resource: 'https://api.example.com/#x', scopes: ['a'] } }],
    ['a target that is no URI', { credential: { resource: 'api', scopes: ['a'] } }],
    ['a detail without a type', { details: [{ type: '' }] }],
  ] as const)('%s is refused before anything is sent', async (_, over) => {
    const { ask, asked } = await begin()
    await expect(ask(over)).rejects.toEqual(configuration)
    expect(asked).toHaveLength(0)
  })

  test('a message that the server refuses is an error of approval.message, with the server’s own words', async () => {
    const target = await begin()
    target.acknowledges(() => refusal('invalid_binding_message'))
    await expect(target.ask()).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'approval.message',
      message:
        'approval.message: the authorization server answered "invalid_binding_message" ("x"): shorten it, or use fewer special characters',
    })
    target.acknowledges(() => refusal('unknown_user_id'))
    await expect(target.ask()).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'unknown_user_id' })
  })

  test('a bare invalid_request names what was sent, and of the values only the requested lifetime', async () => {
    const target = await begin(undefined, { userCode: () => 'secret-code' })
    target.acknowledges(() => Response.json({ error: 'invalid_request' }, { status: 400 }))
    const error: unknown = await target.ask().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'approvals' })
    const { message } = error as Error
    expect(message).toMatch(/scope, login_hint, binding_message, requested_expiry \d+, user_code/)
    expect(message).not.toContain('secret-code')
    target.acknowledges(() => refusal('invalid_request'))
    await expect(target.ask()).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', errorDescription: 'x' })
  })

  test('an empty user code is refused, an absent one is not sent', async () => {
    const empty = await begin(undefined, { userCode: () => '' })
    await expect(empty.ask()).rejects.toEqual(configuration)
    const absent = await begin(undefined, { userCode: () => undefined })
    await absent.ask()
    expect(absent.asked[0]?.has('user_code')).toBe(false)
  })

  test('a wish for a longer life than is left is not sent', async () => {
    const { ask, asked, clock } = await begin(undefined, { requestedExpirySeconds: 900 })
    await ask({ expiresAt: clock.now() / 1000 + 60 })
    expect(asked[0]?.get('requested_expiry')).toBe('60')
  })
})

describe('a signed request (CIBA Core §7.1.1)', () => {
  verifies('CIBA-7.1.1-signed-request', 'every parameter inside, none beside', async () => {
    const { privateKey, publicKey } = await generateKeyPair('PS256')
    const { ask, asked, clock } = await begin(undefined, {
      signRequest: { privateKey, algorithm: 'PS256', keyId: 'k1' },
      ping: true,
      acrValues: ['urn:mfa'],
    })
    await ask()
    expect([...(asked[0]?.keys() ?? [])].sort()).toEqual(['client_id', 'request'])
    const request = asked[0]?.get('request') ?? ''
    expect(decodeProtectedHeader(request)).toEqual({ alg: 'PS256', kid: 'k1' })
    const now = clock.now() / 1000
    const { payload } = await jwtVerify(request, publicKey, {
      issuer: 'agent-app',
      audience: ISSUER,
      currentDate: new Date(clock.now()),
    })
    expect(payload).toMatchObject({
      scope: 'openid trade:write',
      login_hint: 'ann',
      binding_message: 'Buy 50 shares of AAPL',
      acr_values: 'urn:mfa',
      authorization_details: [order],
      iat: now,
      nbf: now,
    })
    expect(payload.jti).toMatch(/^[0-9a-f-]{36}$/)
    expect(payload.exp).toBeLessThanOrEqual(now + 3600)
    expect(payload.client_notification_token).toBeTypeOf('string')
  })
})

describe('proof of possession (RFC 9449 §5)', () => {
  const bound = (dpop: Awaited<ReturnType<typeof importDpopKey>>) => (issuer: string) =>
    oidc({ issuer, clientId: 'agent-app', clientSecret: 'secret', dpop, ciba: { carriesAuthorizationDetails: true } })

  test('request and poll carry proofs; a token bound to our key is the credential, and the key is kept with it', async () => {
    const key = await importDpopKey(await generateKeyPair('ES256', { extractable: true }))
    const { ask, look, answer, success, accessToken, askedHeaders, pollHeaders } = await begin(bound(key))
    await ask()
    answer(await success({ token_type: 'DPoP', access_token: await accessToken({ cnf: { jkt: key.thumbprint } }) }))
    expect(await look()).toMatchObject({ status: 'approved', token: { keyThumbprint: key.thumbprint } })
    for (const headers of [askedHeaders[0], pollHeaders[0]]) {
      expect(decodeProtectedHeader(headers?.get('dpop') ?? '')).toMatchObject({ typ: 'dpop+jwt' })
    }
  })

  test(
    verifies('I8', 'a Bearer token, one bound to another key and one bound to none approve nothing (I8)'),
    async () => {
      const key = await importDpopKey(await generateKeyPair('ES256', { extractable: true }))
      const { look, answer, success, accessToken } = await begin(bound(key))
      const ours = await accessToken({ cnf: { jkt: key.thumbprint } })
      for (const over of [
        { token_type: 'Bearer', access_token: ours },
        { token_type: 'DPoP', access_token: await accessToken({ cnf: { jkt: 'another' } }) },
        { token_type: 'DPoP' },
      ]) {
        answer(await success(over))
        expect(await look(), JSON.stringify(over)).toMatchObject({ status: 'failed' })
      }
    },
  )

  test('a key that dies with the process cannot hold a token that outlives it', async () => {
    const key = await generateDpopKey()
    const { ask, asked } = await begin(bound(key))
    await expect(ask()).rejects.toEqual(configuration)
    expect(asked).toHaveLength(0)
  })
})

describe('an answer that was asked for more', () => {
  test('an `acr` that was not asked for approves nothing', async () => {
    const { channel, context, clock, ask, answer, success, idToken } = await begin(undefined, {
      acrValues: ['urn:mfa'],
    })
    const { question } = await import('./backchannel.ts')
    const asked = await ask()
    for (const [claims, status] of [
      [{ acr: 'urn:pwd' }, 'failed'],
      // Written as a text it would be the right one.
      [{ acr: ['urn:mfa'] }, 'failed'],
      [{}, 'failed'],
      [{ acr: 'urn:mfa' }, 'approved'],
    ] as const) {
      answer(await success({ id_token: await idToken(claims) }))
      expect(await channel.poll(asked, question(clock), context), JSON.stringify(claims)).toMatchObject({ status })
    }
  })

  test('an id_token from before the question approves nothing', async () => {
    const { channel, context, clock, ask, answer, success, idToken } = await begin()
    const { question } = await import('./backchannel.ts')
    const asked = await ask()
    const now = clock.now() / 1000
    for (const [iat, status] of [
      [now - 301, 'failed'],
      [now + 302, 'failed'],
      [now - 299, 'approved'],
    ] as const) {
      answer(await success({ id_token: await idToken({ iat, exp: now + 900 }) }))
      expect(await channel.poll(asked, question(clock), context), String(iat - now)).toMatchObject({ status })
    }
  })

  test('the app may say what counts as the same details; only `true` does', async () => {
    const enriched = [{ ...order, account: 'a-7' }]
    const verdicts: unknown[] = [true, false, 'yes', undefined]
    for (const verdict of verdicts) {
      const seen: unknown[] = []
      const sameDetails: CibaOptions['sameDetails'] = (granted, asked) => {
        seen.push([granted, asked])
        return verdict as boolean
      }
      const { look, answer, success, accessToken } = await begin(undefined, { sameDetails })
      answer(
        await success({
          authorization_details: enriched,
          access_token: await accessToken({ authorization_details: enriched }),
        }),
      )
      expect((await look()).status, String(verdict)).toBe(verdict === true ? 'approved' : 'failed')
      expect(seen[0]).toEqual([enriched, [order]])
    }
  })

  test('the details of the token count, whatever the answer around it says', async () => {
    const sameDetails: CibaOptions['sameDetails'] = (granted) => granted[0]?.quantity === 50
    const { look, answer, success, accessToken } = await begin(undefined, { sameDetails })
    answer(await success({ access_token: await accessToken({ authorization_details: [{ ...order, quantity: 500 }] }) }))
    expect(await look()).toMatchObject({ status: 'failed' })
  })
})

describe('options that are wrong are refused at construction (E3)', () => {
  test.each([
    [{ bindingMessage: 'x' }],
    [{ acr: 'essential' }],
    [{ acrValues: 'urn:mfa' }],
    [{ acrValues: ['two words'] }],
    [{ requestedExpirySeconds: 0 }],
    [{ requestedExpirySeconds: 1.5 }],
    [{ ping: 'yes' }],
    [{ hint: 'ann' }],
    [{ userCode: '1234' }],
    [{ sameDetails: true }],
    [{ signRequest: {} }],
    [{ signRequest: { privateKey: {}, algorithm: 'HS256' } }],
  ])('%j', (options) => {
    expect(() => ciba(options as never)).toThrow(configuration)
  })

  test('a public key, and a symmetric algorithm, sign nothing', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    expect(() => ciba({ signRequest: { privateKey: publicKey, algorithm: 'ES256' } })).toThrow(configuration)
    expect(() => ciba({ signRequest: { privateKey, algorithm: 'HS256' } })).toThrow(configuration)
    expect(() => ciba({ signRequest: { privateKey, algorithm: 'none' } })).toThrow(configuration)
  })

  test('another algorithm than the key signs with is named beside those that it has; by itself it is the first', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const wrong = () => ciba({ signRequest: { privateKey, algorithm: 'PS256' } })
    expect(wrong).toThrow('ciba.signRequest.algorithm: does not fit the key, which signs ES256')
    expect(() => ciba({ signRequest: { privateKey } })).not.toThrow()
  })
})
