import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { entraRoles, roleMap } from '../../../src/entrypoints/roles.ts'
import { admit } from '../../../src/identity/verified.ts'
import { policy, resource, type UserIdentity } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example.com/'
const pay = policy(schema, { version: '1', access: { pay: resource(API, { scopes: ['pay:write'] }) } })
const user = (claims: Record<string, unknown>, audience: string[] = ['agent'], scopes = ['chat']): UserIdentity =>
  admit(
    { kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: { iat: 1_799_999_000, ...claims } },
    { token: new Token('a-session-token'), type: 'access_token', audience, scopes },
  )
const detailOf = (outcome: { readonly trace: { readonly steps: readonly { readonly detail: string }[] } }) =>
  outcome.trace.steps.at(-1)?.detail

describe('step 3', () => {
  test('says why the roles of a user with too many groups are not known', async () => {
    const { guard, call } = smallWorld()
    const roles = roleMap({ extract: entraRoles({ groups: true }), scopes: { 'group:g-1': ['pay:write'] } })
    const needing = policy(schema, { version: '1', roles: ['group:g-1'] })
    const identity = user({ groups: ['g-1'], _claim_names: { groups: 'src1' } })
    const outcome = await guard({ roles }).run(needing, call({ identity }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'role_missing' })
    expect(detailOf(outcome)).toContain('overage')
    const behind = await guard({ roles }).run(pay, call({ identity }), () => 'ran')
    expect(behind).toMatchObject({ status: 'denied', code: 'role_missing' })
    expect(detailOf(behind)).toContain('overage')
  })

  test(verifies('I5', 'a token for the same API gains no scope by being exchanged (I5)'), async () => {
    const { guard, call } = smallWorld()
    const identity = user({}, ['agent', API], ['pay:read'])
    const outcome = await guard().run(pay, call({ identity }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(detailOf(outcome)).toContain("pay:write is not within the user's own token")
  })

  test.each([
    ['a token for another API', ['agent'], ['pay:read']],
    ['a token that holds the scope', [API], ['pay:write']],
  ])('%s goes on to the exchange', async (_, audience, scopes) => {
    const { guard, call } = smallWorld()
    const fetch = () => Promise.reject(new TypeError('offline'))
    const outcome = await guard({ fetch }).run(pay, call({ identity: user({}, audience, scopes) }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'unavailable' })
  })
})
