import { expect, test } from 'vitest'
import { bearer, makeApi, passed, refused, useIssuer } from './api.ts'
import { approved, makeGate, order, place } from './gate.ts'

useIssuer()

test('rules of a request are those that came with it, where its caller fills them in for the next one', async () => {
  const api = makeApi()
  const byOther = () => bearer({ act: { sub: 'agent:other' } })
  const actors: { allow?: string[] | undefined } = { allow: ['agent:trader'] }
  const withoutList = api.protect(await byOther(), { actors })
  actors.allow = undefined
  expect(await refused(withoutList)).toMatchObject({ status: 403 })
  const allow = ['agent:trader']
  const withLongerList = api.protect(await byOther(), { actors: { allow } })
  allow.push('agent:other')
  expect(await refused(withLongerList)).toMatchObject({ status: 403 })
  const scopes = ['trade:write']
  const lacking = api.protect(await bearer({ scope: 'read' }), { scopes })
  scopes.length = 0
  expect(await refused(lacking)).toMatchObject({ status: 403 })
  const acrValues = ['phr']
  const loggedInOtherwise = api.protect(await bearer({ acr: 'pwd' }), { acrValues })
  acrValues.push('pwd')
  expect(await refused(loggedInOtherwise)).toMatchObject({ status: 401 })
})

test('an API’s own agents are those that it was made with', async () => {
  const actors = { allow: ['agent:trader'] }
  const api = makeApi({ actors })
  actors.allow.push('agent:other')
  await passed(api.protect(await bearer({ act: { sub: 'agent:trader' } })))
  expect(await refused(api.protect(await bearer({ act: { sub: 'agent:other' } })))).toMatchObject({ status: 403 })
})

test('an order runs under the key that its request came with', async () => {
  const gate = makeGate()
  const request = { headers: new Headers() }
  const handler = place()
  const orders = ['one', 'two'].map(async (key) => ({ key, caller: await approved() }))
  const placed = (await Promise.all(orders)).map(({ key, caller }) => {
    request.headers = new Headers({ 'idempotency-key': key })
    return gate.runApproved(request, caller, order, handler)
  })
  expect((await Promise.all(placed)).map(({ status }) => status)).toEqual([201, 201])
  expect(handler.mock.calls.map(([{ idempotencyKey }]) => idempotencyKey).sort()).toEqual(['one', 'two'])
})

test('an order is its account’s, where the API fills in the same options and caller for its next request', async () => {
  const gate = makeGate()
  const request = { headers: new Headers({ 'idempotency-key': 'one' }) }
  const [anns, bobs] = [await approved(), await approved()]
  const options = { account: 'bob' }
  const handler = place()
  await gate.runApproved(request, bobs, order, handler, options)
  const caller = { ...anns }
  options.account = 'ann'
  const placed = gate.runApproved(request, caller, order, handler, options)
  options.account = 'bob'
  Object.assign(caller, bobs)
  expect((await placed).headers.get('idempotent-replayed')).toBeNull()
  expect(handler).toHaveBeenCalledTimes(2)
  const again = await gate.runApproved(request, anns, order, handler, { account: 'ann' })
  expect(again.headers.get('idempotent-replayed')).toBe('true')
})
