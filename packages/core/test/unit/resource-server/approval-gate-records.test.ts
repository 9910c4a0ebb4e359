import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { Passed } from '../../../src/resource-server/verify-caller.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { useIssuer } from './api.ts'
import { approved, dying, makeGate, order, place, typeOf, under } from './gate.ts'

useIssuer()

describe('what is stored', () => {
  test('is sealed, and its names tell nothing', async () => {
    const store = memoryStore()
    const puts: string[] = []
    const spy = {
      ...dying(store, Number.POSITIVE_INFINITY),
      put: async (...args: Parameters<Store['put']>) => {
        puts.push(args[0], Buffer.from(args[1]).toString('latin1'))
        return store.put(...args)
      },
    } as Store
    // Long names: three letters of a short one stand in sealed text by chance.
    const caller = await approved({ sub: 'a-readable-user' })
    await makeGate({ store: spy }).runApproved(under('a-readable-key'), caller, order, () =>
      Response.json({ secret: 'AAPL' }),
    )
    expect(puts.length).toBeGreaterThan(6)
    for (const text of puts) expect(text).not.toMatch(/AAPL|a-readable-key|a-readable-user|stock_order/)
  })

  test('keeps what a client needs of an answer, and no cookie', async () => {
    const gate = makeGate()
    const caller = await approved()
    const kept = { location: '/orders/1', 'content-type': 'text/plain', 'content-encoding': 'gzip', etag: '"1"' }
    const headers = { ...kept, 'set-cookie': 'a=b' }
    await gate.runApproved(under('k'), caller, order, () => new Response('é\0', { status: 201, headers }))
    const again = await gate.runApproved(under('k'), caller, order, place())
    expect(Object.fromEntries(again.headers)).toMatchObject(kept)
    expect([await again.text(), again.headers.has('set-cookie')]).toEqual(['é\0', false])
  })

  test('is no answer of a megabyte: that is told once', async () => {
    const gate = makeGate()
    const caller = await approved()
    const large = await gate.runApproved(under('k'), caller, order, () => new Response('x'.repeat(1_000_000)))
    expect((await large.text()).length).toBe(1_000_000)
    expect(await typeOf(await gate.runApproved(under('k'), caller, order, place()))).toEqual([409, 'answer_not_kept'])
  })

  test('opens under an older key after a rotation, and not under another', async () => {
    const store = memoryStore()
    const [old, young, index] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const caller = await approved()
    await makeGate({ store, keys: { seal: [old], index } }).runApproved(under('k'), caller, order, place())
    const rotated = makeGate({ store, keys: { seal: [young, old], index } })
    expect((await rotated.runApproved(under('k'), caller, order, place())).status).toBe(201)
    const lost = makeGate({ store, keys: { seal: [young], index } })
    expect(await rejection(lost.runApproved(under('k'), caller, order, place()))).toMatchObject({ reason: 'wrong_key' })
  })

  test('is begun by one: who lost the lease before its own record was written carries nothing out', async () => {
    const store = memoryStore()
    const [seal, index] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const keys = { seal: [seal], index } as const
    const caller = await approved()
    const other = place()
    let isFirst = true
    const slow = {
      ...dying(store, Number.POSITIVE_INFINITY),
      put: async (...args: Parameters<Store['put']>) => {
        if (args[0].startsWith('order:') && isFirst) {
          isFirst = false
          // So long that its lease ran out, and another process carried the order out.
          await store.delete(`lease:${args[0]}`)
          await makeGate({ store, keys }).runApproved(under('k'), caller, order, other)
        }
        return store.put(...args)
      },
    } as Store
    const late = place()
    const response = await makeGate({ store: slow, keys }).runApproved(under('k'), caller, order, late)
    expect(await typeOf(response)).toEqual([409, 'request_in_progress'])
    expect([other.mock.calls.length, late.mock.calls.length]).toEqual([1, 0])
  })

  test('a beginning whose answer the store lost is looked up, and is no order of unknown outcome', async () => {
    const store = memoryStore()
    let lost = 0
    const forgetful = {
      ...dying(store, Number.POSITIVE_INFINITY),
      put: async (...args: Parameters<Store['put']>) => {
        const answer = await store.put(...args)
        if (args[0].startsWith('order:') && lost++ === 0) throw new StoreError('unavailable', 'lost')
        return answer
      },
    } as Store
    const gate = makeGate({ store: forgetful })
    const caller = await approved()
    const handler = place()
    expect((await gate.runApproved(under('k'), caller, order, handler)).status).toBe(201)
    expect((await gate.runApproved(under('k'), caller, order, handler)).headers.get('idempotent-replayed')).toBe('true')
    expect(handler.mock.calls.length).toBe(1)
  })

  test('outlives its token by the retention', async () => {
    let now = Date.now()
    const clock = { now: () => now }
    const gate = makeGate({ store: memoryStore({ clock }), clock, retentionSeconds: 3600 })
    const caller: Passed = await approved()
    await gate.runApproved(under('k'), caller, order, place())
    now += 3_600_000
    expect((await gate.runApproved(under('k'), caller, order, place())).headers.get('idempotent-replayed')).toBe('true')
  })
})

describe('the options', () => {
  test.each([
    ['no store', { store: undefined }, 'store'],
    ['an unknown one', { retries: 1 }, 'retries'],
    ['a durable store without keys', { store: { ...memoryStore(), specificationVersion: 2, durable: true } }, 'keys'],
    ['a short key', { keys: { seal: ['abc'], index: new Uint8Array(32) } }, 'keys.seal[0]'],
    ['no key', { keys: { seal: [], index: new Uint8Array(32) } }, 'keys.seal'],
    ['another way out of a crash', { onCrash: 'retry' }, 'onCrash'],
    ['no lease', { leaseSeconds: 0 }, 'leaseSeconds'],
  ])('are refused: %s', (_name, options, option) => {
    expect(() => makeGate(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: `createApprovalGate.${option}` }),
    )
  })
})
