import { describe, expect, test } from 'vitest'
import { IdempotencyKeys, Token } from '../../../src/credential/index.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { resource } from '../../../src/index.ts'
import { api, open, useApi } from './open-credential.ts'

useApi()

function listening(options: object = {}) {
  const keys: (string | null)[] = []
  const opened = open({
    idempotencyHeader: 'Idempotency-Key',
    fetch: async (_input, init) => {
      keys.push(new Headers(init?.headers).get('idempotency-key'))
      return new Response(null, { status: keys.length === 1 ? 401 : 200 })
    },
    idempotencyKeys: new IdempotencyKeys('k'),
    ...options,
  })
  return { opened, keys }
}

const post = { method: 'POST', body: 'x' }

describe('the idempotency key', () => {
  test('goes on requests that write: the first carries it, the others their number too', async () => {
    const { opened, keys } = listening()
    const { fetch } = opened.credential
    await fetch(`${api}/a`)
    await fetch(`${api}/a`, post)
    await fetch(new Request(`${api}/a`, { method: 'delete' }))
    await fetch(`${api}/a`, { method: 'HEAD' })
    await fetch(`${api}/a`, { ...post, method: 'patch' })
    expect(keys).toEqual([null, 'k', 'k.2', null, 'k.3'])
  })

  test('is the same on a try again', async () => {
    const { opened, keys } = listening({ refresh: async () => ({ token: new Token('second'), scopes: [] }) })
    await opened.credential.fetch(`${api}/a`, post)
    expect(keys).toEqual(['k', 'k'])
  })

  test('of the body’s own is left alone', async () => {
    const { opened, keys } = listening()
    await opened.credential.fetch(`${api}/a`, { ...post, headers: { 'idempotency-key': 'mine' } })
    await opened.credential.fetch(`${api}/a`, post)
    expect(keys).toEqual(['mine', 'k'])
  })

  test('is not set without a key, nor without a header for it', async () => {
    const first = listening({ idempotencyKeys: undefined })
    await first.opened.credential.fetch(`${api}/a`, post)
    const second = listening({ idempotencyHeader: undefined })
    await second.opened.credential.fetch(`${api}/a`, post)
    expect([...first.keys, ...second.keys]).toEqual([null, null])
  })
})

describe('its header, as rules name it', () => {
  const connected = (idempotencyHeader: string) => connection('x', { scopes: ['a'], origins: [api], idempotencyHeader })
  test('stands in the rule', () => {
    expect(connected('X-Request-Id').idempotencyHeader).toBe('X-Request-Id')
    expect(resource(api, { scopes: ['a'], idempotencyHeader: 'Idempotency-Key' }).idempotencyHeader).toBe(
      'Idempotency-Key',
    )
  })

  test.each(['', 'a b', 'a:b', 'a\r\nb', 'Authorization', 'DPoP', 'host', 'cookie'])('is refused: %j', (name) => {
    for (const make of [() => connected(name), () => resource(api, { scopes: ['a'], idempotencyHeader: name })]) {
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    }
  })
})
