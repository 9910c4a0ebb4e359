import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ApprovalAnswer } from '../../../src/runs/channels/approval-channel.ts'
import { stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** A question whose answer is signed by a key that the issuer has not published yet. */
async function answeredByNewKey(signs: 'id_token' | 'access_token', claims: object = {}) {
  const target = await begin()
  const pair = await generateKeyPair('ES256')
  const header = { kid: 'next' }
  const token =
    signs === 'id_token'
      ? await target.idToken({ ...claims }, pair.privateKey, header)
      : await target.issuer.sign(
          {
            sub: 'ann',
            aud: 'https://api.example.com',
            client_id: 'agent-app',
            jti: 'j',
            scope: 'trade:write',
            ...claims,
          },
          header,
          pair.privateKey,
        )
  target.answer(await target.success({ [signs]: token }))
  return {
    ...target,
    publish: async () => target.issuer.keys.push({ ...(await exportJWK(pair.publicKey)), ...header, alg: 'ES256' }),
    keyRequests: () => target.issuer.requests.filter((request) => request === 'GET /jwks').length,
  }
}

/** As the record keeps it. */
const stored = (answer: ApprovalAnswer) => JSON.parse(JSON.stringify(answer.status === 'pending' ? answer.state : {}))
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

describe.each(['id_token', 'access_token'] as const)(
  'an answer whose %s is by a key that is not known yet',
  (signs) => {
    test('is kept and verified again, and the server is polled once', async () => {
      const { look, publish, polls, clock } = await answeredByNewKey(signs)
      const first = await look({}, stateOf(clock))
      expect(first).toMatchObject({ status: 'pending', state: { faults: 1, received: { tokenType: 'bearer' } } })
      await publish()
      later(31)
      expect(await look({}, stored(first))).toMatchObject({ status: 'approved' })
      expect(polls).toHaveLength(1)
    })

    test('is still refused for what it says', async () => {
      const { look, publish, clock } = await answeredByNewKey(signs, { sub: 'mallory' })
      const first = await look({}, stateOf(clock))
      expect(first).toMatchObject({ status: 'pending' })
      await publish()
      later(31)
      expect(await look({}, stored(first))).toMatchObject({ status: 'failed' })
    })

    test('causes one request for keys in 30 s, however often it is verified', async () => {
      const { look, keyRequests, polls, clock } = await answeredByNewKey(signs)
      let answer = await look({}, stateOf(clock))
      const before = keyRequests()
      for (let i = 0; i < 10; i++) {
        later(5)
        answer = await look({}, stored(answer))
        expect(answer).toMatchObject({ status: 'pending' })
      }
      expect(keyRequests() - before).toBeLessThanOrEqual(2)
      expect(polls).toHaveLength(1)
    })
  },
)
