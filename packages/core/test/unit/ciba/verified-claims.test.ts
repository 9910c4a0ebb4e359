import { expect, test } from 'vitest'
import { checkAnswerIdentity } from '../../../src/ciba/check-answer-identity.ts'
import { cibaSettings } from '../../../src/ciba/settings.ts'
import { accessTokenHash } from '../../../src/identity/verify-id-token.ts'
import type { AuthorizationServer } from '../../../src/oauth/server.ts'
import { testClock } from '../runs/harness.ts'
import { defaultProfile, ISSUER, question } from './backchannel.ts'

// What a verification gives is handed in: the token endpoint’s own checks refuse the first before we see it, and not
// every runtime can make the signature of the second.
const clock = testClock()
const right = { sub: 'ann', aud: 'agent-app', iat: clock.now() / 1000 }
const problem = async (more: object, algorithm = 'ES256') => {
  const server: Pick<AuthorizationServer, 'profile' | 'verifyJwt'> = {
    profile: defaultProfile(ISSUER),
    verifyJwt: async () => ({ claims: { ...right, ...more }, algorithm }),
  }
  const answered = checkAnswerIdentity(
    { accessToken: 'the-token', tokenType: 'bearer', idToken: 'verified' },
    { authReqId: 'r', expiresAt: 0, interval: 5, detailsSent: false },
    question(clock),
    { clock, settings: cibaSettings({}), server: server as AuthorizationServer },
  )
  return answered.then(
    ({ problem }) => problem,
    (error: unknown) => String(error),
  )
}

test('an id_token that does not say when it was issued is of no known time', async () => {
  expect(await problem({})).toBeUndefined()
  for (const iat of [undefined, null, '1800000000']) expect(await problem({ iat }), String(iat)).toMatch(/issued|iat/)
})

test('where an algorithm has no hash for it, `at_hash` names no access token, not even an empty one', async () => {
  expect(await problem({}, 'ML-DSA-44')).toBeUndefined()
  for (const at_hash of ['', 'x', 7]) {
    expect(await problem({ at_hash }, 'ML-DSA-44'), String(at_hash)).toContain('access token')
  }
})

test('the right hash in a list names no access token: written as a text it would be the hash', async () => {
  const at_hash = await accessTokenHash('the-token', 'ES256')
  expect(await problem({ at_hash })).toBeUndefined()
  expect(await problem({ at_hash: [at_hash] })).toContain('access token')
})
