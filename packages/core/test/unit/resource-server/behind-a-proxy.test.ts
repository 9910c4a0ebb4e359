import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { audience, here, makeApi, passed, proofKey, refused, useIssuer } from './api.ts'

useIssuer()

const store = memoryStore()
const api = makeApi({ dpop: { store } })
const key = await proofKey()

describe('a bound token with its proof', () => {
  test('passes where a proxy stands before the API, which knows the origin that clients see', async () => {
    const inside = { url: 'http://10.0.0.7:8080/orders' }
    await passed(api.protect(await key.request(await key.token(), {}, inside)))
    const elsewhere = makeApi({ dpop: { store }, origin: 'https://trading.example' })
    const htu = 'https://trading.example/orders'
    await passed(elsewhere.protect(await key.request(await key.token(), { htu }, inside)))
    expect(await refused(elsewhere.protect(await key.request(await key.token(), {}, inside)))).toMatchObject({
      reason: 'proof: url',
    })
  })

  test('does not pass for the API to which its client sent it, though the request names the host of that API', async () => {
    const url = 'https://evil.example/orders'
    const stolen = await key.request(await key.token(), { htu: url }, { url })
    expect(await refused(api.protect(stolen))).toMatchObject({ reason: 'proof: url' })
  })

  test('passes at each origin of an API that has several identifiers, and at no other', async () => {
    const second = 'https://api.example.net'
    const both = makeApi({ dpop: { store }, audience: [audience, `${audience}/v2`, second] })
    for (const origin of [audience, second]) {
      const url = `${origin}/orders`
      await passed(both.protect(await key.request(await key.token(), { htu: url }, { url })))
    }
    for (const [url, htu] of [
      ['https://evil.example/orders', 'https://evil.example/orders'],
      [here, `${second}/orders`],
    ] as const) {
      const reason = 'proof: url'
      expect(await refused(both.protect(await key.request(await key.token(), { htu }, { url })))).toMatchObject({
        reason,
      })
    }
  })

  test('passes where that proxy takes a part of the path off, for the address that its client sees and no other', async () => {
    const behind = makeApi({ dpop: { store }, origin: audience, pathPrefix: '/trading' })
    const inside = 'http://10.0.0.7:8080/orders'
    const outside = { htu: `${audience}/trading/orders` }
    await passed(behind.protect(await key.request(await key.token(), outside, { url: inside })))
    for (const htu of [`${audience}/orders`, `${audience}/other/orders`, `${audience}/trading/trading/orders`]) {
      expect(
        await refused(behind.protect(await key.request(await key.token(), { htu }, { url: inside }))),
      ).toMatchObject({
        reason: 'proof: url',
      })
    }
  })
})

describe('what was taken off by a proxy', () => {
  test.each(['trading', '/', '/trading/', '/a b', '/a?b', '/a/../b', '/a#b', 7])(
    'refuse the path prefix %s',
    (pathPrefix) => {
      expect(() => makeApi({ pathPrefix: pathPrefix as string })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'createResourceServer.pathPrefix' }),
      )
    },
  )

  test.each(['urn:api', 'trading', 'https://', 'api://trading'])(
    'refuse bound tokens where no origin is given and the audience is no address: %s',
    (audience) => {
      const dpop = { store }
      expect(() => makeApi({ audience, dpop })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'createResourceServer.origin' }),
      )
      makeApi({ audience, dpop, origin: 'https://api.example.com' })
      makeApi({ audience })
    },
  )

  test('refuse an origin with a path', () => {
    expect(() => makeApi({ origin: here })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  })
})
