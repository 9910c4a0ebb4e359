import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { InvalidResponseError, OAuthResponseError } from '../../../src/entrypoints/spi.ts'
import { denySentences } from '../../../src/guard/sentences.ts'
import { ConfigurationError } from '../../../src/index.ts'
import { asks, smallWorld } from './small-world.ts'

test.each([
  ['the person has no device', new OAuthResponseError({ error: 'access_denied', status: 403 })],
  ['the server does not know the person', new OAuthResponseError({ error: 'unknown_user_id', status: 400 })],
  ['the request breaks a rule of the provider', new ConfigurationError('approval.message', 'too long')],
])('where %s, the model is told that no person was asked, and not that a person denied', async (_, error) => {
  const { guard, call, failsToAsk, questions } = smallWorld()
  failsToAsk(() => Promise.reject(error))
  const outcome = await guard().run(asks, call(), () => 'ran')
  expect(outcome).toMatchObject({
    status: 'denied',
    code: 'approval_not_sent',
    message: denySentences.approval_not_sent,
  })
  expect(JSON.stringify(outcome.trace)).toContain(JSON.stringify(error.message).slice(1, -1))
  expect(questions).toHaveLength(0)
})

test(
  verifies('A6', 'where the response to the request breaks the specification, the person may have been asked'),
  async () => {
    const { guard, call, failsToAsk } = smallWorld()
    failsToAsk(() => Promise.reject(new InvalidResponseError('no auth_req_id')))
    expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_failed' })
  },
)
