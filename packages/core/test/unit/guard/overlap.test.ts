import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { underWaySentences } from '../../../src/guard/call/refusal.ts'
import { policy } from '../../../src/index.ts'
import { elsewhere } from '../runs/harness.ts'
import { asks, schema, smallWorld, user, writes } from './small-world.ts'

/** Two guards of one process on one store, and a body that runs until the test ends it. */
function oneProcess(over: object = {}) {
  const world = smallWorld()
  const guards = [world.guard({ store: world.store, ...over }), world.guard({ store: world.store, ...over })] as const
  const began: string[] = []
  const ends: (() => void)[] = []
  const body = (name: string) => async () => {
    began.push(name)
    await new Promise<void>((resolve) => ends.push(resolve))
    return name
  }
  const hasBegun = (count: number) => expect.poll(() => began.length).toBe(count)
  const end = () => ends.shift()?.()
  const approved = async () => {
    await guards[0].run(asks, world.call(), () => 'never')
    await guards[1].run(asks, world.call({ slot: 'other' }), () => 'never')
    world.answers({ status: 'approved' })
    world.clock.advance(6)
  }
  return { ...world, guards, began, body, hasBegun, end, approved }
}

describe('equal calls of one process that overlap (A2)', () => {
  test(verifies('A2', 'two slots that share an approval run it once, and both get the result'), async () => {
    const { guards, call, approved, body, hasBegun, end, questions } = oneProcess()
    await approved()
    const first = guards[0].run(asks, call(), body('one'))
    await hasBegun(1)
    const second = guards[1].run(asks, call({ slot: 'other' }), body('two'))
    end()
    expect(await first).toMatchObject({ status: 'done', result: 'one' })
    expect(await first).not.toHaveProperty('replayed')
    expect(await second).toMatchObject({ status: 'done', result: 'one', replayed: true, ranAt: 1_800_000_006 })
    expect(questions).toHaveLength(1)
  })

  test('ten at once, of which nine wait, run it once', async () => {
    const { guards, call, approved, body, hasBegun, end, began } = oneProcess()
    await approved()
    expect(await guards[0].preflight(asks, call())).toMatchObject({ status: 'ready' })
    const all = Array.from({ length: 10 }, (_, at) =>
      guards[(at % 2) as 0 | 1].run(asks, call(at % 3 === 0 ? {} : { slot: 'other' }), body(`${at}`)),
    )
    await hasBegun(1)
    end()
    const outcomes = await Promise.all(all)
    expect(new Set(outcomes.map((outcome) => outcome.status === 'done' && outcome.result)).size).toBe(1)
    expect(began).toHaveLength(1)
  })

  test('equal calls that need no approval run one after the other, each its own body', async () => {
    const { guards, call, body, hasBegun, end, began } = oneProcess()
    const first = guards[0].run(writes, call(), body('one'))
    await hasBegun(1)
    const second = guards[1].run(writes, call({ slot: 'other' }), body('two'))
    expect(await guards[1].preflight(writes, call({ slot: 'other' }))).toMatchObject({
      status: 'ready',
      underWay: true,
    })
    expect(began).toEqual(['one'])
    end()
    expect(await first).toMatchObject({ result: 'one' })
    await hasBegun(2)
    end()
    expect(await second).toMatchObject({ status: 'done', result: 'two' })
    expect(await second).not.toHaveProperty('replayed')
  })

  test('a run that ends in doubt is told as such to the call that waited for it, and runs no more', async () => {
    const { guards, call, approved, hasBegun, began } = oneProcess()
    await approved()
    const fails = Promise.withResolvers<never>()
    const first = guards[0].run(asks, call(), async () => {
      began.push('one')
      return fails.promise
    })
    await hasBegun(1)
    const second = guards[1].run(asks, call({ slot: 'other' }), () => began.push('two'))
    fails.reject(new Error('the line broke'))
    await expect(first).rejects.toThrow('the line broke')
    expect(await second).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(began).toEqual(['one'])
  })

  test('a wait does not count as time of the guard', async () => {
    const { guards, call, body, hasBegun, end } = oneProcess({ timeoutMs: 300 })
    const first = guards[0].run(writes, call(), body('one'))
    await hasBegun(1)
    const second = guards[1].run(writes, call({ slot: 'other' }), body('two'))
    await new Promise((resolve) => setTimeout(resolve, 600))
    end()
    await first
    await hasBegun(2)
    end()
    expect(await second).toMatchObject({ status: 'done', result: 'two' })
  })

  test('a caller that aborts while it waits leaves, and the run goes on', async () => {
    const { guards, call, body, hasBegun, end, began } = oneProcess()
    const first = guards[0].run(writes, call(), body('one'))
    await hasBegun(1)
    const controller = new AbortController()
    const second = guards[1].run(writes, call({ slot: 'other', signal: controller.signal }), body('two'))
    controller.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    end()
    expect(await first).toMatchObject({ status: 'done' })
    expect(began).toEqual(['one'])
  })

  test('a right that ended during the wait is not used after it', async () => {
    const { guards, call, approved, body, hasBegun, end } = oneProcess()
    await approved()
    const first = guards[0].run(asks, call(), body('one'))
    await hasBegun(1)
    const second = guards[1].run(asks, call({ slot: 'other' }), body('two'))
    await guards[0].revoke({ issuer: user().issuer, subject: 'ann' })
    end()
    await first
    expect(await second).toMatchObject({ status: 'denied', code: 'revoked' })
  })
})

describe('a wait that could not end (A2)', () => {
  test('a call within the body of an equal run does not wait for the run around it', async () => {
    const { guards, call } = oneProcess()
    let inner: unknown
    const outer = await guards[0].run(writes, call(), async () => {
      inner = await guards[1].run(writes, call({ slot: 'inner' }), () => 'inner')
      return 'outer'
    })
    expect(inner).toMatchObject({ status: 'unavailable', message: underWaySentences.other })
    expect(outer).toMatchObject({ status: 'done', result: 'outer' })
  })

  test('two bodies whose inner calls would wait for each other end, one of them refused', async () => {
    const { guards, call } = oneProcess()
    const both = [1, 2].map((amount) =>
      guards[0].run(writes, call({ slot: `outer ${amount}`, input: { amount } }), async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        const inner = await guards[1].run(writes, call({ slot: 'inner', input: { amount: 3 - amount } }), () => 'inner')
        return inner.status
      }),
    )
    const outcomes = await Promise.all(both)
    expect(outcomes.map((each) => each.status === 'done' && each.result).sort()).toEqual(['done', 'unavailable'])
  })

  test('a call does not wait for a run that streams', async () => {
    const { guards, call } = oneProcess()
    const outcome = await guards[0].run(writes, call(), async function* () {
      yield 'a piece'
      return 'all'
    })
    const second = await guards[1].run(writes, call({ slot: 'other' }), () => 'two')
    expect(second).toMatchObject({ status: 'unavailable', message: underWaySentences.other })
    if (outcome.status === 'done') for await (const _ of outcome.result);
    expect(await guards[1].run(writes, call({ slot: 'other' }), () => 'two')).toMatchObject({ result: 'two' })
  })

  test('a call that waits when the run begins to stream waits no longer', async () => {
    const { guards, call } = oneProcess()
    const go = Promise.withResolvers<void>()
    async function* pieces() {
      yield 'a piece'
    }
    const first = guards[0].run(writes, call(), async () => {
      await go.promise
      return pieces()
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const second = guards[1].run(writes, call({ slot: 'other' }), () => 'two')
    go.resolve()
    expect(await second).toMatchObject({ status: 'unavailable', message: underWaySentences.other })
    await first
  })
})

describe('an equal run of another process', () => {
  test('is polled within the time of the guard: its slot gets the result, once it is there', async () => {
    const { guards, guard, call, store, approved, body, hasBegun, end } = oneProcess()
    await approved()
    const first = guards[0].run(asks, call(), body('one'))
    await hasBegun(1)
    const second = guard({ store: elsewhere(store) }).run(asks, call({ slot: 'other' }), body('two'))
    end()
    expect(await first).toMatchObject({ result: 'one' })
    expect(await second).toMatchObject({ status: 'done', result: 'one', replayed: true })
  })

  test('that runs longer is told as under way, and not as an action that was not done', async () => {
    const { guards, guard, call, store, body, hasBegun, end } = oneProcess()
    const first = guards[0].run(writes, call(), body('one'))
    await hasBegun(1)
    const other = guard({ store: elsewhere(store), timeoutMs: 700 })
    expect(await other.run(writes, call({ slot: 'other' }), body('two'))).toMatchObject({
      status: 'unavailable',
      message: underWaySentences.other,
    })
    expect(await other.run(writes, call(), body('two'))).toMatchObject({
      status: 'unavailable',
      message: underWaySentences.own,
    })
    end()
    await first
  })
})

test(verifies('A12', 'a run of another kind of caller is neither waited for nor told'), async () => {
  const { guards, call, body, hasBegun, end } = oneProcess()
  const first = guards[0].run(writes, call(), body('one'))
  await hasBegun(1)
  const actor = { issuer: user().issuer, subject: 'agent:other' }
  const other = guards[1].run(writes, call({ slot: 'other', identity: user({ actor }) }), () => 'two')
  expect(await other).toMatchObject({ status: 'done', result: 'two' })
  end()
  await first
})

test('perCall: each slot has its own question, and their runs come one after the other', async () => {
  const perCall = policy(schema, { version: '1', approval: { message: () => 'Pay', perCall: true } })
  const { guards, call, answers, clock, body, hasBegun, end, questions } = oneProcess()
  await guards[0].run(perCall, call(), () => 'never')
  await guards[0].run(perCall, call({ slot: 'other' }), () => 'never')
  answers({ status: 'approved' })
  clock.advance(6)
  const first = guards[0].run(perCall, call(), body('one'))
  await hasBegun(1)
  const second = guards[1].run(perCall, call({ slot: 'other' }), body('two'))
  end()
  expect(await first).toMatchObject({ result: 'one' })
  await hasBegun(2)
  end()
  expect(await second).toMatchObject({ result: 'two' })
  expect(questions).toHaveLength(2)
})
