import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import type { Vault } from '../../../src/entrypoints/vault.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import type { UserIdentity } from '../../../src/index.ts'
import { ISSUER, smallWorld, user } from '../guard/small-world.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const issuer = await mockIssuer(ISSUER, smallWorld().clock.now)
useMsw(
  ...issuer.handlers,
  http.post(`${ISSUER}/token`, async () =>
    HttpResponse.json({
      access_token: 'opaque',
      token_type: 'Bearer',
      id_token: await issuer.sign({ sub: 'ann', aud: 'agent' }, { typ: 'JWT' }),
    }),
  ),
)

const vault: Vault = {
  specificationVersion: 1,
  hasWorkerGrant: true,
  token: async () => ({ status: 'misconfigured', detail: 'not asked here' }),
}

function making(over: Parameters<ReturnType<typeof smallWorld>['guard']>[0] = {}) {
  const world = smallWorld()
  const { delegations } = world.guard(over)
  const now = world.clock.now() / 1000
  const create = (options: object = {}) =>
    delegations.create({ identity: user(), tools: ['pay'], expiresAt: now + 3600, ...options })
  return { ...world, now, create }
}

describe('a delegation is made', () => {
  test.each([
    ['once', { uses: 1, windowSeconds: 0.5 }],
    ['a million times', { uses: 1_000_000, windowSeconds: 86_400 }],
  ])('to be used %s in a window', async (_, limit) => {
    expect(await making().create({ limit })).toMatchObject({ limit })
  })

  test.each([
    ['half a time', { uses: 1.5, windowSeconds: 1 }, 'limit.uses'],
    ['without end', { uses: Number.POSITIVE_INFINITY, windowSeconds: 1 }, 'limit.uses'],
    ['in no time', { uses: 1, windowSeconds: 0 }, 'limit.windowSeconds'],
    ['in an endless window', { uses: 1, windowSeconds: Number.POSITIVE_INFINITY }, 'limit.windowSeconds'],
  ])('but not to be used %s', async (_, limit, option) => {
    await expect(making().create({ limit })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: `delegations.create.${option}`,
    })
  })

  test('for a user of an issuer that is known, who is here until now', async () => {
    const { create, now } = making()
    await expect(create({ identity: user({ issuer: 'https://other.example' }) })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'delegations.create.identity',
    })
    await expect(create({ identity: user({ expiresAt: now }) })).rejects.toMatchObject({ reason: 'expired' })
    await expect(create({ identity: user({ expiresAt: now + 1 }) })).resolves.toMatchObject({ state: 'active' })
  })

  test('with a worker grant where the agent’s vault has one, or where the agent is another one', async () => {
    expect(await making({ vault }).create({ worker: true })).toMatchObject({ credentials: 'worker' })
    const poor = making()
    for (const agent of [undefined, 'agent:payer']) {
      await expect(poor.create({ worker: true, agent })).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: 'delegations.create.worker',
      })
    }
    expect(await poor.create({ worker: true, agent: 'agent:other' })).toMatchObject({ credentials: 'worker' })
  })
})

describe('the refresh token of a delegation', () => {
  test('is a text with something in it, or nothing is asked', async () => {
    const asked: unknown[] = []
    const fetch = async (input: unknown) => {
      asked.push(input)
      throw new TypeError('no network')
    }
    const { create } = making({ fetch: fetch as never })
    for (const refreshToken of ['', ' ', 7]) {
      await expect(create({ refreshToken })).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: 'delegations.create.refreshToken',
      })
    }
    expect(asked).toEqual([])
    await expect(create({ refreshToken: 'r' })).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(asked).not.toEqual([])
  })

  test.each([
    ['an id_token: its next one', 'id_token', { credentials: 'refresh_token' }],
    ['an access token: its next one, for the same audience', 'access_token', { reason: 'malformed' }],
  ] as const)('is held to the user by what they were verified by, which was %s', async (_, type, outcome) => {
    const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 's', algorithms: ['ES256'] })
    const token = new Token('a-token-of-ann')
    const identity = admit<UserIdentity>(
      { ...fieldsOf(user()) },
      { token, type, audience: ['agent'], isInteractive: true },
    )
    const made = making({ authorizationServer }).create({ identity, refreshToken: 'r' })
    expect(await made.catch((error: unknown) => error)).toMatchObject(outcome)
  })
})
