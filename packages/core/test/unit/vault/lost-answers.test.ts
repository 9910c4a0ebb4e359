import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4841', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })
const refreshes = () => crm.forms.filter((form) => form.get('grant_type') === 'refresh_token')
const reset = () => HttpResponse.error() as never

describe('an answer that was lost', () => {
  const lost = () => {
    crm.after = reset
  }

  test('is asked for once more within the grace period', async () => {
    crm.state.graceMs = 30_000
    const { tokenOf, link } = open({ definition: { refresh: { rotates: true, graceSeconds: 30 } } })
    await link()
    clock.advance(3601)
    lost()
    expect(await tokenOf()).toBe('unavailable')
    crm.after = (answer) => answer
    clock.advance(10)
    expect(await tokenOf()).toMatch(/^access-/)
    expect(refreshes()).toHaveLength(2)
    expect(crm.reused).toEqual([])
  })

  test('twice, it is not asked for again', async () => {
    crm.state.graceMs = 30_000
    const { tokenOf, link } = open({ definition: { refresh: { rotates: true, graceSeconds: 30 } } })
    await link()
    clock.advance(3601)
    lost()
    expect([await tokenOf(), await tokenOf(), await tokenOf(), await tokenOf()]).toEqual([
      'unavailable',
      'unavailable',
      'must_reconnect',
      'must_reconnect',
    ])
    expect(refreshes()).toHaveLength(2)
  })

  test('beyond the grace period nothing is sent: the provider would take it for a stolen token', async () => {
    crm.state.graceMs = 30_000
    const { tokenOf, link } = open({ definition: { refresh: { rotates: true, graceSeconds: 30 } } })
    await link()
    clock.advance(3601)
    lost()
    expect(await tokenOf()).toBe('unavailable')
    clock.advance(31)
    expect(await tokenOf()).toBe('must_reconnect')
    expect(refreshes()).toHaveLength(1)
    expect(crm.reused).toEqual([])
  })

  test('without a grace period it is told apart at once', async () => {
    const { tokenOf, link } = open()
    await link()
    clock.advance(3601)
    lost()
    expect([await tokenOf(), await tokenOf()]).toEqual(['unavailable', 'must_reconnect'])
    expect(refreshes()).toHaveLength(1)
    expect(crm.reused).toEqual([])
  })

  test('where refresh tokens do not rotate, it is asked for as often as needed', async () => {
    crm.state.rotates = false
    const { tokenOf, link } = open({ definition: { refresh: { rotates: false } } })
    await link()
    clock.advance(3601)
    lost()
    for (let round = 0; round < 4; round++) expect(await tokenOf()).toBe('unavailable')
    crm.after = (answer) => answer
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test.each([
    [429, {}],
    [401, { error: 'invalid_client' }],
    [400, { error: 'unauthorized_client' }],
    [400, { error: 'unsupported_grant_type' }],
  ])('%i %j says that nothing was done: no answer was lost', async (status, body) => {
    const { tokenOf, link } = open()
    await link()
    clock.advance(3601)
    crm.before = () => HttpResponse.json(body, { status }) as never
    for (let round = 0; round < 4; round++) expect(await tokenOf()).toMatch(/^(unavailable|misconfigured)$/)
    crm.before = () => undefined
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test.each([
    [503, {}],
    [500, {}],
    [400, { error: 'server_error' }],
    [400, { error: 'temporarily_unavailable' }],
    [400, { error: 'invalid_request' }],
  ])('%i %j proves nothing: a refresh token that is used once is not sent again', async (status, body) => {
    const { tokenOf, link } = open()
    await link()
    clock.advance(3601)
    // The token was consumed, and a proxy before the provider answers.
    crm.after = () => HttpResponse.json(body, { status }) as never
    expect(await tokenOf()).toMatch(/^(unavailable|misconfigured)$/)
    crm.after = (answer) => answer
    expect(await tokenOf()).toBe('must_reconnect')
    expect(refreshes()).toHaveLength(1)
    expect(crm.reused).toEqual([])
  })

  test('errors that a provider documents as unused, or as an outage, are told as such', async () => {
    const definition = { unusedErrors: ['bad_secret'], outageErrors: ['fatal_error'] }
    const { tokenOf, link } = open({ definition })
    await link()
    clock.advance(3601)
    crm.before = () => HttpResponse.json({ error: 'bad_secret' }, { status: 400 }) as never
    expect([await tokenOf(), await tokenOf()]).toEqual(['misconfigured', 'misconfigured'])
    crm.before = () => HttpResponse.json({ error: 'fatal_error' }, { status: 400 }) as never
    expect([await tokenOf(), await tokenOf()]).toEqual(['unavailable', 'must_reconnect'])
  })

  test('nothing listens there: no answer was lost', async () => {
    let isAway = false
    const { tokenOf, link } = open({
      fetch: (input, init) => {
        if (!isAway || init?.method !== 'POST') return fetch(input, init)
        const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
        return Promise.reject(new TypeError('fetch failed', { cause }))
      },
    })
    await link()
    clock.advance(3601)
    isAway = true
    for (let round = 0; round < 4; round++) expect(await tokenOf()).toBe('unavailable')
    isAway = false
    expect(await tokenOf()).toMatch(/^access-/)
  })
})

test('a store that does not take the answer gets it later, from the same process', async () => {
  const { tapped } = await import('../runs/harness.ts')
  const { StoreError } = await import('../../../src/base/errors/index.ts')
  let isDown = false
  const store = tapped(memoryStore({ clock }), (operation, _key, next) => {
    if (isDown && operation === 'put') throw new StoreError('unavailable', 'down')
    return next()
  })
  const { tokenOf, link } = open({ store, timeoutMs: 600 })
  await link()
  clock.advance(3601)
  crm.after = (answer) => {
    isDown = true
    return answer
  }
  await expect(tokenOf()).rejects.toThrow('down')
  crm.after = (answer) => answer
  isDown = false
  expect(await tokenOf()).toMatch(/^access-/)
  // What the provider had given was written, and used; it was not asked again.
  expect(refreshes()).toHaveLength(1)
})
