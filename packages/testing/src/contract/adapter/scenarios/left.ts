import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import type { AdapterSession } from '../adapter-session.ts'
import { untilLate } from '../broken-tools.ts'
import { type AdapterScenario, buy, call, UNKNOWN } from './scenario.ts'

/** A time limit of a tool call that no other timer has, in milliseconds. */
const LIMIT = 4_321

/**
 * Holds the timers of {@link LIMIT} until `pass` is called, so that a time limit ends while the body runs, on a busy
 * machine too. A framework in another process has its own timers, whose time is real.
 */
function heldLimits() {
  const { setTimeout: wait } = globalThis
  const { timeout } = AbortSignal
  const ends: (() => void)[] = []
  const held = (run: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) => {
    if (delay !== LIMIT) return wait(run, delay, ...args)
    ends.push(() => run(...args))
    return wait(() => {}, 0)
  }
  globalThis.setTimeout = Object.assign(held, wait) as typeof setTimeout
  AbortSignal.timeout = (delay) => {
    if (delay !== LIMIT) return timeout.call(AbortSignal, delay)
    const controller = new AbortController()
    ends.push(() => controller.abort(new DOMException('the tool timed out', 'TimeoutError')))
    return controller.signal
  }
  return {
    pass: () => ends.splice(0).map((end) => end()),
    restore() {
      globalThis.setTimeout = wait
      AbortSignal.timeout = timeout
    },
  }
}

/** Aborts a turn while `order_late` runs. Its order is placed, and its body returns after the abort. */
async function leave(session: AdapterSession, quantity: number) {
  const identity = await session.login()
  const late = untilLate()
  const model = [[call('call-1', 'order_late', buy(quantity))], 'Never said.']
  const controller = new AbortController()
  const { signal } = controller
  const isAsked = quantity > 10
  if (isAsked) {
    await session.turn({ start: 'Buy', identity, model })
    await session.answer('approve')
  }
  const running = session.turn({ start: isAsked ? 'resume' : 'Buy', identity, signal, ...(!isAsked && { model }) })
  const own = await late
  controller.abort(new DOMException('enough', 'AbortError'))
  await expect.poll(() => own.aborted).toBe(true)
  await running
  return identity
}

const cases = [
  { title: 'without an approval', quantity: 5 },
  { title: 'with an approval', quantity: 50 },
]

const placed = (session: AdapterSession) => session.servers.stockTrade.controls.orders('p-ann')

/** Calls whose caller leaves while their body runs on. */
export const left: readonly AdapterScenario[] = [
  ...cases.map(
    ({ title, quantity }): AdapterScenario => ({
      title: verifies(
        'A13',
        `a call that was aborted while it ran is not done again, and its result goes to the next equal call, ${title}`,
      ),
      async run(session) {
        const identity = await leave(session, quantity)
        const { losesResults = false } = session.subject
        const again = await session.turn({
          start: 'And?',
          identity,
          directory: session.freshDirectory(),
          threadId: 'thread-2',
          model: [[call('call-2', 'order_late', buy(quantity))], 'Bought.'],
        })
        expect(await session.attempts()).toBe(1)
        const [order, ...more] = await placed(session)
        expect(more).toEqual([])
        if (!losesResults) {
          expect(again).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
          expect(again.model.saw).toContain(order?.id)
          expect(again.replayed).toHaveLength(1)
          expect(await session.questions()).toEqual([])
        } else if (quantity > 10) expect(again.interrupts[0]?.message).toMatch(/Repeat.*unknown/)
        else expect(again.model.saw).toContain(UNKNOWN)
      },
    }),
  ),
  {
    title: verifies('A13', 'the result of a call that the framework timed out goes to the next equal call'),
    needs: 'toolTimeouts',
    async run(session) {
      const identity = await session.login()
      const limits = heldLimits()
      try {
        const late = untilLate()
        const step = (id: string) => [call(id, 'order_late', buy(5))]
        const running = session.turn({
          start: 'Buy 5',
          identity,
          toolTimeoutMs: LIMIT,
          model: [step('call-1'), step('call-2'), 'Bought.'],
        })
        const own = await late
        limits.pass()
        await expect.poll(() => own.aborted).toBe(true)
        const report = await running
        expect(report).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
        expect(await session.attempts()).toBe(1)
        const [order, ...more] = await placed(session)
        expect(more).toEqual([])
        expect(report.model.saw).toContain(order?.id)
        expect(report.replayed).toHaveLength(1)
      } finally {
        limits.restore()
      }
    },
  },
]
