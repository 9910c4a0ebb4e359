import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Guard, Identity } from '@behalf/core'
import { ConfigurationError, InvalidTokenError, TransportError } from '@behalf/core'
import { sendWebResponse, webRequest } from '@behalf/core/resource-server'
import { buy } from '@behalf/testing/contract'
import { expect, onTestFinished, test, vi } from 'vitest'
import { approvalStatus, interruptsOf } from '../../src/index.ts'
import { call, scripted } from '../scripted-model.ts'
import { turn, user } from '../turn.ts'
import { type World, world } from '../world.ts'

/** The route on a real server. The cookie names the user. */
async function served(guard: Pick<Guard, 'approvals'>, people: Readonly<Record<string, Identity>>) {
  const route = approvalStatus({ guard, identityOf: ({ headers }) => people[headers.get('cookie') ?? ''] })
  const server = createServer(async (incoming, outgoing) => {
    const { url, method, headers } = webRequest(incoming, 'https://app.example')
    await sendWebResponse(outgoing, await route(new Request(url, { method, headers })))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (id: string, cookie = 'ann', method = 'GET') => {
    const url = `http://127.0.0.1:${port}/api/approvals/${id}`
    // Not `fetch`, which the mocked servers answer.
    const [response] = (await once(request(url, { method, headers: { cookie } }).end(), 'response')) as [
      IncomingMessage,
    ]
    return { status: response.statusCode, body: (await json(response)) as unknown, headers: response.headers }
  }
}

async function asked(target: World) {
  const guard = target.guard()
  const people = { ann: await target.login(), bob: await target.login('bob') }
  const model = scripted([call('call-1', 'create_order', buy(50))])
  const { result } = await turn({ guard, identity: people.ann, model, messages: [user('Buy 50')] })
  return { guard, people, id: interruptsOf(result)[0]?.interrupt.id ?? '' }
}

test('shows a user when their own question is resolved, and stores the answer in no cache', async () => {
  const target = await world()
  const { guard, people, id } = await asked(target)
  const get = await served(guard, people)
  const open = await get(id)
  expect(open.body).toEqual({ resolved: false, interval: expect.any(Number) })
  expect((open.body as { interval: number }).interval).toBeGreaterThanOrEqual(1)
  expect([open.headers['cache-control'], open.headers['x-content-type-options']]).toEqual(['no-store', 'nosniff'])
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  expect((await get(id)).body).toEqual({ resolved: true, approved: true })
})

test('tells a denial as one, with the fixed sentence for the model', async () => {
  const target = await world()
  const { guard, people, id } = await asked(target)
  const get = await served(guard, people)
  await target.authorizationServer.controls.deny()
  target.clock.advance(10)
  expect((await get(id)).body).toEqual({
    resolved: true,
    approved: false,
    reason: expect.stringContaining('was denied'),
  })
})

test('answers another user as if the question did not exist', async () => {
  const target = await world()
  const { guard, people, id } = await asked(target)
  const get = await served(guard, people)
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  const theirs = await get(id, 'bob')
  const unknown = await get('an-unknown-id', 'bob')
  expect([theirs.status, theirs.body]).toEqual([404, { error: 'not_found' }])
  expect([unknown.status, unknown.body]).toEqual([theirs.status, theirs.body])
  expect((await get('%E0%A4%A')).status).toBe(404)
})

test('answers 401 to a visitor and to a user whose access was revoked, and 405 to other methods', async () => {
  const target = await world()
  const { guard, people, id } = await asked(target)
  const get = await served(guard, people)
  expect((await get(id, 'visitor')).status).toBe(401)
  const refused = await get(id, 'ann', 'POST')
  expect([refused.status, refused.headers.allow]).toEqual([405, 'GET'])
  await guard.revoke({ issuer: people.ann.issuer, subject: 'ann' })
  expect([(await get(id)).status, (await get(id)).body]).toEqual([401, { error: 'login_required' }])
})

test('an outage is 503 with a time to come again', async () => {
  const target = await world()
  const { people, id } = await asked(target)
  const approvals = {
    get: async () => {
      throw new TransportError('the store is away')
    },
  }
  const { status, headers, body } = await (await served({ approvals } as never, people))(id)
  expect([status, headers['retry-after'], body]).toEqual([503, '5', { error: 'unavailable' }])
})

test.each([
  [401, new InvalidTokenError('audience', 'the token is for another audience')],
  [503, new TransportError('the issuer is away')],
])('tells onError why it answers %i, and its own error changes nothing', async (status, error) => {
  const onError = vi.fn(() => {
    throw new Error('the log is away')
  })
  const identityOf = () => Promise.reject(error)
  const route = approvalStatus({ guard: (await world()).guard(), identityOf, onError })
  expect((await route(new Request('https://app.example/api/approvals/x'))).status).toBe(status)
  expect(onError.mock.calls).toEqual([[error]])
})

test('a promise that onError rejects ends no process', async () => {
  const identityOf = () => Promise.reject(new TransportError('the issuer is away'))
  const onError = () => Promise.reject(new Error('the log is away'))
  const route = approvalStatus({ guard: (await world()).guard(), identityOf, onError })
  expect((await route(new Request('https://app.example/api/approvals/x'))).status).toBe(503)
})

test('polls the person’s channel only when a poll is due, however often the page asks', async () => {
  const target = await world()
  const { guard, people, id } = await asked(target)
  const get = await served(guard, people)
  target.clock.advance(10)
  const polls = async () =>
    (await target.authorizationServer.controls.requests()).filter(({ endpoint }) => endpoint === 'token').length
  const before = await polls()
  for (let count = 0; count < 5; count++) await get(id)
  expect((await polls()) - before).toBe(1)
})

test('names the missing option at start-up', () => {
  expect(() => approvalStatus({} as never)).toThrow(ConfigurationError)
  expect(() => approvalStatus({} as never)).toThrow('approvalStatus.guard')
  expect(() => approvalStatus({ guard: { approvals: { get: () => {} } } } as never)).toThrow(
    'approvalStatus.identityOf',
  )
})

test('without onError, a wrong audience is printed once, and an expired login is not', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  onTestFinished(() => warn.mockRestore())
  const errors = [
    new InvalidTokenError('expired', 'the token expired'),
    new InvalidTokenError('inactive', 'the login has ended'),
    new InvalidTokenError('audience', 'the token is for another audience'),
    new InvalidTokenError('audience', 'the token is for another audience'),
    new TransportError('the issuer is away'),
  ]
  const route = approvalStatus({ guard: (await world()).guard(), identityOf: () => Promise.reject(errors.shift()) })
  while (errors.length > 0) await route(new Request('https://app.example/api/approvals/x'))
  expect(warn.mock.calls).toEqual([
    ['approvalStatus: the token is for another audience'],
    ['approvalStatus: the issuer is away'],
  ])
})

test.each([
  ['a copy', 'pass what verifyRequest or signIn returned', (ann: Identity) => JSON.parse(JSON.stringify(ann))],
  ['null', 'pass what verifyRequest or signIn returned', () => null],
  ['a name', 'pass what verifyRequest or signIn returned', () => 'ann'],
])('answers 503 where identityOf returns %s in place of an identity, and tells why', async (_, remedy, wrong) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  onTestFinished(() => warn.mockRestore())
  const { guard, people, id } = await asked(await world())
  const onError = vi.fn()
  const identityOf = () => wrong(people.ann)
  const request = () => new Request(`https://app.example/api/approvals/${id}`)
  const response = await approvalStatus({ guard, identityOf, onError })(request())
  expect([response.status, await response.json()]).toEqual([503, { error: 'unavailable' }])
  const text = `identityOf: no verification of @behalf/core returned this identity: ${remedy}`
  expect(onError.mock.calls).toEqual([[new ConfigurationError('approvalStatus.identityOf', text.slice(12))]])
  for (let count = 0; count < 2; count++) await approvalStatus({ guard, identityOf })(request())
  expect(warn.mock.calls).toEqual([[`approvalStatus: ${text}`]])
  const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
  expect(page).toContain('approvalStatus: identityOf: no verification of @behalf/core returned this identity: ')
})

test('says how to mount the route where it gets no Request, such as the context of Hono', async () => {
  const route = approvalStatus({ guard: (await world()).guard(), identityOf: () => undefined })
  const context = { req: { raw: new Request('https://app.example/api/approvals/x') } }
  for (const given of [context, undefined]) {
    await expect(route(given as never)).rejects.toThrow(
      'approvalStatus: got no Request: mount it as `({ req }) => status(req.raw)`',
    )
  }
})
