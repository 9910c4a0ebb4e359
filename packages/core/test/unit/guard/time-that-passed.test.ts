import { describe, expect, test } from 'vitest'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { Token } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { may, object, policy, type Store } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { askedVault } from './asked-vault.ts'
import { asks, schema, smallWorld } from './small-world.ts'

const access = { mail: connection('mail', { scopes: ['send'], origins: ['https://mail.example'] }) }

/** A vault whose tokens live for 20 seconds, and a store and a schema that take their time. */
function slowWorld() {
  const world = smallWorld()
  const { vault, asked } = askedVault(world.clock, { expiresIn: 20 })
  const delay = { seconds: 0 }
  const waits = () => world.clock.advance(delay.seconds)
  const get: Store['get'] = (key) => {
    if (key.startsWith('revoked-generation:')) waits()
    return world.store.get(key)
  }
  const slowSchema = {
    '~standard': {
      ...schema['~standard'],
      validate: async (value: unknown) => {
        waits()
        return schema['~standard'].validate(value)
      },
    },
  } as typeof schema
  const guards = {
    store: world.guard({ vault, store: overStore(world.store, { get }) }),
    schema: world.guard({ vault, revocationSeconds: 600 }),
  }
  const policies = { store: policy(schema, { access }), schema: policy(slowSchema, { access }) }
  const run = (who: 'store' | 'schema') => guards[who].run(policies[who], world.call(), () => 'ran')
  return { ...world, asked, run, delay }
}

describe('a cached token', () => {
  test.each(['store', 'schema'] as const)('that ran out while the %s was waited for is not used', async (who) => {
    const { run, asked, clock, delay } = slowWorld()
    expect(await run(who)).toMatchObject({ status: 'done' })
    // The guard reads the revocations again.
    clock.advance(6)
    expect(await run(who)).toMatchObject({ status: 'done' })
    expect(asked).toHaveLength(1)
    clock.advance(6)
    delay.seconds = 6
    expect(await run(who)).toMatchObject({ status: 'done' })
    expect(asked).toHaveLength(2)
  })
})

test('a right that ended while credentials were opened is asked for again, where the clock was set back meanwhile', async () => {
  const { guard, call, clock } = smallWorld()
  let allowed = true
  const permissions: AccessChecker = { check: async () => ({ allowed, checks: [{ question: 'can pay', allowed }] }) }
  const vault: Vault = {
    specificationVersion: 1,
    token: async () => {
      clock.advance(-3600)
      allowed = false
      return { status: 'token', token: new Token('a-token'), scopes: ['send'] }
    },
  }
  const permission = () => may('can_pay', object('account', 'a'))
  const pays = policy(schema, { version: '1', effect: 'write', permission, access })
  expect(await guard({ permissions, vault }).run(pays, call(), () => 'paid')).toMatchObject({ code: 'not_permitted' })
})

test('a call whose policy says no `wait` waits for no answer, where the clock was set back while it asked', async () => {
  const { guard, call, clock, channel } = smallWorld()
  const ask: typeof channel.ask = async (question, context) => {
    const asked = await channel.ask(question, context)
    clock.advance(-3600)
    return asked
  }
  expect(await guard({ approvals: { ...channel, ask } }).run(asks, call(), () => 'paid')).toMatchObject({
    interrupt: { kind: 'approval_pending' },
  })
})
