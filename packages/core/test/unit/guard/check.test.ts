import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { defineTool, may, memoryStore, object, policy, publicTool, resource } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const pay = policy(schema, { approval: { message: () => 'Pay' } })
const versioned = policy(schema, { version: '1', approval: { message: () => 'Pay' } })

describe('guard.check', () => {
  test('names every policy that the guard cannot serve, each with its remedy', () => {
    const { guard } = smallWorld()
    const api = resource('https://api.example/', { scopes: ['pay:all', 'pay:one'] })
    const policies = {
      allowed: policy(schema, { permission: () => may('pay', object('account', '1')) }),
      seen: policy(schema, { visibleWhen: () => may('pay', object('account', '1')) }),
      roles: policy(schema, { roles: ['payer'] }),
      linked: policy(schema, {
        access: { mail: connection('mail', { scopes: ['pay:one'], origins: ['https://m.example'] }) },
      }),
      scopes: policy(schema, { access: { api } }),
      channel: policy(schema, { approval: { message: () => 'Pay', channel: 'phone' } }),
      fine: policy(schema, { effect: 'read' }),
    }
    const check = () =>
      guard({ agent: { name: 'agent:payer', ceiling: ['pay:one'] } }).check({ ...policies, none: undefined as never })
    for (const problem of [
      'allowed: asks for a permission: give createGuard `permissions`',
      'seen: asks for a permission: give createGuard `permissions`',
      'roles: needs a role: give createGuard `roles`',
      'linked: uses a linked account: give createGuard a `vault`',
      'scopes: api needs pay:all, which agent.ceiling does not list',
      'channel: asks by channel "phone", which must be one of "default"',
      'none: has no policy: give what policy() or publicTool() made',
    ]) {
      expect(check).toThrow(problem)
    }
    expect(check).not.toThrow('fine')
  })

  test.each(['', 'buy shares', 'buy\n', 'купить', 'x'.repeat(129)])('refuses %j as the name of a tool', (name) => {
    const check = () =>
      smallWorld()
        .guard()
        .check({ [name]: versioned })
    expect(check).toThrow(`${name}: name it by 1 to 128 letters, digits and _-.:/`)
    const define = () => defineTool({ name, description: 'd', input: schema, effect: 'read', run: () => 1 })
    const given =
      name === '' ? 'is empty; give ' : `is ${JSON.stringify(name)}; give 1 to 128 letters, digits and _-.:/`
    expect(define).toThrow(`defineTool.name: ${given}`)
  })

  test.each(['buy_shares-2', 'stock.buy', 'stock:buy', 'stock/buy', 'x'.repeat(128)])('takes the name %j', (name) => {
    expect(
      smallWorld()
        .guard()
        .check({ [name]: versioned }),
    ).toEqual([])
  })

  test('a policy that asks a person needs a channel', () => {
    const { guard } = smallWorld()
    const check = () => guard({ approvals: {} }).check({ pay: versioned })
    expect(check).toThrow('pay: asks a person: give createGuard `approvals`, such as ciba()')
  })

  test('warns of an approval whose functions have no version, and of an agent without a ceiling', () => {
    const { guard } = smallWorld()
    const read = policy(schema, {
      effect: 'read',
      access: { api: resource('https://api.example/', { scopes: ['a'] }) },
    })
    const warnings = guard().check({ pay, versioned, read, open: publicTool(z.strictObject({})) })
    expect(warnings).toMatchObject([{ message: expect.stringContaining('no ceiling') }, { tool: 'pay' }])
    expect(guard({ agent: { name: 'agent:payer', ceiling: ['a'] } }).check({ versioned, read })).toEqual([])
  })
})

describe('guard.check of a policy without `effect`', () => {
  const message = expect.stringContaining('`effect` is missing: a repeated call runs again')

  test('warns that a repeated call runs again', () => {
    const open = policy(schema, { permission: () => may('pay', object('account', '1')) })
    const warnings = smallWorld()
      .guard({ permissions: { check: async () => ({ allowed: true, checks: [] }) } })
      .check({ open, empty: policy(schema, {}) })
    expect(warnings).toEqual([
      { tool: 'open', message },
      { tool: 'empty', message },
    ])
  })

  test('is silent where the effect is known: stated, of an approval, or of a public tool', () => {
    const known = {
      read: policy(schema, { effect: 'read' }),
      write: policy(schema, { effect: 'write' }),
      versioned,
      open: publicTool(schema),
    }
    expect(smallWorld().guard().check(known)).toEqual([])
  })
})

describe('guard.ready', () => {
  const metadata = () => Response.json({ issuer: 'https://issuer.example', token_endpoint: 'https://issuer.example/t' })

  test('says how the clock stands, and which issuer answered', async () => {
    const { guard } = smallWorld()
    expect(await guard({ fetch: async () => metadata() }).ready()).toEqual({
      clockAheadSeconds: 0,
      issuer: 'https://issuer.example',
    })
  })

  test.each([
    [31_000, '31 s ahead of the store'],
    [-31_000, '31 s behind the store'],
  ])('a clock that is off by %i ms is refused', async (offMs, words) => {
    const { guard, clock } = smallWorld()
    const store = memoryStore({ clock })
    const off = { now: () => clock.now() + offMs }
    const ready = guard({ store, clock: off, fetch: async () => metadata() }).ready()
    await expect(ready).rejects.toThrow(words)
  })

  test('a clock that is behind the issuer by more than 30 s is refused, until it is set', async () => {
    const { guard, clock } = smallWorld()
    const date = new Date(clock.now() + 32_000).toUTCString()
    const behalf = guard({ fetch: async () => new Response(metadata().body, { headers: { date } }) })
    await expect(behalf.ready()).rejects.toThrow(
      /clock.*is 3[12] s behind the issuer's, and at most 30 s are tolerated/,
    )
    clock.advance(10)
    await expect(behalf.ready()).resolves.toMatchObject({ clockAheadSeconds: 0 })
  })

  test.each([
    ['of a cache', (now: number) => new Date(now - 3_600_000).toUTCString()],
    ['within 30 s', (now: number) => new Date(now + 29_000).toUTCString()],
    ['of no meaning', () => 'soon'],
  ])('a date of the issuer %s refuses no clock', async (_, dateOf) => {
    const { guard, clock } = smallWorld()
    const headers = { date: dateOf(clock.now()) }
    const ready = guard({ fetch: async () => new Response(metadata().body, { headers }) }).ready()
    await expect(ready).resolves.toMatchObject({ issuer: 'https://issuer.example' })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined as never])(
    'a store that tells %s as its time is refused, and no access is said to have ended by it',
    async (time) => {
      const { guard, store } = smallWorld()
      const behalf = guard({ store: overStore(store, { now: async () => time }), fetch: async () => metadata() })
      await expect(behalf.ready()).rejects.toThrow('the store returned a time that is not a number')
      await expect(behalf.revoke({ issuer: ISSUER, subject: 'ann' })).rejects.toThrow('is not a number')
    },
  )

  test('a store or an issuer that does not answer is thrown as it is', async () => {
    const { guard, store } = smallWorld()
    const down = overStore(store, { now: () => Promise.reject(new StoreError('unavailable', 'away')) })
    await expect(guard({ store: down, fetch: async () => metadata() }).ready()).rejects.toMatchObject({
      code: 'ERR_STORE',
    })
    const fetch = () => Promise.reject(new TypeError('fetch failed'))
    await expect(guard({ fetch }).ready()).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })
})
