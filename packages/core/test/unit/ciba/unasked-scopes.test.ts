import { expect, test } from 'vitest'
import { defaultProfile, stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()
const adds = (issuer: string) => {
  const profile = defaultProfile(issuer)
  return { ...profile, token: { ...profile.token, unaskedScopes: ['profile', 'email'] } }
}

test.each([
  ['approved', 'openid trade:write profile email', adds],
  ['failed', 'openid trade:write profile email admin', adds],
  ['failed', 'openid trade:write profile email', defaultProfile],
] as const)('an approval token is %s with the scopes %j', async (status, scope, profile) => {
  const { look, answer, success, accessToken, clock } = await begin(profile)
  answer(await success({ scope, access_token: await accessToken({ scope }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({ status })
})
