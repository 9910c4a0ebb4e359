import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { type Fault, type Policy, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { passingTime, quiet, stopTime } from './passing-time.ts'
import { schema, smallWorld, user, writes } from './small-world.ts'

/** A guard that collects what `onFault` hears. */
function listeningWorld() {
  const world = smallWorld()
  const faults: Fault[] = []
  return { ...world, faults, behalf: world.guard({ onFault: (fault) => void faults.push(fault) }) }
}

// Without the effect in its type, as where an adapter hands a tool over: the compiler sees no result.
const anyWrite = writes as Policy

describe('a write whose result cannot be stored says so', () => {
  test.each<[string, unknown, string]>([
    ['a Date', new Date(0), '$ is an instance of a class'],
    ['a Date within', { id: 1, at: new Date(0) }, '$.at is an instance of a class'],
    ['a Map', new Map([['a', 1]]), '$ is an instance of a class'],
    ['a bigint', { amount: 1n }, '$.amount is a bigint'],
    ['a Response', new Response('ok'), '$ is an instance of a class'],
    ['a number without end', { rate: Number.NaN }, '$.rate is not a finite number'],
    ['a text of 300,000 characters', 'x'.repeat(300_000), 'it is 300002 characters of JSON; at most 262144 are stored'],
  ])('%s', async (_, result, why) => {
    const { behalf, call, faults } = listeningWorld()
    const outcome = await behalf.run(anyWrite, call(), () => result)
    expect(outcome).toMatchObject({ status: 'done', result })
    const detail = `the result could not be stored: ${why}`
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'complete', verdict: 'unavailable', detail })
    const { callId } = outcome.trace
    expect(faults).toEqual([{ kind: 'result_not_stored', tool: 'pay', step: 'complete', message: detail, callId }])
    expect(await behalf.run(anyWrite, call(), () => 'again')).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a store that fails after the body is told as well', async () => {
    const { call, store, guard } = smallWorld()
    const faults: Fault[] = []
    let isAway = false
    const leaving = tapped(store, (_, __, next) =>
      isAway ? Promise.reject(new StoreError('unavailable', 'gone')) : next(),
    )
    stopTime()
    const behalf = guard({ store: leaving, onFault: (fault) => void faults.push(fault) })
    const running = behalf.run(anyWrite, call(), () => {
      isAway = true
      return 'paid'
    })
    while (!isAway) await quiet()
    const outcome = await passingTime(running)
    expect(outcome).toMatchObject({ status: 'done', result: 'paid' })
    expect(faults).toMatchObject([{ kind: 'result_not_stored', step: 'complete' }])
  })
})

describe('no fault is reported if nothing is lost', () => {
  test.each<[string, () => unknown, string]>([
    ['plain JSON', () => ({ id: 'o-1', note: undefined }), 'the result is stored'],
    ['nothing', () => undefined, 'the result is stored'],
    [
      'a stream',
      () => new ReadableStream({ start: (controller) => controller.close() }),
      'the run is stored; what it streamed is not',
    ],
  ])('%s', async (_, body, detail) => {
    const { behalf, call, faults } = listeningWorld()
    const outcome = await behalf.run(anyWrite, call(), body)
    if (outcome.status === 'done' && outcome.result instanceof ReadableStream) await outcome.result.getReader().read()
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'complete', verdict: 'passed', detail })
    expect(faults).toEqual([])
  })

  test('the result of a read is not stored', async () => {
    const { behalf, call, faults } = listeningWorld()
    const outcome = await behalf.run(policy(schema, {}), call({ identity: user() }), () => new Date(0))
    expect(outcome).toMatchObject({ status: 'done', result: new Date(0) })
    expect(faults).toEqual([])
  })
})
