import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { policy, type UserIdentity } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, ISSUER, schema, smallWorld, user, writes } from './small-world.ts'

const boss = { issuer: ISSUER, subject: 'boss' }
const asksBoss = policy(schema, {
  approval: {
    message: ({ input }) => `Pay ${input.amount}`,
    details: ({ input }) => [{ type: 'payment', amount: input.amount }],
    approver: () => boss,
  },
})
const never = () => new Promise<never>(() => {})

/** A run that crashed in its body: the process is gone, and its lease with it. */
async function crashed() {
  const world = smallWorld()
  const behalf = world.guard()
  await behalf.run(asks, world.call(), () => 'never')
  world.answers({ status: 'approved' })
  world.clock.advance(10)
  // The body never ends, and its lease is not renewed: so a dead process looks from outside.
  const { promise: began, resolve: begin } = Promise.withResolvers<void>()
  const dead = world.guard()
  void dead.run(asks, world.call(), () => {
    begin()
    return never()
  })
  await began
  world.clock.advance(61)
  const [view] = await behalf.approvals.list({ identity: user(), as: 'owner' })
  return { ...world, behalf, id: view?.id ?? '' }
}

describe('whose is what (A8)', () => {
  test(
    verifies('A8', 'an owner lists what is open; an approver reads what they are asked, and nothing else'),
    async () => {
      const { guard, call } = smallWorld()
      const behalf = guard()
      await behalf.run(asksBoss, call(), () => 'ran')
      const owned = await behalf.approvals.list({ identity: user(), as: 'owner' })
      expect(owned).toMatchObject([{ tool: 'pay', message: 'Pay 50', state: 'open', approver: boss }])
      const asked = await behalf.approvals.list({ identity: user({ subject: 'boss' }), as: 'approver' })
      expect(Object.keys(asked[0] ?? {}).sort()).toEqual([
        'details',
        'expiresAt',
        'id',
        'message',
        'questionId',
        'state',
      ])
      expect(asked).toMatchObject([{ message: 'Pay 50', details: [{ type: 'payment', amount: 50 }] }])
      expect(await behalf.approvals.list({ identity: user({ subject: 'boss' }), as: 'owner' })).toEqual([])
      expect(await behalf.approvals.list({ identity: user(), as: 'approver' })).toEqual([])
    },
  )

  test(verifies('A8', 'strangers find, cancel and resolve nothing'), async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const first = await behalf.run(asksBoss, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    const strangers = [
      user({ subject: 'boss' }),
      user({ tenant: 'other' }),
      user({ clientId: 'other' }),
      user({ subject: 'bob' }),
      fieldsOf(user()) as UserIdentity,
    ]
    for (const identity of strangers) {
      expect(await behalf.approvals.get(id, { identity })).toBeUndefined()
      expect(await behalf.approvals.cancel(id, { identity })).toBeUndefined()
      const resolved = await behalf.approvals
        .resolve(id, 'ran', { identity })
        .catch((error: { code: string }) => error.code)
      expect(resolved).toBe(identity.clientId === 'other' ? 'ERR_IDENTITY_REQUIRED' : undefined)
      expect(await behalf.approvals.list({ identity, as: 'owner' })).toEqual([])
    }
    expect(await behalf.approvals.get(id, { identity: user() })).toMatchObject({ state: 'open' })
  })

  test('pages go on after an id, and what is over is in none', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    for (let amount = 1; amount <= 12; amount++) {
      await behalf.run(asks, call({ slot: `s-${amount}`, input: { amount } }), () => 'ran')
    }
    const seen = new Set<string>()
    let after: string | undefined
    for (let pages = 0; pages < 4; pages++) {
      const options = { identity: user(), as: 'owner', limit: 5, ...(after !== undefined && { after }) } as const
      const page = await behalf.approvals.list(options)
      for (const { id } of page) seen.add(id)
      after = page.at(-1)?.id
      if (page.length < 5) break
    }
    expect(seen.size).toBe(12)
    const [id = ''] = seen
    await behalf.approvals.cancel(id, { identity: user() })
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toHaveLength(11)
  })

  test('a word that is misspelt finds nothing by accident', async () => {
    const { guard } = smallWorld()
    await expect(guard().approvals.list({ identity: user(), as: 'aprover' as 'approver' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})

describe('an inbox ends in time and with typed errors', () => {
  test('a store or a channel that never settles', async () => {
    const { guard, call, store, clock, channel } = smallWorld()
    const first = await guard().run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    const stuckStore = guard({ timeoutMs: 30, store: tapped(store, never) })
    for (const ask of [
      () => stuckStore.approvals.get(id, { identity: user() }),
      () => stuckStore.approvals.list({ identity: user(), as: 'owner' }),
      () => stuckStore.approvals.cancel(id, { identity: user() }),
      () => stuckStore.approvals.resolve(id, 'ran', { identity: user() }),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    }
    clock.advance(10)
    const stuckChannel: ApprovalChannel = { ...channel, poll: never }
    const stuck = guard({ timeoutMs: 30, approvals: stuckChannel })
    await expect(stuck.approvals.get(id, { identity: user() })).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })

  test('a fault that the store did not classify is a StoreError, and an abort is its own reason', async () => {
    const { guard, call, store } = smallWorld()
    const first = await guard().run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    const broken = guard({ store: tapped(store, () => Promise.reject(new RangeError('boom'))) })
    await expect(broken.approvals.get(id, { identity: user() })).rejects.toMatchObject({
      code: 'ERR_STORE',
      reason: 'unclassified',
      retryable: false,
    })
    const reason = new Error('left')
    const signal = AbortSignal.abort(reason)
    await expect(guard().approvals.get(id, { identity: user(), signal })).rejects.toBe(reason)
  })

  test('an expired identity is refused', async () => {
    const { guard, call, clock } = smallWorld()
    const identity = user({ expiresAt: clock.now() / 1000 + 60 })
    const first = await guard().run(asks, call({ identity }), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    clock.advance(100)
    for (const ask of [
      () => guard().approvals.get(id, { identity }),
      () => guard().approvals.list({ identity, as: 'owner' }),
      () => guard().approvals.cancel(id, { identity }),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'expired' })
    }
  })
})

describe('cancel', () => {
  test('an open question, and an unused approval; the channel is notified, and the call is denied', async () => {
    const { guard, call, answers, clock, channel } = smallWorld()
    const told: unknown[] = []
    const approvals: ApprovalChannel = { ...channel, cancel: async (asked) => void told.push(asked.state) }
    const behalf = guard({ approvals })
    for (const isApproved of [false, true]) {
      const slot = `slot-${isApproved}`
      const first = await behalf.run(asks, call({ slot }), () => 'ran')
      const id = first.status === 'interrupted' ? first.interrupt.id : ''
      answers({ status: 'approved' })
      if (isApproved) {
        clock.advance(10)
        expect(await behalf.preflight(asks, call({ slot }))).toMatchObject({ status: 'ready' })
      }
      expect(await behalf.approvals.cancel(id, { identity: user() })).toMatchObject({ state: 'cancelled' })
      expect(await behalf.run(asks, call({ slot }), () => 'ran')).toMatchObject({ code: 'approval_cancelled' })
    }
    expect(told).toEqual([{ n: 1 }])
  })

  test('a channel that fails to forget changes nothing', async () => {
    const { guard, call, channel } = smallWorld()
    const approvals = { ...channel, cancel: () => Promise.reject(new Error('no')) }
    const behalf = guard({ approvals })
    const first = await behalf.run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    expect(await behalf.approvals.cancel(id, { identity: user() })).toMatchObject({ state: 'cancelled' })
  })

  test('what runs is not stopped, and what ended stays', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    let during: unknown
    const outcome = await behalf.run(writes, call(), async () => {
      const [view] = await behalf.approvals.list({ identity: user(), as: 'owner' })
      during = await behalf.approvals.cancel(view?.id ?? '', { identity: user() })
      return 'ran'
    })
    expect(during).toMatchObject({ state: 'used', run: 'running' })
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
  })
})

describe('resolve (A5)', () => {
  test('until the owner resolves it, an equal call under a new slot asks, and the question tells of the run in doubt', async () => {
    const { behalf, call, questions } = await crashed()
    const other = await behalf.run(asks, call({ slot: 'other' }), () => 'ran')
    expect(other).toMatchObject({
      status: 'interrupted',
      interrupt: {
        message: expect.stringMatching(
          /^An equal request of 2027-01-15 [\d:]{8} UTC ended without a known result\. Pay 50$/,
        ),
      },
    })
    expect(questions).toHaveLength(2)
  })

  test('it ran: every slot is told the result, and a new slot is a new question', async () => {
    const { behalf, call, id, questions } = await crashed()
    const resolved = await behalf.approvals.resolve(id, 'ran', { identity: user(), result: { paid: 50 } })
    expect(resolved).toMatchObject({ state: 'used', run: 'completed' })
    expect(await behalf.run(asks, call(), () => 'again')).toMatchObject({ status: 'done', result: { paid: 50 } })
    expect(await behalf.run(asks, call({ slot: 'other' }), () => 'again')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(2)
  })

  test('it ran, with no result known: it is not run again', async () => {
    const { behalf, call, id } = await crashed()
    await behalf.approvals.resolve(id, 'ran', { identity: user() })
    expect(await behalf.run(asks, call(), () => 'again')).toMatchObject({ code: 'unknown_outcome' })
  })

  test('it did not run: it may, within what is left of its approval, once', async () => {
    const { behalf, call, id, questions } = await crashed()
    const resolved = await behalf.approvals.resolve(id, 'did_not_run', { identity: user() })
    expect(resolved).toMatchObject({ state: 'approved' })
    let runs = 0
    expect(await behalf.run(asks, call(), () => ++runs)).toMatchObject({ status: 'done', result: 1 })
    expect(await behalf.run(asks, call(), () => ++runs)).toMatchObject({ status: 'done', result: 1 })
    expect(questions).toHaveLength(1)
  })

  test('it did not run, and the approval is void by now: a new question for a new slot', async () => {
    const { behalf, call, id, clock } = await crashed()
    clock.advance(3600)
    await behalf.approvals.resolve(id, 'did_not_run', { identity: user() })
    expect(await behalf.run(asks, call(), () => 'again')).toMatchObject({ code: 'approval_expired' })
    expect(await behalf.run(asks, call({ slot: 'other' }), () => 'again')).toMatchObject({ status: 'interrupted' })
  })

  test('what did not crash stays as it is', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const first = await behalf.run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    expect(await behalf.approvals.resolve(id, 'ran', { identity: user() })).toMatchObject({ state: 'open' })
    await expect(behalf.approvals.resolve(id, 'maybe' as 'ran', { identity: user() })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})
