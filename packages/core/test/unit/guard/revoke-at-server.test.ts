import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { passingTime, quiet, stopTime } from './passing-time.ts'
import { asks, ISSUER, smallWorld } from './small-world.ts'
import { buy, createOrder, policies, world } from './world.ts'

/** What the server was told to end: `[hint, which token]`, where equal texts are the same token. */
async function revocations({ authorizationServer }: Awaited<ReturnType<typeof world>>) {
  const requests = await authorizationServer.controls.requests()
  return requests.flatMap(({ endpoint, parameters }) => (endpoint === 'revoke' ? [parameters] : []))
}

describe('revoke tells the issuer (I9, RFC 7009)', () => {
  test('of the token of an unused approval, when that is in the store', async () => {
    const all = await world()
    const { guard, login, invocation, authorizationServer, clock } = all
    const store = memoryStore({ clock })
    const behalf = guard({ store })
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    await behalf.run(policies.create_order, call, createOrder)
    await authorizationServer.controls.approve()
    clock.advance(10)
    expect(await behalf.preflight(policies.create_order, call)).toMatchObject({ status: 'ready' })
    const { issuer, subject } = identity
    const tenant = identity.tenant === undefined ? {} : { tenant: identity.tenant }
    expect(await behalf.revoke({ issuer, subject, ...tenant })).toMatchObject({ approvals: 1 })
    expect(await revocations(all)).toMatchObject([{ token_type_hint: 'access_token' }])
  })

  test('of one that is cancelled, too', async () => {
    const all = await world()
    const { guard, login, invocation, authorizationServer, clock } = all
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    const first = await behalf.run(policies.create_order, call, createOrder)
    if (first.status !== 'interrupted') throw new Error(first.status)
    await authorizationServer.controls.approve()
    clock.advance(10)
    await behalf.preflight(policies.create_order, call)
    expect(await behalf.approvals.cancel(first.interrupt.id, { identity })).toMatchObject({ state: 'cancelled' })
    expect(await revocations(all)).toMatchObject([{ token_type_hint: 'access_token' }])
  })

  test(verifies('I9', 'of exchanged tokens of this process, and of no upstream’s'), async () => {
    const all = await world()
    const { guard, login, invocation, authorizationServer } = all
    await authorizationServer.controls.connect('ann', 'stocktrade', { upstreamSubject: 'st-1001' })
    const behalf = guard()
    const identity = await login()
    const call = (slot: string, tool: string) => invocation({ tool, slot, input: { portfolio: 'p-ann' }, identity })
    const read = await behalf.run(policies.read_portfolio, call('one', 'read_portfolio'), () => 'ran')
    const got = await behalf.run(policies.get_portfolio, call('two', 'get_portfolio'), () => 'ran')
    expect([read.status, got.status]).toEqual(['done', 'done'])
    const bob = await login('bob')
    const other = invocation({ tool: 'read_portfolio', slot: 'bob', input: { portfolio: 'p-bob' }, identity: bob })
    await behalf.run(policies.read_portfolio, other, () => 'ran')
    const { issuer, subject } = identity
    const tenant = identity.tenant === undefined ? {} : { tenant: identity.tenant }
    expect(await behalf.revoke({ issuer, subject, ...tenant })).toMatchObject({ tokens: 2 })
    expect(await revocations(all)).toMatchObject([{ token_type_hint: 'access_token' }])
  })

  test('a server that refuses changes nothing', async () => {
    const all = await world()
    const { guard, login, invocation, authorizationServer } = all
    await authorizationServer.controls.fault('revoke', { status: 503 })
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
    await behalf.run(policies.read_portfolio, call, () => 'ran')
    const { issuer, subject } = identity
    const tenant = identity.tenant === undefined ? {} : { tenant: identity.tenant }
    expect(await behalf.revoke({ issuer, subject, ...tenant })).toMatchObject({ tokens: 1 })
  })
})

test('a channel that hangs keeps no question open, and holds revoke up for three seconds', async () => {
  const { guard, call, channel } = smallWorld()
  let cancels = 0
  const hanging: ApprovalChannel = {
    ...channel,
    cancel: () => {
      cancels++
      return new Promise(() => {})
    },
  }
  const behalf = guard({ approvals: hanging })
  for (const amount of [1, 2, 3]) await behalf.run(asks, call({ slot: `${amount}`, input: { amount } }), () => 'ran')
  stopTime()
  const revoked = behalf.revoke({ issuer: ISSUER, subject: 'ann' })
  while (cancels < 3) await quiet()
  expect(await passingTime(revoked)).toMatchObject({ approvals: 3 })
  expect(cancels).toBe(3)
})

test('a channel is told also where the store lost the answer to the end of its question', async () => {
  const { guard, call, channel, store } = smallWorld()
  let cancels = 0
  const approvals: ApprovalChannel = { ...channel, cancel: async () => void cancels++ }
  await guard({ approvals }).run(asks, call(), () => 'ran')
  let lost = 0
  const forgetful = tapped(store, async (operation, key, next) => {
    const answer = await next()
    if (operation === 'put' && key.startsWith('run:') && lost++ === 0) throw new StoreError('unavailable', 'lost')
    return answer
  })
  const behalf = guard({ approvals, store: forgetful })
  expect(await behalf.revoke({ issuer: ISSUER, subject: 'ann' })).toMatchObject({ approvals: 1 })
  expect([lost, cancels]).toEqual([1, 1])
})
