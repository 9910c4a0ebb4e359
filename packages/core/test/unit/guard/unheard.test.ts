import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { asks, reads, smallWorld, user, writes } from './small-world.ts'

/** A read whose body pays by a guarded write, and then does what `after` does. */
function search(result: unknown = 'paid') {
  const { store, guard, call } = smallWorld()
  const behalf = guard({ store })
  const controller = new AbortController()
  const leave = () => controller.abort(new DOMException('the tool timed out', 'TimeoutError'))
  const bodies: string[] = []
  const pay = (slot: string, paid: unknown = result) =>
    behalf.run(writes, call({ slot }), () => {
      bodies.push(slot)
      return paid
    })
  const read = (body: () => unknown) =>
    behalf.run(reads, call({ tool: 'search', slot: 'a search', signal: controller.signal }), body)
  return { behalf, call, leave, bodies, pay, read }
}

describe('the result of a guarded write within a read, when the caller of the read does not hear of it (A13)', () => {
  test(verifies('A13', 'the next equal write gets it where the read threw after it'), async () => {
    const { read, pay, bodies } = search()
    const failed = read(async () => {
      await pay('one')
      throw new Error('the page did not load')
    })
    await expect(failed).rejects.toThrow('the page did not load')
    expect(await pay('two')).toMatchObject({ status: 'done', result: 'paid', replayed: true })
    expect(await pay('three')).toMatchObject({ status: 'done', result: 'paid' })
    expect(bodies).toEqual(['one', 'three'])
  })

  test('the next equal write gets it where the read threw while the write still ran', async () => {
    const { behalf, call, read, pay, bodies } = search()
    const end = Promise.withResolvers<void>()
    let paying: Promise<unknown> | undefined
    const failed = read(() => {
      paying = behalf.run(writes, call({ slot: 'one' }), async () => {
        bodies.push('one')
        await end.promise
        return 'paid'
      })
      throw new Error('the page did not load')
    })
    await expect(failed).rejects.toThrow('the page did not load')
    end.resolve()
    await paying
    expect(await pay('two')).toMatchObject({ result: 'paid', replayed: true })
    expect(bodies).toEqual(['one'])
  })

  test('the next equal write gets it where the caller of the read left before the write ended', async () => {
    const { read, pay, leave, bodies } = search()
    const left = read(async () => {
      leave()
      await pay('one')
      await new Promise(() => {})
    })
    void left.catch(() => {})
    await expect.poll(() => bodies).toEqual(['one'])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await pay('two')).toMatchObject({ result: 'paid', replayed: true })
    expect(bodies).toEqual(['one'])
  })

  test('the next equal write gets it where the caller left afterwards, and the body of the read hangs', async () => {
    const { read, pay, leave, bodies } = search()
    const paid = Promise.withResolvers<void>()
    void read(async () => {
      await pay('one')
      paid.resolve()
      await new Promise(() => {})
    }).catch(() => {})
    await paid.promise
    leave()
    expect(await pay('two')).toMatchObject({ result: 'paid', replayed: true })
    expect(bodies).toEqual(['one'])
  })

  test('the next equal write gets it where the read ended, and its caller had left', async () => {
    const { read, pay, leave, bodies } = search()
    const left = read(async () => {
      await pay('one')
      leave()
      return 'found'
    })
    await left.catch(() => {})
    expect(await pay('two')).toMatchObject({ result: 'paid', replayed: true })
    expect(bodies).toEqual(['one'])
  })

  test('the next equal write gets it where a read within the read heard of it, and the outer one threw', async () => {
    const { behalf, call, read, pay, bodies } = search()
    const failed = read(async () => {
      await behalf.run(reads, call({ tool: 'look', slot: 'within' }), () => pay('one'))
      throw new Error('the page did not load')
    })
    await expect(failed).rejects.toThrow('the page did not load')
    expect(await pay('two')).toMatchObject({ result: 'paid', replayed: true })
    expect(bodies).toEqual(['one'])
  })

  test('the next equal write gets it again where the read that got it threw too', async () => {
    const { behalf, call, read, pay, bodies } = search()
    for (const slot of ['one', 'two', 'three']) {
      const failed = behalf.run(reads, call({ tool: 'search', slot: `search ${slot}` }), async () => {
        await pay(slot)
        throw new Error('the page did not load')
      })
      await expect(failed).rejects.toThrow('the page did not load')
    }
    expect(await read(() => pay('four'))).toMatchObject({ result: { result: 'paid', replayed: true } })
    expect(bodies).toEqual(['one'])
    expect(await pay('five')).toMatchObject({ result: 'paid' })
    expect(bodies).toEqual(['one', 'five'])
  })

  test('a result that a caller has got before is told by no further one', async () => {
    const { read, pay, bodies } = search()
    await pay('one')
    const failed = read(async () => {
      expect(await pay('one')).toMatchObject({ replayed: true })
      throw new Error('the page did not load')
    })
    await expect(failed).rejects.toThrow('the page did not load')
    await pay('two')
    expect(bodies).toEqual(['one', 'two'])
  })

  test('a read that ends, and whose caller has its result, leaves nothing: an equal write is one more action', async () => {
    const { read, pay, bodies } = search()
    expect(await read(() => pay('one'))).toMatchObject({ status: 'done' })
    expect(await pay('two')).toMatchObject({ status: 'done', result: 'paid' })
    expect(bodies).toEqual(['one', 'two'])
  })

  test(
    verifies('A13', 'a result that cannot be stored leaves the write in doubt, and the app resolves it'),
    async () => {
      const { behalf, read, pay, bodies } = search(new Map())
      const failed = read(async () => {
        await pay('one')
        throw new Error('the page did not load')
      })
      await expect(failed).rejects.toThrow('the page did not load')
      expect(await pay('two')).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
      expect(bodies).toEqual(['one'])
      const [stuck] = await behalf.approvals.list({ identity: user(), as: 'owner' })
      await behalf.approvals.resolve(stuck?.id ?? '', 'did_not_run', { identity: user() })
      expect(await pay('two')).toMatchObject({ status: 'done' })
      expect(bodies).toEqual(['one', 'two'])
    },
  )
})

test('a read that gives its guarded writes the same slots at each try waits for a person, and does each once', async () => {
  const { store, guard, call, answers, clock, questions } = smallWorld()
  const behalf = guard({ store })
  const bodies: string[] = []
  const body = (name: string) => () => bodies.push(name)
  const rebalance = () =>
    behalf.run(reads, call({ tool: 'rebalance', slot: 'today' }), async () => {
      const sold = await behalf.run(writes, call({ tool: 'sell', slot: ['today', 'sell'] }), body('sell'))
      const bought = await behalf.run(asks, call({ tool: 'buy', slot: ['today', 'buy'] }), body('buy'))
      if (bought.status !== 'done') throw new Error(bought.status)
      return [sold.status, bought.status]
    })
  for (let time = 0; time < 5; time++) await expect(rebalance()).rejects.toThrow('interrupted')
  answers({ status: 'approved' })
  clock.advance(31)
  expect(await rebalance()).toMatchObject({ status: 'done', result: ['done', 'done'] })
  expect(bodies).toEqual(['sell', 'buy'])
  expect(questions).toHaveLength(1)
})
