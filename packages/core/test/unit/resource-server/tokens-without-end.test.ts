import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { createIntrospection } from '../../../src/identity/introspection.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { createApprovalGate } from '../../../src/resource-server/create-approval-gate.ts'
import { as, audience, here, makeApi, passed, refused, useIssuer } from './api.ts'
import { order, place, typeOf, under } from './gate.ts'

const server = useIssuer()

const endpoint = `${as.issuer}/introspect`
as.metadata.introspection_endpoint = endpoint

/** An API that takes an opaque token, whose issuer says this of it. */
function opened(exp: number | undefined, storeIsAhead = 0) {
  const time = { now: Date.now(), storeIsAhead, isAhead: 0 }
  const clock = { now: () => time.now + time.isAhead }
  const answer = { active: true, iss: as.issuer, aud: audience, sub: 'ann', client_id: 'app', token_type: 'Bearer' }
  server.use(http.post(endpoint, () => HttpResponse.json({ ...answer, exp, authorization_details: [order] })))
  const authorizationServer = oidc({ issuer: as.issuer, clientId: 'api', clientSecret: 'secret' })
  const introspect = createIntrospection({ authorizationServer, audience, clock })
  const api = makeApi({ introspect, clock })
  const gate = createApprovalGate({ store: memoryStore({ clock: { now: () => time.now + time.storeIsAhead } }), clock })
  const handler = place()
  const run = async (key: string, token = 'opaque') => {
    const request = new Request(here, { headers: { authorization: `Bearer ${token}` } })
    return gate.runApproved(under(key), await passed(api.protect(request)), order, handler)
  }
  return { api, time, run, handler }
}

test('an approval by an opaque token is used once for as long as the token lives', async () => {
  const { time, run, handler } = opened(Math.floor(Date.now() / 1000) + 7200)
  expect((await run('k1')).status).toBe(201)
  for (const later of [400, 3600, 7190]) {
    time.now = Date.now() + later * 1000
    expect(await typeOf(await run(`k${later}`))).toEqual([409, 'approval_used'])
  }
  expect(handler).toHaveBeenCalledTimes(1)
})

test.each([600, 7_000, 86_400, 90_000, 31 * 86_400])(
  'an approval is used once, and an order runs once, where the clock of the store is %d s ahead',
  async (seconds) => {
    const { run, handler } = opened(Math.floor(Date.now() / 1000) + 300, seconds * 1000)
    expect((await run('k1')).status).toBe(201)
    expect((await run('k1')).status).toBe(201)
    expect(await typeOf(await run('k2'))).toEqual([409, 'approval_used'])
    expect(handler).toHaveBeenCalledTimes(1)
  },
)

test.each([
  ['store, set right after the first use, was 10 minutes behind', { storeIsAhead: -600_000 }, 3700],
  ['store, set right after the first use, was 20 hours behind', { storeIsAhead: -72_000_000 }, 1],
  ['process that took the first use is an hour ahead', { isAhead: 3_600_000 }, 500],
])('an approval is used once, where the clock of the %s', async (_, wrong, later) => {
  const { time, run, handler } = opened(Math.floor(Date.now() / 1000) + 3700)
  Object.assign(time, wrong)
  expect((await run('k1')).status).toBe(201)
  Object.assign(time, { storeIsAhead: 0, isAhead: 0, now: time.now + later * 1000 })
  expect(await typeOf(await run('k2'))).toEqual([409, 'approval_used'])
  expect(handler).toHaveBeenCalledTimes(1)
})

test('an approval by a token that does not say when it expires is refused: its use would be forgotten before it', async () => {
  const { run, handler } = opened(undefined)
  expect(await typeOf(await run('k1'))).toEqual([403, 'approval_without_end'])
  expect(handler).not.toHaveBeenCalled()
})

test('an approval by an opaque token is used once, in whatever spelling its issuer takes the token', async () => {
  const { run, handler } = opened(Math.floor(Date.now() / 1000) + 3600)
  expect((await run('k', 'b3Bh-1')).status).toBe(201)
  for (const spelled of ['b3Bh-1=', 'b3Bh-1==', 'b3Bh+1', '~b3Bh-1', 'eyJ0.e30.e30.e30.e30', 'eyJ0.e30.e30.e30.e31']) {
    expect(await typeOf(await run(`k-${spelled}`, spelled))).toEqual([409, 'approval_used'])
  }
  expect(handler).toHaveBeenCalledTimes(1)
})

test('an approval by an opaque token is used once, in whatever order its issuer lists the details', async () => {
  const exp = Math.floor(Date.now() / 1000) + 3600
  const { run, handler } = opened(exp)
  const other = { type: 'stock_order', symbol: 'MSFT', quantity: 1 }
  const answer = { active: true, aud: audience, sub: 'ann', client_id: 'app', token_type: 'Bearer', exp }
  const listed = [
    [order, other],
    [other, order],
    [{ quantity: 50, symbol: 'AAPL', type: 'stock_order' }, other],
  ]
  const statuses = []
  for (const [at, details] of listed.entries()) {
    server.use(http.post(endpoint, () => HttpResponse.json({ ...answer, authorization_details: details })))
    statuses.push((await run(`k${at}`)).status)
  }
  expect(statuses).toEqual([201, 409, 409])
  expect(handler).toHaveBeenCalledTimes(1)
})

test('opaque tokens of which the issuer says something else are other ones', async () => {
  const exp = Math.floor(Date.now() / 1000) + 3600
  const ids = []
  for (const more of [
    { exp },
    { exp: exp + 1 },
    { exp, iat: 1 },
    { exp, sub: 'bob' },
    { exp, client_id: 'other' },
    { exp, authorization_details: [order] },
  ]) {
    const { api } = opened(exp)
    const answer = { active: true, aud: audience, sub: 'ann', client_id: 'app', token_type: 'Bearer' }
    server.use(http.post(endpoint, () => HttpResponse.json({ ...answer, ...more })))
    const request = new Request(here, { headers: { authorization: 'Bearer opaque' } })
    ids.push((await passed(api.protect(request))).tokenId)
  }
  expect(new Set(ids).size).toBe(6)
})

test('a JWT in a spelling of its own is not taken for an opaque token, which its issuer may read', async () => {
  const { api } = opened(Math.floor(Date.now() / 1000) + 3600)
  for (const token of ['eyJ0.e30.c2ln=', 'eyJ0.e30.c2+n', 'eyJ0.e30~.c2ln']) {
    const request = new Request(here, { headers: { authorization: `Bearer ${token}` } })
    expect(await refused(api.protect(request))).toMatchObject({ status: 401, reason: 'malformed' })
  }
})
