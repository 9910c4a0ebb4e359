import { describe, expect, test } from 'vitest'
import { HadNoEffect, StepUpRequiredError } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { smallWorld, writes } from './small-world.ts'

async function* pay() {
  yield 'asking the bank'
  yield 'paying'
  return { paid: 50 }
}

type Flow = AsyncGenerator<unknown, unknown>

/** The stream of a `write` call, not yet read. */
async function open(body: () => unknown = pay) {
  const world = smallWorld()
  const guard = world.guard()
  const outcome = await guard.run(writes, world.call(), body)
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const again = (other = guard) => other.run(writes, world.call(), () => 'ran again')
  const ends = () => world.events.filter((event) => event.type === 'call').map(({ status }) => status)
  return { ...world, behalf: guard, flow: outcome.result as Flow, again, ends }
}

async function read(flow: AsyncIterable<unknown>): Promise<unknown[]> {
  const pieces: unknown[] = []
  for await (const piece of flow) pieces.push(piece)
  return pieces
}

describe('a write that streams', () => {
  test('runs as long as it flows: no other call gets in, and nothing is on record as done', async () => {
    const { flow, again, ends } = await open()
    await flow.next()
    expect(await again()).toMatchObject({ status: 'unavailable' })
    expect(ends()).not.toContain('done')
    await read(flow)
    expect(ends()).toContain('done')
  })

  test('runs as long as what flows is another guarded call’s, which its body gives on', async () => {
    const inner = await open()
    const outer = await open(() => inner.flow)
    await outer.flow.next()
    expect(await outer.again()).toMatchObject({ status: 'unavailable' })
    expect([...outer.ends(), ...inner.ends()]).not.toContain('done')
    await read(outer.flow)
    expect([outer.ends(), inner.ends()].map((ends) => ends.includes('done'))).toEqual([true, true])
    expect(await outer.again()).toMatchObject({ status: 'done', result: { paid: 50 } })
  })

  test('tells again what it returned, and not what it gave on the way', async () => {
    const { flow, again } = await open()
    expect(await read(flow)).toEqual(['asking the bank', 'paying'])
    expect(await again()).toMatchObject({ status: 'done', result: { paid: 50 } })
  })

  test('has its result in the store before its reader has it', async () => {
    const { flow, again } = await open()
    let step: IteratorResult<unknown>
    do step = await flow.next()
    while (!step.done)
    expect(step.value).toEqual({ paid: 50 })
    expect(await again()).toMatchObject({ status: 'done', result: { paid: 50 } })
  })

  test('that throws on its way is never run again', async () => {
    const { flow, again, ends } = await open(async function* () {
      yield 'paying'
      throw new Error('the line broke')
    })
    await expect(read(flow)).rejects.toThrow('the line broke')
    expect(await again()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(ends()).toContain('threw')
  })

  test('whose reader gives up is never run again: how far it came is not known', async () => {
    const { flow, again, ends } = await open()
    for await (const _ of flow) break
    expect(await again()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(ends()).toContain('aborted')
    expect(ends()).not.toContain('done')
  })

  test('whose process dies on its way has crashed', async () => {
    const { flow, guard, again, clock } = await open()
    await flow.next()
    clock.advance(61)
    expect(await again(guard())).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
  })

  test('as a web stream, it is told once', async () => {
    const { flow, again } = await open(() => new Response('paid').body)
    expect(await read(flow)).toHaveLength(1)
    expect(await again()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
  })
})

test('what an API asks for in a stream that had no effect is asked of the user next', async () => {
  const { flow, call, behalf } = await open(async function* () {
    yield 'paying'
    throw new HadNoEffect(new StepUpRequiredError('more is needed', { acrValues: ['gold'] }))
  })
  await rejection(read(flow))
  expect(await behalf.preflight(writes, call({ slot: 'next' }))).toMatchObject({
    status: 'interrupted',
    interrupt: { kind: 'step_up_required', acrValues: ['gold'] },
  })
})
