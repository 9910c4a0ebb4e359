import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { fgaClient } from '../../../src/entrypoints/fga.ts'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { object, policy } from '../../../src/index.ts'
import { askedVault } from './asked-vault.ts'
import { ISSUER, reads, schema, smallWorld, user } from './small-world.ts'

const AGENT = 'https://agent.example/'
const json = (body: object) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })

/** What is kept in this process for a minute, and how often its source was asked. */
const caches = {
  'the token of a vault': () => {
    const world = smallWorld()
    const { vault, asked } = askedVault(world.clock, { expiresIn: 86_400, recheckSeconds: 60 })
    const guard = world.guard({ vault })
    const rule = policy(schema, {
      access: { crm: connection('crm', { scopes: ['read'], origins: ['https://crm.example'] }) },
    })
    return { ...world, use: () => guard.run(rule, world.call(), () => 'ran'), asked: () => asked.length }
  },
  'the answer about an opaque token': () => {
    const world = smallWorld()
    let asked = 0
    const introspect = createIntrospection({
      authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' }),
      audience: AGENT,
      cacheSeconds: 60,
      clock: world.clock,
      fetch: async (input) => {
        const { url } = new Request(input)
        if (!url.endsWith('/introspect')) {
          return json({
            issuer: ISSUER,
            token_endpoint: `${ISSUER}/token`,
            introspection_endpoint: `${ISSUER}/introspect`,
          })
        }
        asked++
        return json({ active: true, sub: 'ann', client_id: 'agent', aud: AGENT, token_type: 'Bearer' })
      },
    })
    return { ...world, use: () => introspect('a-token'), asked: () => asked }
  },
  'the answer about a relation': () => {
    const world = smallWorld()
    let asked = 0
    const client = fgaClient({
      apiUrl: 'https://fga.example',
      storeId: '01JQ5Z0M0000000000000000AA',
      authorizationModelId: '01JQ5Z0M0000000000000000BB',
      cacheSeconds: 60,
      clock: world.clock,
      fetch: async () => {
        asked++
        return json({ allowed: true })
      },
    })
    const question = { user: object('user', 'ann'), relation: 'can_view', object: object('portfolio', 'p') }
    return { ...world, use: () => client.check(question), asked: () => asked }
  },
}

describe.each(Object.entries(caches))('%s', (_name, open) => {
  test('is asked for again once the clock was set back by more than half a minute', async () => {
    const { use, asked, clock } = open()
    await use()
    const once = asked()
    expect(once).toBeGreaterThan(0)
    clock.advance(20)
    await use()
    expect(asked()).toBe(once)
    clock.advance(-3600)
    await use()
    expect(asked()).toBeGreaterThan(once)
  })

  test('is kept where the clock was set back by less', async () => {
    const { use, asked, clock } = open()
    await use()
    const once = asked()
    clock.advance(-20)
    await use()
    expect(asked()).toBe(once)
  })
})

test.each([0, 5, 29])(
  verifies('I11', 'a proof from long before a revocation is refused, also by a clock that is %d days behind'),
  async (days) => {
    const { guard, call, clock } = smallWorld()
    const now = clock.now() / 1000
    const identity = user({ claims: { iat: now - 60 }, expiresAt: now + 365 * 86_400 })
    const operator = guard()
    const revoke = (subject: string) => operator.revoke({ issuer: ISSUER, subject })
    await revoke('ann')
    for (let other = 0; other < 64; other++) await revoke(`user-${other}`)
    clock.advance(32 * 86_400)
    for (const subject of ['bob', 'eve']) await revoke(subject)
    const behind = guard({ clock: { ...clock, now: () => clock.now() - days * 86_400_000 } })
    expect(await behind.run(reads, call({ identity }), () => 'ran')).toMatchObject({ code: 'revoked' })
  },
)
