import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { isApproved, type OrderHandler } from '../../../src/resource-server/create-approval-gate.ts'
import { useIssuer } from './api.ts'
import { approved, callerWith, dying, makeGate, order, place, typeOf, under } from './gate.ts'

useIssuer()

const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

describe('an order', () => {
  test.each(['{"type":"stock_order","quantity":1e400}', '{"__proto__":{"type":"stock_order"}}'])(
    'that its request writes as %s is refused with 400, and nothing is thrown',
    async (body) => {
      const [caller, handler, gate] = [await approved(), place(), makeGate()]
      for (const run of ['runApproved', 'runOnce'] as const) {
        const answer = await gate[run](under('k'), caller, JSON.parse(body), handler)
        expect(await typeOf(answer)).toEqual([400, 'order_not_json'])
      }
      expect(handler).not.toHaveBeenCalled()
    },
  )

  test('takes its room in a memory store from its caller: orders of one caller leave room for others', async () => {
    const gate = makeGate({ store: memoryStore({ maxEntries: 100 }) })
    const [eve, ann] = [await callerWith([], { sub: 'eve' }), await approved({ sub: 'ann' })]
    const placed = (key: string) => gate.runOnce(under(key), eve, order, place()).then(({ status }) => status, String)
    const answers: unknown[] = []
    for (let index = 0; index < 100; index++) answers.push(await placed(`k-${index}`))
    expect(answers[0]).toBe(201)
    expect(answers.at(-1)).toContain('the memory store has no room')
    expect((await gate.runApproved(under('k'), ann, order, place())).status).toBe(201)
  })

  test('that another process ended before the lease was had is told again, and not run', async () => {
    const store = memoryStore()
    const caller = await callerWith([])
    const other = place()
    let isFirst = true
    const late = {
      ...dying(store, Number.POSITIVE_INFINITY),
      put: async (...args: Parameters<Store['put']>) => {
        if (isFirst) {
          isFirst = false
          await makeGate({ store, keys }).runOnce(under('k'), caller, order, other)
        }
        return store.put(...args)
      },
    } as Store
    const handler = place()
    const answer = await makeGate({ store: late, keys, onCrash: 'run_again' }).runOnce(
      under('k'),
      caller,
      order,
      handler,
    )
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
    expect([other.mock.calls.length, handler.mock.calls.length]).toEqual([1, 0])
  })

  test('of unknown outcome is remembered from its end on, and not from its beginning', async () => {
    const began = Date.now()
    let now = began
    const clock = { now: () => now }
    const gate = makeGate({ store: memoryStore({ clock }), clock, retentionSeconds: 60, leaseSeconds: 3600 })
    const caller = await callerWith([], { exp: Math.floor(began / 1000) + 300 })
    const failing = gate.runOnce(under('k'), caller, order, () => {
      now = began + 600_000
      throw new Error('half way')
    })
    await expect(failing).rejects.toThrow('half way')
    now = began + 800_000
    const next = place()
    expect(await typeOf(await gate.runOnce(under('k'), caller, order, next))).toEqual([409, 'outcome_unknown'])
    expect(next).not.toHaveBeenCalled()
  })

  test.each([
    ['of two users of one client are two', { sub: 'ann' }, { sub: 'bob' }, 2],
    ['of a user and an agent of one name are two', { sub: 'agent-app', client_id: 'web' }, { sub: 'agent-app' }, 2],
    ['of one user, who comes by two clients, are one', { client_id: 'web' }, { client_id: 'mobile' }, 1],
  ])('and another under the same key, %s', async (_, one, other, runs) => {
    const gate = makeGate()
    const handler = place()
    for (const claims of [one, other]) await gate.runApproved(under('k'), await approved(claims), order, handler)
    expect(handler).toHaveBeenCalledTimes(runs)
  })
})

test('a detail with a field of whatever name approves no order without that field', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const detail = JSON.parse(`{"type":"stock_order","symbol":"AAPL","${name}":{"limit":1}}`)
    const caller = await callerWith([detail])
    expect(isApproved(caller, { type: 'stock_order', symbol: 'AAPL' })).toBe(false)
  }
})

test.each([
  ['threw', () => Promise.reject(new Error('after it had acted'))],
  ['answered 502', () => new Response(null, { status: 502 })],
])(
  'an order that %s may have been carried out: a refusal of its next run gives no approval back',
  async (_n, first) => {
    const gate = makeGate({ onCrash: 'run_again' })
    const caller = await approved()
    const run = (key: string, handler: OrderHandler) => gate.runApproved(under(key), caller, order, handler)
    await run('k1', first).catch(() => {})
    const again = await run('k1', ({ again }) => new Response(null, { status: again ? 422 : 201 }))
    expect(again.status).toBe(422)
    const other = place()
    expect(await typeOf(await run('k2', other))).toEqual([409, 'approval_used'])
    expect(other).not.toHaveBeenCalled()
  },
)
