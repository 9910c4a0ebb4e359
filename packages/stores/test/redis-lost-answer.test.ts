import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '@behalf/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { throughProxy } from './redis-under-test.ts'

if (!hasRedisServer) test('an answer of Redis that is lost', ({ skip }) => skip(redisServerMissing))

const bytes = (text: string) => new TextEncoder().encode(text)

describe.each(withRedisServer(['redis', 'ioredis'] as const))('an answer that is lost, client %s', (name) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  const losing = (run: (store: Store, lose: () => void) => Promise<void>) => async () => {
    const under = await throughProxy(name, server.port)
    try {
      // The scripts are known to the server by then, so that the one answer that is lost is that of the work.
      await under.store.put('warm', bytes('up'), { ifVersion: null })
      await under.store.get('warm')
      await under.store.delete('warm')
      await run(under.store, () => under.proxy.loseNextAnswer())
      expect(under.proxy.lost).toBe(1)
    } finally {
      await under.close()
    }
  }

  test(
    'a put that was carried out is told as written, and not as a conflict with itself',
    losing(async (store, lose) => {
      const first = await store.put('key', bytes('first'), { ifVersion: null })
      lose()
      const second = await store.put('key', bytes('second'), { ifVersion: first })
      expect(second).not.toBe('conflict')
      expect(await store.get('key')).toMatchObject({ version: second, value: bytes('second') })
    }),
  )

  test(
    'a creation too, and another client’s is still a conflict',
    losing(async (store, lose) => {
      lose()
      const version = await store.put('key', bytes('mine'), { ifVersion: null })
      expect(version).not.toBe('conflict')
      expect(await store.put('key', bytes('mine'), { ifVersion: null })).toBe('conflict')
      expect(await store.get('key')).toMatchObject({ version, value: bytes('mine') })
    }),
  )

  test(
    'a read is made again',
    losing(async (store, lose) => {
      await store.put('key', bytes('value'), { ifVersion: null })
      lose()
      expect(await store.get('key')).toMatchObject({ value: bytes('value') })
    }),
  )

  test('a put that was given up before it was sent is not made later', async () => {
    const under = await throughProxy(name, server.port, { timeoutMs: 300 })
    try {
      const version = await under.store.put('key', bytes('before'), { ifVersion: null })
      await under.proxy.refuse()
      await wait(100)
      const late = under.store.put('key', bytes('late'), { ifVersion: version })
      await expect(late).rejects.toMatchObject({ reason: 'unavailable' })
      await under.proxy.mend()
      const found = await vi.waitFor(() => under.store.get('key'), { timeout: 5_000 })
      await wait(100)
      expect(found).toMatchObject({ version })
      expect(await under.store.get('key')).toMatchObject({ version })
    } finally {
      await under.close()
    }
  })
})
