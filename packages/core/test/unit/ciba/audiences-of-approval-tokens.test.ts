import { expect, test } from 'vitest'
import { auth0Profile, stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()
const API = 'https://api.example.com'

test.each([
  [[API, 'https://other.example.com']],
  [['https://other.example.com', API]],
  [[API, 'https://issuer.example/userinfo']],
])('an approval token for %j is no approval: another API takes it too', async (aud) => {
  const { look, answer, success, accessToken, clock } = await begin()
  answer(await success({ access_token: await accessToken({ aud }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('for other APIs too'),
  })
})

test('an approval token for the API alone is an approval, also as a list', async () => {
  const { look, answer, success, accessToken, clock } = await begin()
  answer(await success({ access_token: await accessToken({ aud: [API] }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({ status: 'approved' })
})

test('an approval token of Auth0 may be for its userinfo endpoint too: each request asks for `openid`', async () => {
  const { look, answer, success, accessToken, clock } = await begin(auth0Profile)
  answer(await success({ access_token: await accessToken({ aud: [API, 'https://issuer.example/userinfo'] }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({ status: 'approved' })
})
