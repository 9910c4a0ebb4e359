import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { backchannelParameters } from '../../src/ciba/request-backchannel-authentication.ts'
import { cibaSettings } from '../../src/ciba/settings.ts'
import { CIBA_GRANT } from '../../src/ciba/wire.ts'
import { accessTokenHash } from '../../src/identity/verify-id-token.ts'
import { defaultProfile, ISSUER, question, refusal, useBackchannel } from '../unit/ciba/backchannel.ts'
import { fixtures } from './ciba-fixtures.ts'

const begin = useBackchannel()

describe('the examples of CIBA Core', () => {
  test('§7.1: a request with a hint that is signed, a message, acr_values and a notification token', async () => {
    const { acrValues, bindingMessage, clientNotificationToken, loginHintToken } = fixtures.request
    const { clock } = await begin()
    const settings = cibaSettings({ acrValues: [...acrValues], hint: () => ({ loginHintToken }) })
    const { credential: _, ...plain } = question(clock, { message: bindingMessage, details: [] })
    const now = clock.now() / 1000
    const { parameters, detailsSent } = await backchannelParameters(
      { ...plain, expiresAt: now + 120 },
      defaultProfile(ISSUER),
      settings,
      { notificationToken: clientNotificationToken, now },
    )
    expect(parameters).toEqual({
      scope: 'openid',
      client_notification_token: clientNotificationToken,
      acr_values: acrValues.join(' '),
      login_hint_token: loginHintToken,
      binding_message: bindingMessage,
      requested_expiry: '120',
    })
    expect(detailsSent).toBe(false)
  })

  test('§7.3: an acknowledgement', async () => {
    const { ask, acknowledges, clock } = await begin()
    acknowledges(() => HttpResponse.json(fixtures.acknowledgement))
    const sentAt = clock.now() / 1000
    expect(await ask()).toMatchObject({
      interval: 2,
      expiresAt: sentAt + 120,
      state: { authReqId: fixtures.acknowledgement.auth_req_id },
    })
  })

  test('§10.1: a poll', async () => {
    const { ask, channel, context, clock, acknowledges, answer, polls } = await begin()
    acknowledges(() => HttpResponse.json(fixtures.acknowledgement))
    const asked = await ask()
    answer(refusal('authorization_pending'))
    await channel.poll(asked, question(clock), context)
    expect(Object.fromEntries(polls[0] ?? [])).toEqual({
      grant_type: CIBA_GRANT,
      auth_req_id: fixtures.acknowledgement.auth_req_id,
    })
  })

  test('§10.3.1: the hash of an access token', async () => {
    const { accessToken, atHash } = fixtures.push
    expect(await accessTokenHash(accessToken, 'RS256')).toBe(atHash)
  })

  test('§11: an error', async () => {
    const { look, answer } = await begin()
    answer(HttpResponse.json(fixtures.denied, { status: 400 }))
    expect(await look()).toMatchObject({ status: 'denied' })
  })
})
