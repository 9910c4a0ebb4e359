import { verifies } from '@behalf/testing/requirements'
import { generateKeyPair } from 'jose'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { auth0Profile, defaultProfile, ISSUER, order, useBackchannel } from '../unit/ciba/backchannel.ts'

const begin = useBackchannel()

describe('the request (CIBA Core §7)', () => {
  verifies('CIBA-7.1-scope', '`openid` is asked with the scopes of the credential', async () => {
    const { ask, asked } = await begin()
    await ask()
    expect(asked[0]?.get('scope')).toBe('openid trade:write')
  })

  verifies('CIBA-7.1-one-hint', 'one hint names the approver', async () => {
    const { ask, asked } = await begin()
    await ask()
    const hints = ['login_hint', 'id_token_hint', 'login_hint_token'].flatMap((name) => asked[0]?.getAll(name) ?? [])
    expect(hints).toEqual(['ann'])
  })

  verifies('CIBA-7.1-client-authentication', 'the client proves itself as at the token endpoint', async () => {
    const { ask, askedHeaders } = await begin()
    await ask()
    expect(askedHeaders[0]?.get('authorization')).toBe(`Basic ${btoa('agent-app:secret')}`)
  })

  verifies('CIBA-7.1-requested_expiry', 'a positive whole number within the bounds of the profile', async () => {
    const { ask, asked, clock } = await begin()
    await ask({ expiresAt: clock.now() / 1000 + 90.7 })
    await ask({ expiresAt: clock.now() / 1000 + 10 ** 7 })
    await ask({ expiresAt: clock.now() / 1000 - 5 })
    expect(asked.map((form) => form.get('requested_expiry'))).toEqual(['90', '86400', '1'])
  })

  verifies('RFC9396-2-type', 'each detail goes out with its type, as it was asked', async () => {
    const { ask, asked } = await begin()
    await ask()
    expect(JSON.parse(asked[0]?.get('authorization_details') ?? '')).toEqual([order])
  })

  verifies(
    'CIBA-7.3-acknowledgement',
    'what lacks auth_req_id or expires_in is refused; interval is 5 where absent or unusable',
    async () => {
      const { ask, acknowledges } = await begin()
      acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 120 }))
      expect(await ask()).toMatchObject({ interval: 5 })
      acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 120, interval: 0 }))
      expect(await ask()).toMatchObject({ interval: 5 })
      for (const body of [{ expires_in: 120 }, { auth_req_id: 'req-1' }, { auth_req_id: '', expires_in: 120 }, 'no']) {
        acknowledges(() => HttpResponse.json(body))
        await expect(ask()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
      }
    },
  )

  test('an interval below one second counts as one second, so that the server is not polled in a loop', async () => {
    const { ask, acknowledges } = await begin()
    acknowledges(() => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 120, interval: 0.0001 }))
    expect(await ask()).toMatchObject({ interval: 1, state: { interval: 1 } })
  })

  test('Auth0 gets its structured hint and its audience, and a message outside its alphabet is never sent', async () => {
    const { ask, asked } = await begin(auth0Profile)
    await ask()
    expect(JSON.parse(asked[0]?.get('login_hint') ?? '')).toEqual({ format: 'iss_sub', iss: ISSUER, sub: 'ann' })
    expect(asked[0]?.get('audience')).toBe('https://api.example.com')
    await expect(ask({ message: 'Buy 50 shares of “AAPL”' })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(asked).toHaveLength(1)
  })

  test('without a credential only `openid` is asked, and no target', async () => {
    const { channel, asked, context, clock } = await begin()
    const { question } = await import('../unit/ciba/backchannel.ts')
    const { credential: _, ...plain } = question(clock)
    await channel.ask(plain, context)
    expect(asked[0]?.get('scope')).toBe('openid')
    expect(asked[0]?.has('resource')).toBe(false)
  })
})

describe('the answer (CIBA Core §10.1.1)', () => {
  test('a whole and right answer is an approval, with the token as credential', async () => {
    const { look, answer, success, polls } = await begin()
    answer(await success())
    expect(await look()).toMatchObject({ status: 'approved', token: { scopes: ['trade:write'] } })
    expect(polls[0]?.get('auth_req_id')).toBe('req-1')
  })

  verifies('CIBA-10.1.1-id_token', 'an answer whose id_token does not verify approves nothing', async () => {
    const { look, answer, success, idToken, issuer } = await begin()
    const foreign = await generateKeyPair('ES256')
    const bad = {
      absent: undefined,
      'a foreign signature': await idToken({}, foreign.privateKey),
      'another issuer': await idToken({ iss: 'https://other.example' }),
      'another audience': await idToken({ aud: 'other-app' }),
      expired: await idToken({ exp: Math.floor(Date.now() / 1000) - 60 }),
      'the algorithm none': `${btoa('{"alg":"none"}').replaceAll('=', '')}.${btoa(JSON.stringify({ iss: issuer.issuer, sub: 'ann', aud: 'agent-app', exp: 9999999999 })).replaceAll('=', '')}.`,
      'no JWT': 'x',
      'several audiences and another azp': await idToken({ aud: ['agent-app', 'other'], azp: 'other' }),
    }
    for (const [name, id_token] of Object.entries(bad)) {
      answer(await success({ id_token }))
      expect(await look(), name).toMatchObject({ status: 'failed' })
    }
  })

  test('an id_token for others too, or issued to another client, approves nothing', async () => {
    const { look, answer, success, idToken } = await begin()
    for (const claims of [
      { aud: ['agent-app', 'other'], azp: 'other' },
      { aud: ['agent-app', 'other'], azp: 'agent-app' },
      { aud: ['agent-app', 'other'] },
      { azp: 'other' },
    ]) {
      answer(await success({ id_token: await idToken(claims) }))
      expect(await look(), JSON.stringify(claims)).toMatchObject({ status: 'failed' })
    }
    answer(await success({ id_token: await idToken({ aud: ['agent-app'], azp: 'agent-app' }) }))
    expect(await look()).toMatchObject({ status: 'approved' })
  })

  test('an answer of another user approves nothing', async () => {
    const { look, answer, success, idToken, accessToken } = await begin()
    answer(await success({ id_token: await idToken({ sub: 'mallory' }) }))
    expect(await look()).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('another subject than the approver'),
    })
    answer(await success({ access_token: await accessToken({ sub: 'mallory' }) }))
    expect(await look()).toMatchObject({ status: 'failed' })
  })

  test('the right person of another tenant approves nothing', async () => {
    const { look, answer, success, idToken } = await begin(auth0Profile)
    const approver = { issuer: ISSUER, subject: 'ann', tenant: 'org_1' }
    answer(await success({ id_token: await idToken({ org_id: 'org_2' }) }))
    expect(await look({ approver })).toMatchObject({ status: 'failed', detail: expect.stringContaining('tenant') })
    answer(await success({ id_token: await idToken({ org_id: 'org_1' }) }))
    expect(await look({ approver })).toMatchObject({ status: 'approved' })
  })

  verifies('RFC9396-7-granted-details', 'less, more or other than was asked approves nothing', async () => {
    const { look, answer, success, accessToken } = await begin()
    const other = { ...order, quantity: 500 }
    for (const details of [[], [other], [order, other], [{ ...order, extra: true }], undefined, 'x']) {
      answer(
        await success({
          authorization_details: details,
          access_token: await accessToken({ authorization_details: details }),
        }),
      )
      expect(await look(), JSON.stringify(details)).toMatchObject({ status: 'failed' })
    }
    // The token is what the API sees: a right answer around a wrong token is wrong.
    answer(await success({ access_token: await accessToken({ authorization_details: [other] }) }))
    expect(await look()).toMatchObject({ status: 'failed' })
    // Key order is no difference.
    const turned = Object.fromEntries(Object.entries(order).reverse())
    answer(await success({ authorization_details: [turned] }))
    expect(await look()).toMatchObject({ status: 'approved' })
  })

  test('scopes that are fewer or more than asked, another audience or another token type approve nothing', async () => {
    const { look, answer, success, accessToken } = await begin()
    for (const over of [
      { scope: 'openid' },
      { scope: 'openid trade:write admin' },
      { access_token: await accessToken({ aud: 'https://other.example' }) },
      { token_type: 'N_A' },
      { access_token: 'opaque', scope: 'openid' },
      { access_token: 'opaque', authorization_details: undefined },
      { access_token: 'opaque', token_type: 'DPoP' },
    ]) {
      answer(await success(over))
      expect(await look(), JSON.stringify(over)).toMatchObject({ status: 'failed' })
    }
  })

  test('an opaque token is the credential, by what its answer says; who acts cannot be read in it', async () => {
    const { look, answer, success } = await begin()
    answer(await success({ access_token: 'opaque', expires_in: 60 }))
    const token = { scopes: ['trade:write'], expiresAt: expect.any(Number) }
    expect(await look()).toMatchObject({ status: 'approved', token })
    const acting = await begin((issuer) => ({ ...defaultProfile(issuer), actor: 'agent-app' }))
    acting.answer(await acting.success({ access_token: 'opaque' }))
    expect(await acting.look()).toMatchObject({ status: 'failed', detail: expect.stringContaining('opaque') })
  })
})

describe('the token of an answer (I7, A5)', () => {
  test('one for another client, or bound to a key, approves nothing', async () => {
    const { look, answer, success, accessToken } = await begin()
    for (const claims of [{ client_id: 'other-app' }, { cnf: { jkt: 'x' } }]) {
      answer(await success({ access_token: await accessToken(claims) }))
      expect(await look(), JSON.stringify(claims)).toMatchObject({ status: 'failed' })
    }
  })

  test('says who acts, where the profile says how the server names our agent', async () => {
    const { look, answer, success, accessToken } = await begin((issuer) => ({
      ...defaultProfile(issuer),
      actor: 'agent:trader',
    }))
    for (const act of [undefined, { sub: 'agent:other' }, { sub: 'agent:other', act: { sub: 'agent:trader' } }]) {
      answer(await success({ access_token: await accessToken({ act }) }))
      expect(await look(), JSON.stringify(act)).toMatchObject({ status: 'failed' })
    }
    answer(await success({ access_token: await accessToken({ act: { sub: 'agent:trader' } }) }))
    expect(await look()).toMatchObject({ status: 'approved', token: { actor: { subject: 'agent:trader' } } })
  })

  test('lives no longer than the token itself says, whatever the answer says', async () => {
    const { look, answer, success, accessToken, clock } = await begin()
    const exp = Math.floor(clock.now() / 1000) + 60
    answer(await success({ expires_in: 86_400, access_token: await accessToken({ exp }) }))
    expect(await look()).toMatchObject({ status: 'approved', token: { expiresAt: exp } })
  })
})
