import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { HadNoEffect, policy } from '../../../src/index.ts'
import { api, type Body, mail, asks as onlyByAccess } from './in-doubt-world.ts'
import { schema } from './small-world.ts'

const refund = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Refund ${input.amount}` },
  access: { mail },
})
const plain = policy(schema, { version: '1', effect: 'write', access: { mail } })
const sub = policy(schema, { version: '1', effect: 'write' })

/** An approved call, at an API that the test may let refuse. */
async function approved(rules = refund) {
  const world = api()
  await world.run(rules, 'one', () => 'never')
  world.answers({ status: 'approved' })
  world.clock.advance(6)
  const refunds: string[] = []
  return { ...world, refunds, pays: () => void refunds.push('by the company’s own client') }
}

describe('a write that threw is in doubt without evidence (A13)', () => {
  test(
    verifies('A13', 'three tries of a body that pays by another client, and whose note is refused, pay once'),
    async () => {
      const { run, state, refunds, pays } = await approved()
      state.status = 415
      const body: Body = async (_, { access }) => {
        await access.mail.fetch('https://mail.example/orders')
        pays()
        const note = await access.mail.fetch('https://mail.example/notes', { method: 'POST' })
        if (!note.ok) throw new Error(`the note was refused: ${note.status}`)
      }
      const outcomes: unknown[] = []
      for (let tries = 0; tries < 4; tries++) outcomes.push(await run(refund, 'one', body))
      expect(refunds).toHaveLength(1)
      expect(outcomes.at(-1)).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test('a body whose policy writes only by its access is tried again after a definite refusal', async () => {
    const { run, state, request } = await approved(onlyByAccess)
    state.status = 400
    await run(onlyByAccess, 'one', request('POST'))
    state.status = 200
    expect(await run(onlyByAccess, 'one', request('POST'))).toMatchObject({ status: 'done' })
  })

  test('`send` throws HadNoEffect on a definite refusal, and the run is tried again', async () => {
    const { run, state, sent } = await approved()
    const body: Body = async (_, { access }) => {
      const response = await access.mail.send('https://mail.example/pay', { method: 'POST' })
      return response.status
    }
    state.status = 422
    expect(await run(refund, 'one', async (input, call) => `${await body(input, call)}`)).toMatchObject({
      status: 'done',
      result: '422',
    })
    const other = api()
    other.state.status = 415
    const error = await other.run(plain, 'one', body)
    expect(error).toBeInstanceOf(HadNoEffect)
    expect(error).toMatchObject({ cause: { message: 'the API refused a request of mail with 415' } })
    other.state.status = 200
    expect(await other.run(plain, 'one', body)).toMatchObject({ status: 'done', result: 200 })
    expect(sent).toEqual(['POST'])
  })

  test(verifies('A13', 'a refused request that only reads proves nothing of what the body did before it'), async () => {
    const { run, state, refunds, pays } = await approved()
    state.status = 404
    const body: Body = async (_, { access }) => {
      pays()
      await access.mail.send('https://mail.example/customers/7')
    }
    expect(await run(refund, 'one', body)).toMatchObject({ message: expect.stringContaining('refused a request') })
    expect(await run(refund, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
    expect(refunds).toHaveLength(1)
  })

  test(
    verifies('A13', 'a refusal that `send` throws proves nothing of a request that was taken before it'),
    async () => {
      const { run, state } = await approved()
      const body: Body = async (_, { access }) => {
        await access.mail.send('https://mail.example/pay', { method: 'POST' })
        state.status = 400
        await access.mail.send('https://mail.example/notes', { method: 'POST' })
      }
      expect(await run(refund, 'one', body)).toBeInstanceOf(HadNoEffect)
      expect(await run(refund, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test('`writesOnlyBy` takes no other word', () => {
    expect(() => policy(schema, { effect: 'write', access: { mail }, writesOnlyBy: 'fetch' as never })).toThrow(
      /writesOnlyBy/,
    )
  })
})

describe('a guarded call that waits for a person within the body of a write (A13)', () => {
  const inner = policy(schema, { version: '1', approval: { message: ({ input }) => `Pay ${input.amount}` } })

  /** Calls the outer tool, until it has ended. */
  async function callsUntilDone(outer: typeof sub, before: () => void = () => {}) {
    const { guard, run, call, answers, clock, questions } = api()
    const paid: string[] = []
    const body: Body = async () => {
      before()
      const inside = await guard.run(inner, call({ tool: 'inner', slot: 'inside' }), () => void paid.push('paid'))
      if (inside.status !== 'done') throw new Error(inside.status)
      return 'done'
    }
    const ends: unknown[] = []
    for (let tries = 0; tries < 3; tries++) {
      ends.push(await run(outer, 'one', body))
      answers({ status: 'approved' })
      clock.advance(30)
    }
    return { ends, paid, questions }
  }

  test('runs once it is approved, where its policy says that only guarded calls change things', async () => {
    const onlyGuarded = policy(schema, { version: '1', effect: 'write', writesOnlyBy: 'access' })
    const { ends, paid, questions } = await callsUntilDone(onlyGuarded)
    expect(ends[0]).toMatchObject({ message: 'interrupted' })
    expect(ends[1]).toMatchObject({ status: 'done', result: 'done' })
    expect(ends[2]).toMatchObject({ status: 'done', replayed: true })
    expect(paid).toHaveLength(1)
    expect(questions).toHaveLength(1)
  })

  test(verifies('A13', 'leaves it in doubt without that word, and the operator reads how to give it'), async () => {
    let before = 0
    const { ends } = await callsUntilDone(sub, () => before++)
    expect(ends[1]).toMatchObject({ code: 'unknown_outcome' })
    expect(JSON.stringify(ends[1])).toContain('HadNoEffect and writesOnlyBy')
    expect(before).toBe(1)
  })
})

describe('a guarded write within a body (A13)', () => {
  const nested = policy(schema, { version: '1', effect: 'write', access: { mail }, writesOnlyBy: 'access' })

  test.each(['throws', 'throws HadNoEffect', 'throws in the middle of two bodies'])(
    verifies('A13', 'that was done leaves the body around it in doubt, which %s'),
    async (how) => {
      const { guard, run, call } = api()
      let orders = 0
      const order = () =>
        guard.run(sub, call({ tool: 'order', slot: `order ${orders}` }), () => {
          orders++
          return 'ordered'
        })
      const between = () => guard.run(sub, call({ tool: 'between', slot: `between ${orders}` }), order)
      const body: Body = async () => {
        await (how.includes('middle') ? between().catch(() => {}) : order())
        throw how.includes('HadNoEffect') ? new HadNoEffect(new Error('said')) : new Error('then it broke')
      }
      for (let tries = 0; tries < 3; tries++) await run(nested, 'one', body)
      expect(orders).toBe(1)
      expect(await run(nested, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test('that had no effect, or was never started, leaves the body around it as it was', async () => {
    const { guard, run, call } = api()
    let tries = 0
    const body: Body = async () => {
      tries++
      await guard
        .run(sub, call({ tool: 'order', slot: 'order' }), () => Promise.reject(new HadNoEffect(new Error('closed'))))
        .catch(() => {})
      throw new Error('then it broke')
    }
    await run(nested, 'one', body)
    await run(nested, 'one', body)
    expect(tries).toBe(2)
  })

  test('that runs on after the body has thrown leaves it in doubt', async () => {
    const { guard, run, call } = api()
    const body: Body = async () => {
      void guard.run(sub, call({ tool: 'order', slot: 'order' }), () => new Promise(() => {}))
      await new Promise((resolve) => setTimeout(resolve, 20))
      throw new Error('then it broke')
    }
    await run(nested, 'one', body)
    expect(await run(nested, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
  })

  test.each(['throws', 'throws HadNoEffect'])(
    verifies('A13', 'that has not begun when the body around it %s leaves it in doubt'),
    async (how) => {
      const { guard, run, call } = api()
      let orders = 0
      const body: Body = () => {
        const order = guard.run(sub, call({ tool: 'order', slot: `order ${orders}` }), () => {
          orders++
          return 'ordered'
        })
        const fails = Promise.reject(how === 'throws' ? new Error('it broke') : new HadNoEffect(new Error('said')))
        return Promise.all([order, fails])
      }
      await run(nested, 'one', body)
      await expect.poll(() => orders).toBe(1)
      expect(await run(nested, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
      expect(orders).toBe(1)
    },
  )

  test(verifies('A13', 'that tells of an earlier run leaves the body around it in doubt'), async () => {
    const { guard, run, call, answers, clock } = api()
    let orders = 0
    const order = (slot: string) =>
      guard.run(refund, call({ tool: 'order', slot }), () => {
        orders++
        return 'ordered'
      })
    for (const slot of ['a', 'b']) await order(slot)
    answers({ status: 'approved' })
    clock.advance(6)
    await order('a')
    const body: Body = async () => {
      expect(await order('b')).toMatchObject({ status: 'done', replayed: true })
      throw new HadNoEffect(new Error('the rest was not done'))
    }
    await run(nested, 'one', body)
    expect(await run(nested, 'one', body)).toMatchObject({ code: 'unknown_outcome' })
    expect(orders).toBe(1)
  })

  test('that waits for its person, or is refused, leaves the body around it as it was', async () => {
    const { guard, run, call } = api()
    let tries = 0
    const body: Body = async () => {
      tries++
      await guard.run(refund, call({ tool: 'refund', slot: 'refund' }), () => 'never')
      await guard.run(undefined, call({ tool: 'unknown', slot: 'unknown' }), () => 'never')
      throw new Error('then it broke')
    }
    await run(nested, 'one', body)
    await run(nested, 'one', body)
    expect(tries).toBe(2)
  })
})
