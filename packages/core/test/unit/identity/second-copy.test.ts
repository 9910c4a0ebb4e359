import { verifies } from '@behalf/testing/requirements'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { subjectTokenOf } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { Token } from '../../../src/entrypoints/spi.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import * as root from '../../../src/index.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

// Two bundled copies of the package in one process, as an app and an adapter of it may bring them along.
const here = { ...root, subjectTokenOf, Token }
let there: typeof here
let resourceServerThere: typeof import('../../../src/entrypoints/resource-server.ts')
beforeAll(async () => {
  vi.resetModules()
  there = {
    ...(await import('../../../src/index.ts')),
    subjectTokenOf: (await import('../../../src/entrypoints/identity.ts')).subjectTokenOf,
    Token: (await import('../../../src/entrypoints/spi.ts')).Token,
  }
  resourceServerThere = await import('../../../src/entrypoints/resource-server.ts')
})

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const verify = async (copy: typeof here) =>
  copy.verifyAccessToken(await as.sign(accessTokenClaims), { authorizationServer, audience: accessTokenClaims.aud })
const run = async (copy: typeof here, identity: unknown) => {
  const guard = copy.createGuard({ authorizationServer, agent: { name: 'agent:a' } })
  const body = async () => (copy.currentIdentity() as root.UserIdentity).subject
  const invocation = { tool: 'whoami', slot: 's', input: {}, identity: identity as root.Identity }
  return guard.run(copy.policy(z.strictObject({}), {}), invocation, body)
}

describe('two copies of this major', () => {
  test('are two copies', () => {
    expect(there.verifyAccessToken).not.toBe(here.verifyAccessToken)
    expect(there.Token).not.toBe(here.Token)
    expect(there.InvalidTokenError).not.toBe(here.InvalidTokenError)
  })

  test.each([
    ['here, used there', () => here, () => there],
    ['there, used here', () => there, () => here],
  ])('know each other’s identities: verified %s', async (_name, from, to) => {
    const identity = await verify(from())
    expect(await run(to(), identity)).toMatchObject({ status: 'done', result: 'ann' })
    expect(to().runAs(identity, () => from().currentIdentity())).toBe(identity)
    const subjectToken = to().subjectTokenOf(identity)
    expect(subjectToken).toMatchObject({ type: 'access_token', scopes: ['portfolio:read', 'trade:write'] })
  })

  test('know each other’s errors', async () => {
    const error = await there.verifyAccessToken('x', { authorizationServer, audience: 'a' }).catch((e: unknown) => e)
    expect(error).not.toBeInstanceOf(here.BehalfError)
    expect(here.BehalfError.isInstance(error)).toBe(true)
  })

  test(verifies('I1', 'and neither takes what no verification made'), async () => {
    const identity = await verify(there)
    const fakes: unknown[] = [
      fieldsOf(identity),
      structuredClone(identity),
      Object.create(identity),
      JSON.parse(JSON.stringify(identity)),
      new Proxy(identity, {}),
      { kind: 'user', issuer: as.issuer, subject: 'ann', claims: {} },
    ]
    for (const copy of [here, there]) {
      for (const fake of fakes) {
        expect(await run(copy, fake)).toMatchObject({ status: 'denied', code: 'identity_not_verified' })
        expect(() => copy.runAs(fake as root.Identity, () => 1)).toThrow('verified identity')
        expect(copy.subjectTokenOf(fake as root.Identity)).toBeUndefined()
      }
    }
  })

  test('nor does the API’s half, from any caller', async () => {
    const identity = await verify(here)
    const protect = (given: unknown) =>
      resourceServerThere
        .createResourceServer({
          authorizationServer,
          audience: accessTokenClaims.aud,
          introspect: async () => given as root.Identity,
        })
        .protect(new Request('https://api.example.com', { headers: { authorization: 'Bearer opaque' } }))
    expect(await protect(identity)).toMatchObject({ ok: true, identity: { subject: 'ann' } })
    await expect(protect(fieldsOf(identity))).rejects.toThrow('introspect')
  })
})
