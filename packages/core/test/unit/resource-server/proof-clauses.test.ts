import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { here, makeApi, passed, proofKey, refused, useIssuer } from './api.ts'

useIssuer()

const store = memoryStore()
const seconds = Math.floor(Date.now() / 1000)
const clock = { now: () => seconds * 1000 }
const api = makeApi({ clock, dpop: { store, windowSeconds: 60 } })
const longId = () => crypto.randomUUID().padEnd(512, 'x')
const key = await proofKey()
const token = await key.token({ exp: seconds + 300, iat: seconds })

describe('a proof at the edge of what is taken', () => {
  test.each([
    ['as old as the window', () => ({ iat: seconds - 60 })],
    ['as far ahead as clocks may differ', () => ({ iat: seconds + 30 })],
    ['with the longest id', () => ({ jti: longId() })],
  ])('passes: %s', async (_, claims) => {
    await passed(api.protect(await key.request(token, { iat: seconds, ...claims() })))
  })

  test.each([
    ['older by a second', { iat: seconds - 61 }, 'stale'],
    ['further ahead by a second', { iat: seconds + 31 }, 'early'],
    ['with an id longer by one', { jti: `${longId()}x` }, 'claims'],
  ])('is refused: %s', async (_, claims, fault) => {
    const result = await refused(api.protect(await key.request(token, { iat: seconds, ...claims })))
    expect(result.reason).toBe(`proof: ${fault}`)
  })

  test('may be 8192 characters long, and no longer', async () => {
    const plain = (await key.proof(token, { iat: seconds, x: '' })).length
    // Three characters of a claim are four of the proof; the last of its own is short of three.
    const long = async (length: number) => {
      for (let pad = Math.floor(((length - plain) * 3) / 4) - 3; ; pad++) {
        const proof = await key.proof(token, { iat: seconds, x: 'x'.repeat(pad) })
        if (proof.length >= length) return proof
      }
    }
    const outcome = async (dpop: string) =>
      api.protect(new Request(here, { headers: { authorization: `DPoP ${token}`, dpop } }))
    const [fits, exceeds] = [await long(8192), await long(8193)]
    expect(fits).toHaveLength(8192)
    await passed(outcome(fits))
    expect((await refused(outcome(exceeds))).reason).toBe('proof: malformed')
  })
})

describe('a header that only looks like a proof’s', () => {
  test.each([
    ['no key but null', null],
    ['a list in place of a key', []],
    ['a text in place of a key', 'key'],
  ])('is refused: %s', async (_, jwk) => {
    const request = await key.request(token, { iat: seconds }, { header: { jwk } })
    expect((await refused(api.protect(request))).reason).toBe('proof: key')
  })

  test('is missing where it is empty', async () => {
    const request = new Request(here, { headers: { authorization: `DPoP ${token}`, dpop: '' } })
    expect((await refused(api.protect(request))).reason).toBe('proof: missing')
  })
})

describe('an API with nonces', () => {
  const strict = makeApi({ clock, dpop: { store, nonces: { secret: new Uint8Array(32).fill(7) } } })
  const nonceFor = async () => (await refused(strict.protect(await key.request(token, { iat: seconds })))).nonce

  test('takes a nonce as a text only, and not a list that reads like it', async () => {
    const nonce = await nonceFor()
    const listed = await refused(strict.protect(await key.request(token, { iat: seconds, nonce: [nonce] })))
    expect(listed.challenge).toContain('error="use_dpop_nonce"')
    await passed(strict.protect(await key.request(token, { iat: seconds, nonce })))
  })

  test('gives none for what a nonce would not mend', async () => {
    const result = await refused(strict.protect(await key.request(token, { iat: seconds, htm: 'POST' })))
    expect(result).toMatchObject({ nonce: null, reason: 'proof: method' })
    expect(result.challenge).toContain('error="invalid_dpop_proof"')
  })
})

test('a proof whose use the store took, and whose answer was lost, passes once', async () => {
  const inner = memoryStore()
  let lost = 0
  const losing: Store = {
    ...inner,
    get: (name) => inner.get(name),
    put: async (...args) => {
      const version = await inner.put(...args)
      if (lost++ === 0) throw new StoreError('unavailable', 'the answer was lost')
      return version
    },
  }
  const request = await key.request(token, { iat: seconds })
  await passed(makeApi({ clock, dpop: { store: losing } }).protect(request))
  expect(await refused(makeApi({ clock, dpop: { store: losing } }).protect(request))).toMatchObject({ status: 401 })
})
