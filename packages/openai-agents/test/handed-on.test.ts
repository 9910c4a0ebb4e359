import { publicTool, ToolAuthorizationError } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type AnyRunContext, type AnyTool, guardTools } from '../src/index.ts'
import { look, makeTools, optionsFor, policies, threadId, told } from './world.ts'

type Details = NonNullable<Parameters<AnyTool['invoke']>[2]>

describe('a call that the code of another tool makes', () => {
  /** A tool whose code calls `create_order` twice, with what `hand` makes of the details that it was handed. */
  async function calling(
    { guard, identity, target }: Awaited<ReturnType<typeof optionsFor>>,
    hand: (details: Details) => Details,
    order: object = buy(5),
    { name = 'look', isAsked = false } = {},
  ) {
    const seen: unknown[] = []
    const failed: unknown[] = []
    const tools = guardTools(makeTools(), {
      guard,
      identity,
      threadId,
      policies: policies as never,
      onError: (error) => void failed.push(error),
    })
    const outer = look({
      name,
      ...(name === 'create_order' && { parameters: makeTools().create_order.parameters }),
      ...(isAsked && { needsApproval: tools.create_order.needsApproval }),
      execute: async (_: unknown, context: AnyRunContext, details: Details) => {
        for (const _ of ['first', 'second']) {
          const made = tools.create_order.invoke(context, JSON.stringify(order), hand(details))
          seen.push(await made.catch((error) => error))
        }
      },
    })
    await told(outer, name === 'look' ? {} : order)
    return { seen, failed, orders: await target.orders() }
  }

  test(
    verifies('A12', 'is one of its own where the code hands on a copy of the details: two equal writes are two'),
    async () => {
      const { orders, failed } = await calling(await optionsFor(), (details) => ({
        ...details,
        signal: new AbortController().signal,
      }))
      expect([orders, failed]).toEqual([2, []])
    },
  )

  test('is refused where the code hands on parts of the details or none: a second write would be lost', async () => {
    const options = await optionsFor()
    for (const hand of [({ toolCall }: Details) => ({ toolCall }) as Details, () => undefined as never]) {
      const { orders, seen, failed } = await calling(options, hand)
      expect(orders).toBe(0)
      expect(seen).toMatchObject([{ code: 'misconfigured' }, { code: 'misconfigured' }])
      expect(String(failed[0])).toContain('guardTools.details: are not those of the framework')
    }
  })

  const placed = { quantity: 5, status: 'filled' }
  test.each([
    { order: buy(5), orders: 2, seen: [placed, placed] },
    { order: buy(50), orders: 0, seen: [{ code: 'approval_pending' }, { code: 'approval_pending' }] },
    { order: buy(5, { portfolio: 'p-bob' }), orders: 0, seen: [{ code: 'not_permitted' }, { code: 'not_permitted' }] },
  ])(
    'is no call of the model where a tool of the same name makes it with the same arguments: $seen',
    async ({ order, ...expected }) => {
      const called = await calling(await optionsFor(), (details) => details, order, { name: 'create_order' })
      expect(called).toMatchObject({ ...expected, failed: [] })
    },
  )

  test(
    verifies('A12', 'around a guarded tool whose needsApproval it took is two calls: two equal writes are two'),
    async () => {
      const over = { name: 'create_order', isAsked: true }
      expect(await calling(await optionsFor(), (details) => details, buy(5), over)).toMatchObject({
        orders: 2,
        failed: [],
      })
    },
  )

  test('throws where it is refused or has to wait, with the interrupt, and is no error for the app', async () => {
    const options = await optionsFor()
    const waiting = await calling(options, (details) => details, buy(50))
    expect(waiting.seen).toMatchObject([
      { code: 'approval_pending', interrupt: { message: 'Buy 50 shares of AAPL' } },
      { code: 'approval_pending' },
    ])
    const denied = await calling(options, (details) => details, buy(5, { portfolio: 'p-bob' }))
    expect(denied.seen).toMatchObject([{ code: 'not_permitted' }, { code: 'not_permitted' }])
    expect(denied.seen.every(ToolAuthorizationError.isInstance)).toBe(true)
    expect([...waiting.failed, ...denied.failed, waiting.orders, denied.orders]).toEqual([0, 0])
  })

  test('that is refused is told to the model by its own sentence, where a guarded tool makes it, and is no error for the app', async () => {
    const { guard, identity } = await optionsFor()
    const errors: unknown[] = []
    const options = { guard, identity, threadId, onError: (error: unknown) => void errors.push(error) }
    const inner = guardTools(makeTools(), { ...options, policies: policies as never })
    const order = JSON.stringify(buy(5, { portfolio: 'p-bob' }))
    const outer = look({
      errorFunction: null,
      execute: (_: unknown, context: AnyRunContext, details: Details) =>
        inner.create_order.invoke(context, order, details),
    })
    const policyOfOuter = { look: publicTool(z.strictObject({})) }
    const guarded = guardTools({ look: outer }, { ...options, policies: policyOfOuter as never })
    expect(await told(guarded.look)).toContain('This action is not permitted.')
    expect(errors).toEqual([])
  })
})
