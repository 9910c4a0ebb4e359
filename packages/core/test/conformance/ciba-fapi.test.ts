import { verifies } from '@behalf/testing/requirements'
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import { HttpResponse } from 'msw'
import { describe, expect } from 'vitest'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../src/oauth/profiles/profile.ts'
import { approvalOf, noteOf, stateOf } from '../../src/runs/run-state.ts'
import { ISSUER, refusal, useBackchannel } from '../unit/ciba/backchannel.ts'
import { follow } from '../unit/ciba/follow.ts'
import { told } from '../unit/runs/harness.ts'

const begin = useBackchannel()
const key = await generateKeyPair('ES256')

/** FAPI: the client proves itself by a signed assertion, and one signature algorithm is registered. */
const fapi = (issuer: string): Profile =>
  oidc({
    issuer,
    clientId: 'agent-app',
    privateKey: key.privateKey,
    algorithms: ['ES256'],
    ciba: { carriesAuthorizationDetails: true },
  })
const beginFapi = () => begin(fapi)
type Target = Awaited<ReturnType<typeof beginFapi>>

/** Pending twice, then this: what the plan's modules do. */
async function afterTwoPolls(target: Target, third: Response) {
  target.answer(refusal('authorization_pending'))
  target.answer(refusal('authorization_pending'))
  target.answer(third)
  return follow(target)
}

describe('a flow', () => {
  verifies('FAPI-CIBA-client', 'request, polls while pending, answer', async () => {
    const target = await beginFapi()
    const { record } = await afterTwoPolls(target, await target.success())
    expect(told(record)).toMatchObject({ state: 'approved', token: { scopes: ['trade:write'] } })
    expect(target.polls).toHaveLength(3)
    for (const form of [...target.asked, ...target.polls]) {
      expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      expect(form.has('client_secret')).toBe(false)
    }
  })

  verifies('FAPI-CIBA-client-refresh-token', 'each refresh uses what the last one brought', async () => {
    const target = await beginFapi()
    const server = target.context.authorizationServers.of(ISSUER)
    const refresh = (refreshToken: string) => server.grant('refresh_token', { refresh_token: refreshToken })
    target.answer(await target.success({ refresh_token: 'r-2' }))
    target.answer(await target.success({ refresh_token: 'r-3' }))
    const first = await refresh('r-1')
    const second = await refresh(first.refreshToken ?? '')
    expect(second.refreshToken).toBe('r-3')
    expect(target.polls.map((form) => form.get('refresh_token'))).toEqual(['r-1', 'r-2'])
  })

  verifies('FAPI-CIBA-client-valid-aud-as-array', 'one audience in an array is one audience', async () => {
    const target = await beginFapi()
    target.answer(await target.success({ id_token: await target.idToken({ aud: ['agent-app'] }) }))
    expect(stateOf((await follow(target)).record)).toBe('approved')
  })

  verifies('FAPI-CIBA-client-no-scope-in-token-endpoint-response', 'what was asked was granted', async () => {
    const target = await beginFapi()
    target.answer(await target.success({ scope: undefined, expires_in: undefined }))
    expect(told((await follow(target)).record)).toMatchObject({ state: 'approved', token: { scopes: ['trade:write'] } })
  })
})

describe('the pace', () => {
  verifies('FAPI-CIBA-client-respects-polling-interval', 'an interval of 31 s is 31 s', async () => {
    const target = await beginFapi()
    target.acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 300, interval: 31 }))
    const start = target.clock.now() / 1000
    await afterTwoPolls(target, await target.success())
    expect(target.pollTimes.map((at) => at - start)).toEqual([31, 62, 93])
  })

  verifies('FAPI-CIBA-client-slow-down', '5 s become 10, and 15 after the next one', async () => {
    const target = await beginFapi()
    target.acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 300 }))
    const start = target.clock.now() / 1000
    for (const error of ['authorization_pending', 'slow_down', 'authorization_pending', 'slow_down']) {
      target.answer(refusal(error))
    }
    target.answer(await target.success())
    await follow(target)
    expect(target.pollTimes.map((at) => at - start)).toEqual([5, 10, 20, 30, 45])
  })
})

/** The backchannel endpoint answers this: the approval ends, and no poll is sent. */
const sendsNoPoll =
  (body: Record<string, unknown>, status = 200) =>
  async () => {
    const target = await beginFapi()
    target.acknowledges(() => HttpResponse.json(body, { status }))
    expect(stateOf((await follow(target)).record)).toBe('failed')
    expect(target.asked).toHaveLength(1)
    expect(target.polls).toHaveLength(0)
  }

describe('what the backchannel endpoint answers', () => {
  verifies(
    'FAPI-CIBA-client-backchannel-response-missing-auth-req-id',
    'no id, no poll',
    sendsNoPoll({ expires_in: 120, interval: 5 }),
  )
  verifies(
    'FAPI-CIBA-client-backchannel-response-missing-expires-in',
    'no end, no poll',
    sendsNoPoll({ auth_req_id: 'req-1', interval: 5 }),
  )
  verifies(
    'FAPI-CIBA-client-backchannel-unknown-user-id',
    'no person was asked, so no poll is sent',
    sendsNoPoll({ error: 'unknown_user_id' }, 400),
  )
})

/** The third poll is refused: it is the last. */
const lastPoll = (error: string, state: string) => async () => {
  const target = await beginFapi()
  expect(stateOf((await afterTwoPolls(target, refusal(error))).record)).toBe(state)
  expect(target.polls).toHaveLength(3)
}

describe('what the token endpoint refuses, on the third poll', () => {
  verifies('FAPI-CIBA-client-token-invalid-request', 'no poll follows it', lastPoll('invalid_request', 'failed'))
  verifies('FAPI-CIBA-client-access-denied', 'no poll follows it', lastPoll('access_denied', 'denied'))

  verifies('FAPI-CIBA-client-expired-token', 'the id is never polled again; the person is asked again', async () => {
    const target = await beginFapi()
    let sent = 0
    target.acknowledges(() => HttpResponse.json({ auth_req_id: `req-${++sent}`, expires_in: 120, interval: 2 }))
    target.answer(refusal('authorization_pending'))
    target.answer(refusal('authorization_pending'))
    target.answer(refusal('expired_token'))
    target.answer(await target.success())
    expect(stateOf((await follow(target)).record)).toBe('approved')
    expect(target.polls.map((form) => form.get('auth_req_id'))).toEqual(['req-1', 'req-1', 'req-1', 'req-2'])
  })
})

const WEEK_SECONDS = 7 * 24 * 3600

const unsigned = (claims: object) =>
  `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

/** The third poll brings this id_token: it approves nothing, and no poll follows. */
const approvesNothing = (make: (target: Target, now: number) => Promise<string> | string) => async () => {
  const target = await beginFapi()
  const idToken = await make(target, target.clock.now() / 1000)
  const { record } = await afterTwoPolls(target, await target.success({ id_token: idToken }))
  expect(stateOf(record)).toBe('failed')
  expect(approvalOf(record)?.token).toBeUndefined()
  expect(target.polls).toHaveLength(3)
}

describe('an id_token that is not right approves nothing', () => {
  verifies(
    'FAPI-CIBA-client-invalid-iss',
    'another issuer',
    approvesNothing(({ idToken }) => idToken({ iss: 'https://other.example' })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-aud',
    'another client',
    approvesNothing(({ idToken }) => idToken({ aud: 'other-app' })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-secondary-aud',
    'us and another client',
    approvesNothing(({ idToken }) => idToken({ aud: ['agent-app', 'https://other.example'] })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-signature',
    'a key that is not the issuer’s',
    approvesNothing(async ({ idToken }) => idToken({}, (await generateKeyPair('ES256')).privateKey)),
  )
  verifies(
    'FAPI-CIBA-client-invalid-null-alg',
    'no signature at all',
    approvesNothing((_, now) => unsigned({ iss: ISSUER, sub: 'ann', aud: 'agent-app', iat: now, exp: now + 300 })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-expired-exp',
    'ended a minute ago',
    approvesNothing(({ idToken }, now) => idToken({ exp: now - 60 })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-iat-is-week-in-past',
    'made for last week’s question',
    approvesNothing(({ idToken }, now) => idToken({ iat: now - WEEK_SECONDS })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-missing-aud',
    'no audience',
    approvesNothing(({ idToken }) => idToken({ aud: undefined as never })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-missing-exp',
    'for ever',
    approvesNothing(({ idToken }) => idToken({ exp: undefined as never })),
  )
  verifies(
    'FAPI-CIBA-client-invalid-missing-iss',
    'no issuer',
    approvesNothing(({ idToken }) => idToken({ iss: undefined as never })),
  )
  verifies('FAPI-CIBA-client-invalid-alternate-alg', 'a key of the issuer with another algorithm', async () => {
    const target = await beginFapi()
    const other = await generateKeyPair('PS256')
    // The server knows both; this client is registered for one.
    target.issuer.metadata.id_token_signing_alg_values_supported = ['ES256', 'PS256']
    target.issuer.keys.push({ ...(await exportJWK(other.publicKey)), kid: 'ps', alg: 'PS256', use: 'sig' })
    const idToken = await target.idToken({}, other.privateKey, { alg: 'PS256', kid: 'ps' })
    const { record } = await afterTwoPolls(target, await target.success({ id_token: idToken }))
    expect(stateOf(record)).toBe('failed')
    expect(noteOf(record)).toContain('algorithm')
  })

  verifies('FAPI-CIBA-encryption', 'whatever its algorithm', async () => {
    const target = await beginFapi()
    const { publicKey } = await generateKeyPair('RSA-OAEP')
    const jwe = await new CompactEncrypt(Buffer.from(await target.idToken()))
      .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' })
      .encrypt(publicKey)
    const old = [
      Buffer.from('{"alg":"RSA1_5","enc":"A256GCM"}').toString('base64url'),
      ...jwe.split('.').slice(1),
    ].join('.')
    for (const idToken of [jwe, old]) {
      target.answer(await target.success({ id_token: idToken }))
      expect(await target.look()).toMatchObject({ status: 'failed' })
    }
  })

  verifies('FAPI-CIBA-duplicate-kid', 'the right one verifies, and another one does not', async () => {
    const target = await beginFapi()
    const { kid } = target.issuer
    const [rsa, curve] = [await generateKeyPair('PS256'), await generateKeyPair('ES384')]
    target.issuer.keys.unshift(
      { ...(await exportJWK(rsa.publicKey)), kid, use: 'sig' },
      { ...(await exportJWK(curve.publicKey)), kid, use: 'sig' },
    )
    target.answer(await target.success())
    expect(await target.look()).toMatchObject({ status: 'approved' })
    target.answer(await target.success({ id_token: await target.idToken({}, rsa.privateKey, { alg: 'PS256' }) }))
    expect(await target.look()).toMatchObject({ status: 'failed' })
  })

  verifies('CIBA-10.3.1-bound-id_token', 'that names another request, or another access token', async () => {
    const target = await beginFapi()
    const claim = 'urn:openid:params:jwt:claim:auth_req_id'
    for (const claims of [{ [claim]: 'req-2' }, { at_hash: 'Wt0kVFXMacqvnHeyU0001w' }, { at_hash: 7 }]) {
      target.answer(await target.success({ id_token: await target.idToken(claims) }))
      expect(await target.look(), JSON.stringify(claims)).toMatchObject({ status: 'failed' })
    }
    target.answer(await target.success({ id_token: await target.idToken({ [claim]: 'req-1' }) }))
    expect(await target.look()).toMatchObject({ status: 'approved', token: { scopes: ['trade:write'] } })
  })
})
