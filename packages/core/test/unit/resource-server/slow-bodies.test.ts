import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { createApprovalGate } from '../../../src/resource-server/create-approval-gate.ts'
import { bearer, makeApi, passed, refused, useIssuer } from './api.ts'
import { order, place, typeOf, under } from './gate.ts'

/** An API with a clock, and a token that has a minute left. */
async function opened() {
  const start = Math.floor(Date.now() / 1000)
  const time = { now: start * 1000 }
  const clock = { now: () => time.now }
  const api = makeApi({ clock })
  const gate = createApprovalGate({ store: memoryStore({ clock }), clock })
  const handler = place()
  const request = await bearer({ exp: start + 60, authorization_details: [order], scope: 'trade:write' })
  return { time, api, gate, handler, request }
}

useIssuer()

describe('a request whose body comes long after its token was verified', () => {
  test(verifies('A1', 'does not use an approval again that was used and forgotten meanwhile'), async () => {
    for (const late of [400, 7200]) {
      const { time, api, gate, handler, request } = await opened()
      const held = await passed(api.protect(request))
      expect((await gate.runApproved(under('k1'), await passed(api.protect(request)), order, handler)).status).toBe(201)
      time.now += late * 1000
      const again = await gate.runApproved(under('k2'), held, order, handler)
      expect(await typeOf(again)).toEqual([403, 'approval_expired'])
      expect(handler).toHaveBeenCalledTimes(1)
    }
  })

  test('uses its approval where it was under way for minutes, and no other did', async () => {
    const { time, api, gate, handler, request } = await opened()
    const held = await passed(api.protect(request))
    time.now += 290_000
    expect((await gate.runApproved(under('k1'), held, order, handler)).status).toBe(201)
    expect(await typeOf(await gate.runApproved(under('k2'), held, order, handler))).toEqual([409, 'approval_used'])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('is refused where its rules are found in the body, and the token has run out minutes ago', async () => {
    const { time, api, request } = await opened()
    const after = (seconds: number) => async () => {
      time.now += seconds * 1000
      return { scopes: ['trade:write'] }
    }
    await passed(api.protect(request, {}, after(40)))
    time.now -= 40_000
    const late = await refused(api.protect(request, {}, after(400)))
    expect([late.status, late.reason, late.challenge]).toEqual([
      401,
      'expired',
      expect.stringContaining('invalid_token'),
    ])
  })
})
