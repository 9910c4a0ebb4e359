import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/stores/memory-store.ts'
import { audience, here, makeApi, passed, proofKey, refused, useIssuer } from './api.ts'

useIssuer()

const store = memoryStore()
const api = makeApi({ dpop: { store } })
const key = await proofKey()

describe('a bound token with its proof', () => {
  test('passes where a proxy stands before the API that says which origin clients see', async () => {
    const behind = makeApi({ dpop: { store }, origin: audience })
    const inside = 'http://10.0.0.7:8080/orders'
    await passed(behind.protect(await key.request(await key.token(), {}, { url: inside })))
    expect(await refused(api.protect(await key.request(await key.token(), {}, { url: inside })))).toMatchObject({
      reason: 'proof: url',
    })
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

  test('refuse an origin with a path', () => {
    expect(() => makeApi({ origin: here })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  })
})
