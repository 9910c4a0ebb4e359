import { describe, expect, test, vi } from 'vitest'
import { sealedStore } from '../../../src/entrypoints/sealed-store.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { OrderHandler } from '../../../src/resource-server/create-approval-gate.ts'
import { useIssuer } from './api.ts'
import { approved, makeGate, order, place, typeOf, under } from './gate.ts'

useIssuer()

const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

describe('two approval gates over one memory store', () => {
  test('run an order once where two requests with the same token and Idempotency-Key come at once', async () => {
    const store = memoryStore()
    const gates = [makeGate({ store }), makeGate({ store })]
    const caller = await approved()
    const handler = vi.fn<OrderHandler>(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return Response.json({ ok: true }, { status: 201 })
    })
    const answers = await Promise.all(gates.map((gate) => gate.runApproved(under('k'), caller, order, handler)))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  test.each(['runApproved', 'runOnce'] as const)(
    'tell the answer of the first gate again when the second gate is asked later (%s)',
    async (method) => {
      const store = memoryStore()
      const caller = await approved()
      const handler = place()
      const first = await makeGate({ store })[method](under('k'), caller, order, handler)
      const body = await first.json()
      const second = makeGate({ store })
      for (let again = 0; again < 2; again++) {
        const answer = await second[method](under('k'), caller, order, handler)
        expect([answer.status, answer.headers.get('idempotent-replayed'), await answer.json()]).toEqual([
          201,
          'true',
          body,
        ])
      }
      expect(handler).toHaveBeenCalledTimes(1)
    },
  )

  test('use an approval up for one Idempotency-Key', async () => {
    const store = memoryStore()
    const caller = await approved()
    const handler = place()
    expect((await makeGate({ store }).runApproved(under('k1'), caller, order, handler)).status).toBe(201)
    const other = await makeGate({ store }).runApproved(under('k2'), caller, order, handler)
    expect(await typeOf(other)).toEqual([409, 'approval_used'])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('are refused where one has keys and the other has none', () => {
    const [plain, keyed] = [memoryStore(), memoryStore()]
    makeGate({ store: plain })
    expect(() => makeGate({ store: plain, keys })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'createApprovalGate.keys' }),
    )
    makeGate({ store: keyed, keys })
    expect(() => makeGate({ store: keyed })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'createApprovalGate.keys' }),
    )
  })

  test('are refused where another part of the app opened the store with keys', () => {
    const store = memoryStore()
    sealedStore({ store, keys, kind: 'notes' })
    expect(() => makeGate({ store })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(() => makeGate({ store, keys })).not.toThrow()
  })

  test('find nothing of each other under different stores', async () => {
    const caller = await approved()
    const handler = place()
    await makeGate().runApproved(under('k'), caller, order, handler)
    await makeGate().runApproved(under('k'), caller, order, handler)
    expect(handler).toHaveBeenCalledTimes(2)
  })
})
