// With the schemas and the types of the protocol's own package.
import type { Interrupt as AgUi, ResumeEntry, RunFinishedEvent } from '@ag-ui/core'
import { InterruptSchema, RunFinishedEventSchema } from '@ag-ui/core/schemas'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { agUiInterrupts, parseInterrupt, takeAgUiResume } from '../../../src/entrypoints/interrupts.ts'
import type { Interrupt } from '../../../src/index.ts'
import { asks, smallWorld, user } from './small-world.ts'

const login: Interrupt = { v: 1, kind: 'login_required', id: 'i-2', tool: 'look', message: 'Sign in to continue.' }

/** A call that waits for Ann, as an adapter lists it. */
async function waiting() {
  const world = smallWorld()
  const guard = world.guard()
  const go = () => guard.run(asks, world.call(), () => 'paid')
  const outcome = await go()
  if (outcome.status !== 'interrupted') throw new TypeError(`sends no question: ${outcome.status}`)
  const interrupt = await guard.pauses.bind(outcome.interrupt, 'pause-1')
  const answered = (resume: unknown, by = user()) =>
    takeAgUiResume(resume as ResumeEntry[], [{ callId: 'call-1', interrupt }], { guard, identity: by })
  const state = async () => (await guard.approvals.get(interrupt.id, { identity: user() }))?.state
  const approve = () => {
    world.answers({ status: 'approved' })
    world.clock.advance(10)
  }
  return { ...world, go, interrupt, answered, state, approve }
}

const entry = (interruptId: string, over: object = {}): ResumeEntry => ({ interruptId, status: 'resolved', ...over })

describe('agUiInterrupts', () => {
  test('makes interrupts that AG-UI takes, with id, message, call and end, and without the proof', async () => {
    const { interrupt } = await waiting()
    const interrupts: AgUi[] = agUiInterrupts([
      { callId: 'call-1', interrupt },
      { toolCallId: 'call-2', interrupt: login },
      { interrupt: { ...login, expiresAt: 1e300 } },
    ])
    const outcome = { type: 'interrupt', interrupts } as const
    const event = { type: 'RUN_FINISHED', threadId: 't', runId: 'r', outcome } as unknown as RunFinishedEvent
    expect(RunFinishedEventSchema.parse(event)).toEqual(event)
    expect(interrupts).toMatchObject([
      { id: interrupt.id, reason: 'behalf:approval_pending', message: 'Pay 50', toolCallId: 'call-1' },
      { id: 'i-2', reason: 'behalf:login_required', toolCallId: 'call-2' },
      { id: 'i-2' },
    ])
    expect(interrupts.map((one) => InterruptSchema.safeParse(one).success)).toEqual([true, true, true])
    expect(interrupts.map(({ expiresAt }) => expiresAt && Date.parse(expiresAt) / 1000)).toEqual([
      interrupt.expiresAt,
      undefined,
      undefined,
    ])
    expect(interrupt.proof).toEqual(expect.any(String))
    expect(JSON.stringify(interrupts)).not.toContain(interrupt.proof)
  })

  test('keeps the whole interrupt in the metadata, for a page of the app', async () => {
    const { interrupt } = await waiting()
    const { proof: _, ...shown } = interrupt
    const [one] = agUiInterrupts([{ interrupt }])
    expect(parseInterrupt(one?.metadata.behalf)).toEqual(shown)
  })

  test('asks the client for no answer: clients show no yes and no for its reason, and its schema has no fields', () => {
    const [one] = agUiInterrupts([{ interrupt: login }])
    expect(['tool_call', 'confirmation', 'input_required']).not.toContain(one?.reason)
    expect(one?.responseSchema).toEqual({ type: 'object', additionalProperties: false })
  })
})

describe('takeAgUiResume', () => {
  test(
    verifies('A3', 'takes a yes of the client as a wake-up alone: the question stays open, and nothing runs'),
    async () => {
      const { answered, interrupt, state, go } = await waiting()
      const yes = entry(interrupt.id, { payload: { approved: true, editedArgs: { amount: 1 } } })
      expect(await answered([yes])).toBe(true)
      expect([await state(), (await go()).status]).toEqual(['open', 'interrupted'])
    },
  )

  test('goes on after the yes of the person, whatever the payload of the client says', async () => {
    const { answered, interrupt, approve, go } = await waiting()
    approve()
    expect(await answered([entry(interrupt.id, { payload: { approved: false } })])).toBe(true)
    expect(await go()).toMatchObject({ status: 'done', result: 'paid' })
  })

  test.each([
    ['cancelled', [{ status: 'cancelled' }]],
    ['cancelled beside resolved', [{ status: 'cancelled' }, {}]],
    ['of an unknown status', [{ status: 'approved' }]],
  ])('cancels the question of an entry that is %s, also after the yes of the person', async (_, entries) => {
    const { answered, interrupt, approve, state, go } = await waiting()
    approve()
    expect(await state()).toBe('approved')
    expect(await answered(entries.map((over) => entry(interrupt.id, over)))).toBe(true)
    expect([await state(), (await go()).status]).toEqual(['cancelled', 'denied'])
  })

  test(verifies('A8', "changes nothing of another user's question"), async () => {
    const { answered, interrupt, state } = await waiting()
    await answered([entry(interrupt.id, { status: 'cancelled' })], user({ subject: 'bob' }))
    expect(await state()).toBe('open')
  })

  test.each<[string, (id: string) => unknown]>([
    ['is missing', () => undefined],
    ['is empty', () => []],
    ['is no list', (id) => ({ interruptId: id, status: 'resolved' })],
    ['names another interrupt', () => [entry('other')]],
    ['names one more', (id) => [entry(id), entry('other', { status: 'cancelled' })]],
    ['holds no object', (id) => [entry(id, { status: 'cancelled' }), null]],
  ])('returns false and cancels nothing if resume %s', async (_, resume) => {
    const { answered, interrupt, state } = await waiting()
    expect([await answered(resume(interrupt.id)), await state()]).toEqual([false, 'open'])
  })

  test('returns true if no call waits and the client answers none', async () => {
    const guard = smallWorld().guard()
    expect(await takeAgUiResume(undefined, [], { guard, identity: user() })).toBe(true)
  })
})
