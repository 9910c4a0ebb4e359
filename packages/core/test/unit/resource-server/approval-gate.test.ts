import { describe, expect, test, vi } from 'vitest'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { createApprovalGate, isApproved, type OrderHandler } from '../../../src/resource-server/create-approval-gate.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { as, audience, makeApi, passed, tokenOf, useIssuer } from './api.ts'
import { approved, callerWith, dying, makeGate, order, place, typeOf, under } from './gate.ts'

useIssuer()

/** The same signature, of which the last character has four bits that decoders drop. */
function rewritten(token: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + digits[digits.indexOf(token.slice(-1)) ^ 1]
}

describe('an approved order', () => {
  test('runs once: the same key is told the same, another key 409', async () => {
    const gate = makeGate()
    const caller = await approved()
    const handler = place()
    const first = await gate.runApproved(under('k1'), caller, order, handler)
    expect(first.status).toBe(201)
    const body = await first.json()
    const again = await gate.runApproved(
      under('"k1"'),
      caller,
      { quantity: 50, symbol: 'AAPL', type: 'stock_order' },
      handler,
    )
    expect([again.status, await again.json(), again.headers.get('idempotent-replayed')]).toEqual([201, body, 'true'])
    expect(await typeOf(await gate.runApproved(under('k2'), caller, order, handler))).toEqual([409, 'approval_used'])
    expect(handler).toHaveBeenCalledExactlyOnceWith({ idempotencyKey: 'k1', again: false })
  })

  test('is used up however its token is written, also where the token has no id', async () => {
    const withoutId = oidc({ issuer: as.issuer, clientId: 'api', token: { requiredClaims: ['sub', 'iat'] } })
    const api = makeApi({ authorizationServer: withoutId })
    const token = await tokenOf({ authorization_details: [order], jti: undefined })
    const gate = makeGate()
    const answers = await Promise.all(
      [token, rewritten(token)].map(async (written, at) => {
        const request = new Request(audience, { headers: { authorization: `Bearer ${written}` } })
        return (await gate.runApproved(under(`k${at}`), await passed(api.protect(request)), order, place())).status
      }),
    )
    expect(answers.sort()).toEqual([201, 409])
  })

  test('of a hundred at once under one key, one runs', async () => {
    const gate = makeGate()
    const caller = await approved()
    const handler = vi.fn<OrderHandler>(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return Response.json({ ok: true })
    })
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => gate.runApproved(under('k'), caller, order, handler)),
    )
    expect(handler).toHaveBeenCalledTimes(1)
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(99)
    expect(answers.find(({ status }) => status === 409)?.headers.get('retry-after')).toBe('1')
    expect((await gate.runApproved(under('k'), caller, order, handler)).status).toBe(200)
  })

  test('of a hundred at once under a hundred keys and two processes, one runs', async () => {
    const store = memoryStore()
    const keys = { seal: [new Uint8Array(32)], index: new Uint8Array(32) } as const
    const gates = [makeGate({ store, keys }), makeGate({ store, keys })]
    const caller = await approved()
    const handler = place()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => gates[n % 2]?.runApproved(under(`k${n}`), caller, order, handler)),
    )
    expect(handler).toHaveBeenCalledTimes(1)
    expect(answers.filter((answer) => answer?.status === 201)).toHaveLength(1)
    expect(answers.filter((answer) => answer?.status === 409)).toHaveLength(99)
  })

  test.each([
    ['another amount', { ...order, quantity: 500 }],
    ['a field more', { ...order, limit: 1 }],
    ['a field less', { type: 'stock_order', symbol: 'AAPL' }],
    ['a number as text', { ...order, quantity: '50' }],
    ['a look-alike letter', { ...order, symbol: 'АAPL' }],
    ['another type', { ...order, type: 'stock_orders' }],
  ])('does not run with %s, and the approval stays', async (_name, other) => {
    const gate = makeGate()
    const caller = await approved()
    const handler = place()
    const response = await gate.runApproved(under('k'), caller, other, handler)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_authorization"/)
    expect(await typeOf(response)).toEqual([401, 'insufficient_authorization'])
    expect(handler).not.toHaveBeenCalled()
    expect((await gate.runApproved(under('k'), caller, order, handler)).status).toBe(201)
  })

  test.each([
    ['no details', []],
    ['the same detail twice', [order, order]],
  ])('does not run with %s', async (_name, details) => {
    const caller = await callerWith(details)
    expect((await makeGate().runApproved(under('k'), caller, order, place())).status).toBe(401)
    expect(isApproved(caller, order)).toBe(false)
  })

  test('that has a getter or is a class instance means nothing', async () => {
    const caller = await approved()
    const sly = Object.defineProperty({ ...order }, 'quantity', { get: () => 50, enumerable: true })
    expect(isApproved(caller, sly)).toBe(false)
    const answer = await makeGate().runApproved(under('k'), caller, sly, place())
    expect(await typeOf(answer)).toEqual([400, 'order_not_json'])
  })

  test('needs a key', async () => {
    for (const key of [undefined, '', 'x'.repeat(256), 'a b']) {
      const response = await makeGate().runApproved(under(key), await approved(), order, place())
      expect(await typeOf(response)).toEqual([400, 'idempotency_key_missing'])
    }
  })

  test('needs a caller that protect let pass', async () => {
    const forged = { ok: true, authorizationDetails: [order], identity: { kind: 'user', issuer: 'x' } } as never
    expect(await rejection(makeGate().runApproved(under('k'), forged, order, place()))).toMatchObject({
      option: 'caller',
    })
  })

  test('that was refused is answered so again, and its approval is unused', async () => {
    const gate = makeGate()
    const caller = await approved()
    const poor = vi.fn<OrderHandler>(() => new Response('no funds', { status: 422 }))
    expect((await gate.runApproved(under('k1'), caller, order, poor)).status).toBe(422)
    const again = await gate.runApproved(under('k1'), caller, order, poor)
    expect([again.status, await again.text(), poor.mock.calls.length]).toEqual([422, 'no funds', 1])
    expect((await gate.runApproved(under('k2'), caller, order, place())).status).toBe(201)
    expect(await typeOf(await gate.runApproved(under('k3'), caller, order, place()))).toEqual([409, 'approval_used'])
  })

  test('keeps its key for itself', async () => {
    const gate = makeGate()
    await gate.runApproved(under('k'), await approved(), order, place())
    const other = { ...order, symbol: 'MSFT' }
    const response = await gate.runApproved(under('k'), await callerWith([other]), other, place())
    expect(await typeOf(response)).toEqual([422, 'idempotency_key_reused'])
    // A new approval of the same order, after its token ran out, is still the same order.
    expect(
      (await gate.runApproved(under('k'), await approved(), order, place())).headers.get('idempotent-replayed'),
    ).toBe('true')
    // Another user's keys are their own.
    expect((await gate.runApproved(under('k'), await approved({ sub: 'bob' }), order, place())).status).toBe(201)
  })

  test('without approval runs once under its key too', async () => {
    const gate = makeGate()
    const caller = await callerWith([])
    const handler = place()
    const [first, second] = [
      await gate.runOnce(under('k'), caller, order, handler),
      await gate.runOnce(under('k'), caller, order, handler),
    ]
    expect(await first?.json()).toEqual(await second?.json())
    expect(handler).toHaveBeenCalledTimes(1)
    expect((await gate.runOnce(under('k2'), caller, order, handler)).status).toBe(201)
  })
})

describe('a handler that fails', () => {
  const failing = {
    throws: () => Promise.reject(new Error('half way')),
    'answers 500': async () => new Response('oops', { status: 500 }),
  }
  test.each(Object.entries(failing))('%s: its effect is unknown, so nothing runs again', async (_name, handler) => {
    const gate = makeGate()
    const caller = await approved()
    await gate.runApproved(under('k'), caller, order, handler).catch(() => {})
    const next = place()
    expect(await typeOf(await gate.runApproved(under('k'), caller, order, next))).toEqual([409, 'outcome_unknown'])
    expect(await typeOf(await gate.runApproved(under('k2'), caller, order, next))).toEqual([409, 'approval_used'])
    expect(next).not.toHaveBeenCalled()
  })

  test.each(Object.entries(failing))('%s: runs again under the same key where it may', async (_name, handler) => {
    const gate = makeGate({ onCrash: 'run_again' })
    const caller = await approved()
    await gate.runApproved(under('k'), caller, order, handler).catch(() => {})
    const next = place()
    expect(await typeOf(await gate.runApproved(under('k2'), caller, order, next))).toEqual([409, 'approval_used'])
    expect((await gate.runApproved(under('k'), caller, order, next)).status).toBe(201)
    expect(next).toHaveBeenCalledExactlyOnceWith({ idempotencyKey: 'k', again: true })
    expect((await gate.runApproved(under('k'), caller, order, next)).headers.get('idempotent-replayed')).toBe('true')
  })

  test('throws its own error', async () => {
    const error = await rejection(makeGate().runApproved(under('k'), await approved(), order, failing.throws))
    expect(error).toMatchObject({ message: 'half way' })
  })
})

describe('a process that is killed', () => {
  // Writes: lease, claim of the approval, record, (handler), answer, release of the lease.
  test.each([0, 1, 2, 3, 4, 5])('after %i writes: never twice, and told so', async (writes) => {
    let now = Date.now()
    const clock = { now: () => now }
    const store = memoryStore({ clock })
    const keys = { seal: [new Uint8Array(32)], index: new Uint8Array(32) } as const
    const caller = await approved()
    const handler = place()
    const first = createApprovalGate({ store: dying(store, writes), keys, clock })
    await first.runApproved(under('k'), caller, order, handler).catch(() => {})
    now += 61_000
    const second = createApprovalGate({ store, keys, clock })
    const answer = await second.runApproved(under('k'), caller, order, handler)
    expect(handler.mock.calls.length).toBe(1)
    // Until the record says that it runs, nothing ran: the same request runs now. From then on it may have.
    const expected = { 0: 201, 1: 201, 2: 201, 3: 409, 4: 201, 5: 201 }[writes]
    expect(answer.status).toBe(expected)
    expect(await typeOf(await second.runApproved(under('k2'), caller, order, handler))).toEqual([409, 'approval_used'])
  })

  test('while its lease lives, the order counts as running', async () => {
    const store = memoryStore()
    const keys = { seal: [new Uint8Array(32)], index: new Uint8Array(32) } as const
    const caller = await approved()
    const started = Promise.withResolvers<void>()
    const finished = Promise.withResolvers<Response>()
    const slow = createApprovalGate({ store, keys }).runApproved(under('k'), caller, order, () => {
      started.resolve()
      return finished.promise
    })
    await started.promise
    const other = createApprovalGate({ store, keys, onCrash: 'run_again' })
    const meanwhile = await other.runApproved(under('k'), caller, order, place())
    expect(await typeOf(meanwhile)).toEqual([409, 'request_in_progress'])
    finished.resolve(new Response(null, { status: 204 }))
    expect((await slow).status).toBe(204)
  })

  test('a handler that outlives its lease keeps it by renewing', async () => {
    const caller = await approved()
    const gate = makeGate({ leaseSeconds: 1, onCrash: 'run_again' })
    const running = gate.runApproved(under('k'), caller, order, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1800))
      return new Response('done')
    })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const second = place()
    expect(await typeOf(await gate.runApproved(under('k'), caller, order, second))).toEqual([
      409,
      'request_in_progress',
    ])
    expect(second).not.toHaveBeenCalled()
    expect(await (await running).text()).toBe('done')
  })
})
