import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { stateOf, useBackchannel } from './backchannel.ts'

const begin = useBackchannel()

test.each([
  ['a surplus in its own scope', 'trade:write admin:all', 'openid trade:write', 'not asked for: "admin:all"'],
  ['a surplus in its own list of scopes', ['trade:write', 'admin:all'], undefined, 'not asked for: "admin:all"'],
  ['a scope that cannot be read', { 'trade:write': true }, 'openid trade:write', 'scopes cannot be read'],
  ['fewer scopes than its answer says', 'openid', 'openid trade:write', 'fewer scopes'],
  ['no scopes, whatever its answer says', [], 'openid trade:write', 'fewer scopes'],
])(verifies('I5', 'an approval token with %s is no approval'), async (_, scope, answered, detail) => {
  const { look, answer, success, accessToken, clock } = await begin()
  answer(await success({ scope: answered, access_token: await accessToken({ scope }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({ status: 'failed', detail: expect.stringContaining(detail) })
})

test.each([
  ['openid trade:write', 'trade:write'],
  ['trade:write', 'openid trade:write'],
  [['trade:write'], undefined],
  [undefined, 'openid trade:write'],
])('an approval token with the scope %j, and %j in its answer, is an approval', async (scope, answered) => {
  const { look, answer, success, accessToken, clock } = await begin()
  answer(await success({ scope: answered, access_token: await accessToken({ scope: scope as never }) }))
  expect(await look({}, stateOf(clock))).toMatchObject({ status: 'approved', token: { scopes: ['trade:write'] } })
})
