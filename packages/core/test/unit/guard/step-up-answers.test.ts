import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import { BehalfError, TransportError } from '../../../src/base/errors/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { stepUpOfError } from '../../../src/guard/steps/step-up.ts'
import { admit } from '../../../src/identity/verified.ts'
import { HadNoEffect, type Identity, policy, StepUpRequiredError } from '../../../src/index.ts'
import { Collection, openStoreKeys } from '../../../src/records/index.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, keys, reads, schema, smallWorld, user, writes } from './small-world.ts'

const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const looks = policy(schema, { version: '1', access: { mail } })
const vault: Vault = {
  specificationVersion: 1,
  token: async ({ scopes }) => ({ status: 'token', token: new Token('a-token'), scopes, expiresAt: 4_000_000_000 }),
}
type Asked = ConstructorParameters<typeof StepUpRequiredError>[1]

/** A guard, what was asked of its store, and a body in which an API demanded `asked`. */
function demanding() {
  const world = smallWorld()
  const operations: string[] = []
  const store = tapped(world.store, (operation, key, next) => {
    operations.push(`${operation} ${key}`)
    return next()
  })
  const behalf = world.guard({ vault, store })
  const demand = (asked: Asked, rules = looks as typeof reads, over: object = {}) =>
    behalf
      .run(rules, world.call(over), () => {
        const demanded = new StepUpRequiredError('more, please', asked)
        // Without credentials, the SDK has not seen that nothing happened.
        throw rules === writes ? new HadNoEffect(demanded) : demanded
      })
      .catch((error: unknown) => error)
  return { ...world, behalf, demand, operations }
}

describe('why a body threw', () => {
  const own = new StepUpRequiredError('more', {})
  const wrapped = (times: number): Error =>
    Array.from({ length: times }).reduce<Error>((cause) => new Error('wrapped', { cause }), own)
  const wrapper = (cause: unknown): Error => new Error('wrapped', { cause })
  const endless = new AggregateError([])
  endless.errors.push(endless, endless)
  class Nameless extends BehalfError {
    readonly code = 'ERR_STEP_UP_REQUIRED'
  }
  test.each<readonly [string, unknown, boolean]>([
    ['the demand itself', own, true],
    ['sixty errors around it', wrapped(60), true],
    ['seventy errors around it', wrapped(70), false],
    ['one of several errors', new AggregateError([new Error('x'), own]), true],
    ['a cause of one of several errors', wrapper(new AggregateError([null, 'x', wrapper(own)])), true],
    ['one of 20,000 errors, at the end', new AggregateError([...Array(20_000).fill(new Error('x')), own]), false],
    ['errors that hold each other', endless, false],
    ['errors that are no list', Object.assign(new Error('x'), { errors: { 0: own } }), false],
    ['another error of ours', Object.assign(new TransportError('down'), { stepUp: {} }), false],
    ['a demand that demands nothing', new Nameless('more'), false],
    [
      'an error that is not ours, by the same code',
      Object.assign(new Error('x'), { code: own.code, stepUp: {} }),
      false,
    ],
    ['no error', { cause: own }, false],
  ])('%s', (_, thrown, is) => {
    expect(stepUpOfError(thrown)).toBe(is ? own : undefined)
  })
})

test(verifies('E5', 'a demand among the errors of parallel requests is asked of the user next'), async () => {
  const { behalf, call } = demanding()
  const demanded = new StepUpRequiredError('more', { acrValues: ['gold'] })
  const body = () => Promise.any([Promise.reject(new Error('x')), Promise.reject(demanded)])
  await expect(behalf.run(looks as typeof reads, call(), body)).rejects.toBeInstanceOf(AggregateError)
  expect(await behalf.preflight(looks as typeof reads, call())).toMatchObject({
    status: 'interrupted',
    interrupt: { kind: 'step_up_required', acrValues: ['gold'] },
  })
})

describe('which login answers a demand (RFC 9470 §3)', () => {
  const at = 1_800_000_000
  test.each<readonly [string, Asked, Parameters<typeof user>[0], boolean]>([
    ['a level, by one of it, however old', { acrValues: ['gold', 'phr'] }, { acr: 'phr', authTime: at - 9_000 }, true],
    ['a level, by another one', { acrValues: ['gold'] }, { acr: 'silver', authTime: at + 5 }, false],
    ['a level, by none', { acrValues: ['gold'] }, { authTime: at + 5 }, false],
    ['an age, by one as old, clocks may differ', { maxAge: 60 }, { authTime: at - 90 }, true],
    ['an age, by one that is older', { maxAge: 60 }, { authTime: at - 91 }, false],
    ['an age, by a login of no time', { maxAge: 60 }, {}, false],
    ['an age, by a login in milliseconds', { maxAge: 60 }, { authTime: at * 1000 }, false],
    ['more scopes, by a login in milliseconds', { scopes: ['a'] }, { authTime: at * 1000 }, false],
    ['both, by both', { acrValues: ['gold'], maxAge: 60 }, { acr: 'gold', authTime: at - 20 }, true],
    ['both, by the level only', { acrValues: ['gold'], maxAge: 60 }, { acr: 'gold', authTime: at - 200 }, false],
    ['both, by the age only', { acrValues: ['gold'], maxAge: 60 }, { acr: 'silver', authTime: at - 20 }, false],
    ['scopes, by a login from after it', { scopes: ['all'] }, { authTime: at + 1 }, true],
    ['scopes, by one of the same second', { scopes: ['all'] }, { authTime: at }, false],
    ['scopes, by a token from after it', { scopes: ['all'] }, { claims: { iat: at + 1 } }, true],
    [
      'scopes, by a fresh token of an old login',
      { scopes: ['all'] },
      { authTime: at - 9, claims: { iat: at + 1 } },
      false,
    ],
    [
      'scopes, by a renewed token of a session that began before it',
      { scopes: ['all'] },
      { provenAt: at - 9, claims: { iat: at + 1 } },
      false,
    ],
    ['scopes, by a session that began after it', { scopes: ['all'] }, { provenAt: at + 1, claims: {} }, true],
    ['scopes, by a token that has a text for a time', { scopes: ['all'] }, { claims: { iat: `${at + 1}` } }, false],
    ['scopes, by a login of no time', { scopes: ['all'] }, { claims: {} }, false],
  ])('%s', async (_, asked, login, isAnswered) => {
    const { behalf, call, demand } = demanding()
    await demand(asked)
    const outcome = await behalf.preflight(looks, call({ identity: user(login) }))
    expect(outcome).toMatchObject(isAnswered ? { status: 'ready' } : { interrupt: { kind: 'step_up_required' } })
  })
})

test.each([-3600, 3600])(
  'a login from after a demand answers it, and no older one, where the clock of the process that met it is off by %d s',
  async (seconds) => {
    const { guard, call, clock } = smallWorld()
    const off = guard({ vault, clock: { now: () => clock.now() + seconds * 1000 } })
    const claims = { iat: clock.now() / 1000 - 60 }
    const demanded = off.run(looks, call({ identity: user({ claims }) }), () => {
      throw new StepUpRequiredError('more, please', { scopes: ['all'] })
    })
    await expect(demanded).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
    clock.advance(2)
    const after = (iat: number) => guard({ vault }).preflight(looks, call({ identity: user({ claims: { iat } }) }))
    expect(await after(claims.iat)).toMatchObject({ interrupt: { kind: 'step_up_required' } })
    expect(await after(clock.now() / 1000 - 1)).toMatchObject({ status: 'ready' })
  },
)

describe('what is kept, and who is asked for it', () => {
  test('a write without credentials that had no effect may demand more; a read without any is asked for nothing', async () => {
    const { behalf, call, demand, guard } = demanding()
    await demand({ acrValues: ['gold'] }, writes, { tool: 'writes' })
    const outcome = await behalf.preflight(writes, call({ tool: 'writes', slot: 'other' }))
    expect(outcome).toMatchObject({ interrupt: { kind: 'step_up_required' } })
    expect(outcome.trace.steps.at(-1)).toMatchObject({
      step: 'identity',
      verdict: 'interrupted',
      detail: expect.stringContaining('more than the call has'),
    })
    expect(await behalf.run(writes, call({ tool: 'writes', slot: 'third' }), () => 'ran')).toMatchObject({
      interrupt: { kind: 'step_up_required' },
    })
    // Another process, whose first call of all this is.
    expect(await guard().run(writes, call({ tool: 'writes', slot: 'fourth' }), () => 'ran')).toMatchObject({
      interrupt: { kind: 'step_up_required' },
    })
    await demand({ acrValues: ['gold'] }, reads, { tool: 'reads' })
    expect(await behalf.preflight(reads, call({ tool: 'reads' }))).toMatchObject({ status: 'ready' })
  })

  test('the operator is told of which credential', async () => {
    const { behalf, call, demand } = demanding()
    await demand({ acrValues: ['gold'] })
    const { trace } = await behalf.preflight(looks, call())
    expect(trace.steps.at(-1)?.detail).toContain('more than mail has')
  })

  test('of an agent without a user nothing is kept: no user could sign in', async () => {
    const { demand, operations } = demanding()
    const identity: Identity = admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} })
    expect(await demand({ acrValues: ['gold'] }, writes, { identity })).toBeInstanceOf(HadNoEffect)
    expect(operations.filter((operation) => operation.includes('step-up:'))).toEqual([])
  })

  test('in a form that a later version wrote, it lets no user pass', async () => {
    const { behalf, call, demand, operations, store } = demanding()
    await demand({ acrValues: ['gold'] })
    const key = operations.find((operation) => operation.startsWith('put step-up:'))?.slice(4) ?? ''
    const later = new Collection<{ v: 2 }>(openStoreKeys(store, keys), { kind: 'step-up', schema: z.unknown() })
    await later.change(key, () => ({ v: 2 }))
    const outcome = await behalf.preflight(looks, call())
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('a version that this release does not know')
  })
})

describe('a read asks the store for a demand only where one may be open', () => {
  test('not while none was met; then until the last of them is stale', async () => {
    const { behalf, call, demand, operations, clock } = demanding()
    await behalf.run(looks, call(), () => 'ran')
    operations.length = 0
    expect(await behalf.run(looks, call(), () => 'ran')).toMatchObject({ status: 'done' })
    expect(operations).toEqual([])
    await demand({ acrValues: ['gold'] }, looks as never, { tool: 'first' })
    clock.advance(100)
    await demand({ acrValues: ['gold'] }, looks as never, { tool: 'second' })
    // To meet the older one makes the newer one end no sooner.
    await behalf.preflight(looks, call({ tool: 'first' }))
    clock.advance(850)
    expect(await behalf.run(looks, call({ tool: 'second' }), () => 'ran')).toMatchObject({
      interrupt: { kind: 'step_up_required' },
    })
  })

  test('and a demand of a read without credentials is not looked up', async () => {
    const { behalf, call, demand, operations } = demanding()
    await behalf.run(looks, call(), () => 'ran')
    operations.length = 0
    await demand({ acrValues: ['gold'] }, reads, { tool: 'reads' })
    await behalf.run(looks, call(), () => 'ran')
    expect(operations).toEqual([])
  })

  test('also one that has to wait for something else', async () => {
    const { guard, call, store } = smallWorld()
    const broken = tapped(store, (_, key, next) =>
      key.startsWith('step-up:') ? Promise.reject(new Error('asked')) : next(),
    )
    const outcome = await guard({ vault, store: broken }).run(looks, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'done' })
  })
})
