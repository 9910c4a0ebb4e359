import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test, vi } from 'vitest'
import { type Fault, may, object, policy, publicTool, type Store } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, reads, schema, smallWorld, user, writes } from './small-world.ts'

const failedSentence =
  'A service that this action needs failed. This call did nothing. Do not try it again unless the user asks for it.'

class DriverError extends Error {}

/** A guard whose store throws errors of its driver while `fails` says so, and what `onFault` heard. */
function unclassifiedWorld(fails: (operation: string, key: string) => boolean, over = {}) {
  const world = smallWorld()
  const faults: Fault[] = []
  const store: Store = tapped(world.store, (operation, key, next) =>
    fails(operation, key) ? Promise.reject(new DriverError('10.0.0.7:6379 reset, user ops')) : next(),
  )
  const behalf = world.guard({ store, onFault: (fault) => void faults.push(fault), ...over })
  return { ...world, behalf, faults }
}

describe('a store that throws an error of its own', () => {
  test.each([
    ['where it reads who was revoked, before a read', reads, () => true],
    ['where it looks for the run', writes, (_: string, key: string) => key.startsWith('slot:')],
    [
      'where it writes a run',
      writes,
      (operation: string, key: string) => operation === 'put' && key.startsWith('run:'),
    ],
    [
      'where it takes the claim',
      writes,
      (operation: string, key: string) => operation === 'put' && key.startsWith('lease:'),
    ],
    [
      'where it writes a question',
      asks,
      (operation: string, key: string) => operation === 'put' && key.startsWith('run:'),
    ],
  ])(verifies('E1', '%s: the call is unavailable, with no promise that another try helps'), async (_, rules, fails) => {
    const { behalf, call, faults, questions } = unclassifiedWorld(fails)
    const body = vi.fn(() => 'ran')
    const outcome = await behalf.run(rules, call(), body)
    expect(outcome).toMatchObject({ status: 'unavailable', retryable: false, message: failedSentence })
    expect(outcome).not.toHaveProperty('retryAfter')
    expect(outcome.trace.steps.at(-1)).toMatchObject({
      verdict: 'unavailable',
      detail: 'the store threw an error that it did not classify: DriverError',
    })
    expect(JSON.stringify(outcome)).not.toContain('10.0.0.7')
    expect(faults).toMatchObject([
      { kind: 'store_failed', tool: 'pay', message: 'DriverError: 10.0.0.7:6379 reset, user ops' },
    ])
    expect([body.mock.calls.length, questions.length]).toEqual([0, 0])
  })

  test('hides the tools from guard.visible as unavailable, and is told once', async () => {
    const { behalf, faults } = unclassifiedWorld(() => true)
    const { names, hidden } = await behalf.visible({ price: publicTool(schema), pay: writes, look: reads }, user())
    expect(names).toEqual(['price'])
    expect(hidden.map(({ tool, reason }) => [tool, reason])).toEqual([
      ['pay', 'unavailable'],
      ['look', 'unavailable'],
    ])
    expect(faults).toMatchObject([{ kind: 'store_failed', step: 'identity' }])
  })

  test('is thrown to the app as a StoreError with its reason and cause', async () => {
    const { behalf } = unclassifiedWorld(() => true)
    await expect(behalf.approvals.list({ identity: user(), as: 'owner' })).rejects.toMatchObject({
      code: 'ERR_STORE',
      reason: 'unclassified',
      retryable: false,
      cause: new DriverError('10.0.0.7:6379 reset, user ops'),
    })
  })
})

describe('nothing is sent twice where the store fails', () => {
  /** Fails every write of a run's record while `down`. */
  function downWorld() {
    const state = { down: false }
    const made = unclassifiedWorld((operation, key) => state.down && operation === 'put' && key.startsWith('run:'))
    return { ...made, state }
  }

  test('after the question was sent: the person is asked once, and their yes counts', async () => {
    const { behalf, call, questions, failsToAsk, answers, clock, state } = downWorld()
    failsToAsk(() => {
      state.down = true
    })
    const body = vi.fn(() => 'ran')
    expect(await behalf.run(asks, call(), body)).toMatchObject({ status: 'unavailable', retryable: false })
    // Other processes and other turns of the agent come while the store is still down, and after it is back.
    for (let again = 0; again < 3; again++) await behalf.run(asks, call(), body)
    state.down = false
    answers({ status: 'approved' })
    await vi.waitFor(
      async () => {
        clock.advance(10)
        expect(await behalf.run(asks, call(), body)).toMatchObject({ status: 'done', result: 'ran' })
      },
      { timeout: 5_000 },
    )
    expect([questions.length, body.mock.calls.length]).toEqual([1, 1])
  })

  test('another guard over the same store does not send it either', async () => {
    const { behalf, guard, call, questions, failsToAsk, state } = downWorld()
    failsToAsk(() => {
      state.down = true
    })
    await behalf.run(asks, call(), () => 'ran')
    const other = await guard().run(asks, call(), () => 'ran')
    expect(other).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(questions).toHaveLength(1)
    state.down = false
  })

  test('after the answer came, which a channel gives once: it is kept, and the person is not asked again', async () => {
    const { behalf, call, questions, looks, answers, clock, state } = downWorld()
    const body = vi.fn(() => 'ran')
    await behalf.run(asks, call(), body)
    clock.advance(10)
    let given = false
    answers(() => {
      state.down = true
      if (given) return { status: 'answer_lost' }
      given = true
      return { status: 'approved' }
    })
    expect(await behalf.run(asks, call(), body)).toMatchObject({ status: 'unavailable', retryable: false })
    clock.advance(10)
    expect(await behalf.run(asks, call(), body)).not.toMatchObject({ status: 'done' })
    state.down = false
    await vi.waitFor(async () => expect(await behalf.run(asks, call(), body)).toMatchObject({ status: 'done' }), {
      timeout: 5_000,
    })
    expect([questions.length, looks.length, body.mock.calls.length]).toEqual([1, 1, 1])
  })

  test('an error of the channel itself ends the question: it may have reached the person', async () => {
    const { behalf, call, questions, failsToAsk, faults } = unclassifiedWorld(() => false)
    let pushes = 0
    failsToAsk(() => {
      pushes++
      throw new TypeError('the answer of the push service has no id')
    })
    const first = await behalf.run(asks, call(), () => 'ran')
    expect(first).toMatchObject({ status: 'unavailable', retryable: false, message: failedSentence })
    expect(faults).toMatchObject([{ kind: 'port_threw', step: 'approval' }])
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'approval_failed' })
    expect([pushes, questions.length]).toEqual([1, 0])
  })
})

describe('another port that throws an error of its own', () => {
  const permitted = policy(schema, { permission: () => may('can_pay', object('account', 'a')) })

  test('makes the call unavailable, with no promise that another try helps', async () => {
    const permissions = { check: () => Promise.reject(new DriverError('down')) } as never
    const { behalf, call, faults } = unclassifiedWorld(() => false, { permissions })
    const outcome = await behalf.run(permitted, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'unavailable', retryable: false, message: failedSentence })
    expect(faults).toMatchObject([{ kind: 'port_threw', step: 'permission', message: 'DriverError: down' }])
  })

  test('a rule of the policy that throws stays a misconfiguration', async () => {
    const broken = policy(schema, {
      permission: () => {
        throw new DriverError('down')
      },
    })
    const { behalf, call } = unclassifiedWorld(() => false, { permissions: { check: async () => ({}) } as never })
    expect(await behalf.run(broken, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })
})
