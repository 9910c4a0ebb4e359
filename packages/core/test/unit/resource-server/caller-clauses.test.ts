import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { as, audience, bearer, here, makeApi, passed, refused, useIssuer } from './api.ts'

useIssuer()

const seconds = Math.floor(Date.now() / 1000)
const clock = { now: () => seconds * 1000 }
const api = makeApi({ clock })

describe('a login in a challenge', () => {
  test.each([
    ['all of several', { scopes: ['a', 'b'], anyScope: ['c'] }, 'scope="a b"'],
    ['one of several', { anyScope: ['a', 'b'] }, 'scope="a b"'],
  ])('comes with the scopes that are needed beside it: %s', async (_, rules, scope) => {
    const { challenge } = await refused(api.protect(await bearer(), { maxAge: 60, ...rules }))
    expect(challenge).toContain('error="insufficient_user_authentication"')
    expect(challenge).toContain(scope)
  })

  test('is recent enough up to the second that was asked, and no longer', async () => {
    await passed(api.protect(await bearer({ auth_time: seconds - 60 }), { maxAge: 60 }))
    expect((await refused(api.protect(await bearer({ auth_time: seconds - 61 }), { maxAge: 60 }))).status).toBe(401)
    // A login of the future, such as one in milliseconds, is of no known age.
    await passed(api.protect(await bearer({ auth_time: seconds + 30 }), { maxAge: 60 }))
    expect((await refused(api.protect(await bearer({ auth_time: seconds + 31 }), { maxAge: 60 }))).status).toBe(401)
  })
})

test('an agent is let in by its issuer and its name together', async () => {
  const act = { sub: 'agent:trader' }
  const only = (subject: string) => makeApi({ actors: { allow: [{ issuer: as.issuer, subject }] } })
  await passed(only('agent:trader').protect(await bearer({ act })))
  expect((await refused(only('agent:other').protect(await bearer({ act })))).status).toBe(403)
})

test('a token whose id is empty is named by a hash of its own', async () => {
  const ids = [await bearer({ jti: '' }), await bearer({ jti: '', sub: 'bob' }), await bearer({ jti: 'j-7' })]
  const [ann, bob, named] = await Promise.all(ids.map(async (request) => (await passed(api.protect(request))).tokenId))
  expect(ann).toMatch(/^[\w-]{43}$/)
  expect(bob).not.toBe(ann)
  expect(named).toBe('j-7')
})

describe('an introspection', () => {
  const opaque = () => new Request(here, { headers: { authorization: 'Bearer opaque' } })
  const answers = (claims: object, scopes?: readonly string[]) => {
    const user = { kind: 'user', issuer: as.issuer, subject: 'ann', claims: { sub: 'ann', ...claims } } as UserIdentity
    const token = { token: new Token('opaque'), type: 'access_token', ...(scopes && { scopes }) } as const
    return makeApi({ introspect: async () => admit(user, token) })
  }

  test.each([
    ['names no API', {}],
    ['names us beside others', { aud: ['https://other.example.com', audience] }],
  ])('whose audience %s is ours', async (_, claims) => {
    await passed(answers(claims).protect(opaque()))
  })

  test('that tells no scopes granted none', async () => {
    expect(await passed(answers({}).protect(opaque()))).toMatchObject({ scopes: [] })
    expect((await refused(answers({}).protect(opaque(), { scopes: ['a'] }))).status).toBe(403)
    expect(await passed(answers({}, ['a']).protect(opaque(), { scopes: ['a'] }))).toMatchObject({ scopes: ['a'] })
  })
})
