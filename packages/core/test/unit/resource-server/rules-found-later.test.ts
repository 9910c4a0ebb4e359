import { expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { bearer, makeApi, passed, proofKey, refused, useIssuer } from './api.ts'

useIssuer()

const api = makeApi()

test('rules that are found in the body are asked for once the token has been verified, and not before', async () => {
  let reads = 0
  const found = async () => {
    reads++
    return { scopes: ['trade:write', 'more'] }
  }
  const { url, method } = await bearer()
  const none = await refused(api.protect({ url, method, headers: new Headers() }, { scopes: ['base'] }, found))
  expect([none.status, reads]).toEqual([401, 0])
  expect(none.challenge).toContain('scope="base"')
  const headers = new Headers({ authorization: 'Bearer garbage' })
  expect((await refused(api.protect({ url, method, headers }, {}, found))).status).toBe(401)
  expect(reads).toBe(0)
  const lacking = await refused(api.protect(await bearer({ scope: 'trade:write' }), {}, found))
  expect([lacking.status, reads]).toEqual([403, 1])
  await passed(api.protect(await bearer({ scope: 'trade:write more' }), {}, found))
})

test('rules that are found and misspelt are a mistake, as all are', async () => {
  const found = async () => ({ scope: ['a'] }) as never
  expect(await rejection(api.protect(await bearer(), {}, found))).toMatchObject({ option: 'protect.scope' })
})

test.each([2, 100, 239, 300, 400])(
  'a proof is used once where the body of a repeated request takes %i s',
  async (slow) => {
    let now = Math.floor(Date.now() / 1000) * 1000
    const store = memoryStore({ clock: { now: () => now } })
    // Clocks are as far apart as they may be.
    const at = (offset: number) => makeApi({ dpop: { store }, clock: { now: () => now + offset } })
    const key = await proofKey()
    const request = await key.request(await key.token(), { iat: now / 1000 })
    await passed(at(30_000).protect(request))
    now += 89_000
    const read = async () => {
      now += slow * 1000
      return {}
    }
    const { status, challenge } = await refused(at(-30_000).protect(request, {}, read))
    expect([status, challenge]).toEqual([401, expect.stringContaining('invalid_dpop_proof')])
  },
)

test('a proof is taken where the body of its own request is slow, and is stale where it takes minutes', async () => {
  let now = Date.now()
  const api = makeApi({ dpop: { store: memoryStore(), windowSeconds: 10 }, clock: { now: () => now } })
  const key = await proofKey()
  const after = async (slow: number) => {
    const request = await key.request(await key.token(), { iat: Math.floor(now / 1000) })
    return api.protect(request, {}, async () => {
      now += slow * 1000
      return {}
    })
  }
  await passed(after(30))
  expect(await refused(after(260))).toMatchObject({ status: 401, reason: 'proof: stale' })
})
