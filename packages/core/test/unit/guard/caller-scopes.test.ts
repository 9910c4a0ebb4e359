import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { callerScopesOf } from '../../../src/entrypoints/resource-server.ts'
import { explainAccess } from '../../../src/entrypoints/roles.ts'
import { admit } from '../../../src/identity/verified.ts'
import { policy, publicTool, resource, type UserIdentity } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const trade = policy(schema, { callerScopes: ['trade', 'more'] })

/** A user who came with a token that has these scopes. */
const withScopes = (scopes: readonly string[] | undefined): UserIdentity =>
  admit(
    { kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: {} },
    { token: new Token('a-token'), type: 'access_token', ...(scopes && { scopes }) },
  )

describe('a policy that names scopes of the caller', () => {
  test('lets a call run whose token has all of them', async () => {
    const { guard, call } = smallWorld()
    const identity = withScopes(['trade', 'more', 'other'])
    expect(await guard().run(trade, call({ identity }), () => 'ran')).toMatchObject({ status: 'done', result: 'ran' })
  })

  test.each([
    ['lacks one', withScopes(['trade'])],
    ['has none', withScopes([])],
    ['has scopes that are not known', withScopes(undefined)],
    ['is not known', admit({ kind: 'user' as const, issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: {} })],
  ])(verifies('I12', 'refuses a call whose token %s'), async (_name, identity) => {
    const { guard, call } = smallWorld()
    const outcome = await guard().run(trade, call({ identity }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(await guard().preflight(trade, call({ identity }))).toMatchObject({ code: 'not_permitted' })
  })

  test.each([
    [['trade', 'more'], true],
    [['trade'], false],
    [[], false],
  ])('is explained as it is decided: %j', (scopes, allowed) => {
    const api = resource('https://api.example/', { scopes: ['portfolio:read'] })
    const policies = { pay: policy(schema, { callerScopes: ['trade', 'more'], access: { api } }) }
    const { reports, text } = explainAccess(policies, { identity: withScopes(scopes), agent: { name: 'agent:payer' } })
    expect(reports).toMatchObject([{ allowed }])
    expect(text.includes('the token of the caller lacks')).toBe(!allowed)
  })

  test('hides no tool: a client asks for the scopes when it calls', async () => {
    const { guard } = smallWorld()
    expect((await guard().visible({ trade }, withScopes([]))).names).toEqual(['trade'])
  })

  test('tells them to those who verify tokens; a public tool and other policies have none', () => {
    expect(callerScopesOf(trade)).toEqual(['trade', 'more'])
    expect(callerScopesOf(policy(schema, {}))).toEqual([])
    expect(callerScopesOf(publicTool(schema))).toEqual([])
    expect(() => callerScopesOf({} as never)).toThrow('policy()')
  })

  test.each([[[]], [['a b']], [['a', 'a']], ['trade' as never]])('refuses %j in their place', (callerScopes) => {
    expect(() => policy(schema, { callerScopes })).toThrow(
      /^policy\.callerScopes(: give an array of at least one scope, or leave it out|\[0\]: is not a scope: .+|\[1\]: is there twice)$/,
    )
  })
})
