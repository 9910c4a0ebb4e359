import type { Store } from '@behalf/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from './redis-server.ts'
import { throughProxy } from './redis-under-test.ts'

if (!hasRedisServer) test('an answer of Redis that is lost', ({ skip }) => skip(redisServerMissing))

const bytes = (text: string) => new TextEncoder().encode(text)

describe.runIf(hasRedisServer).each(['redis', 'ioredis'] as const)('an answer that is lost, client %s', (name) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  const losing = (run: (store: Store, lose: () => void, direct: Store) => Promise<void>) => async () => {
    const under = await throughProxy(name, server.port)
    const direct = await throughProxy(name, server.port, {})
    try {
      // The scripts are known to the server by then, so that the one answer that is lost is that of the work.
      await under.store.put('warm', bytes('up'), { ifVersion: null })
      await under.store.get('warm')
      await under.store.delete('warm')
      await run(under.store, () => under.proxy.loseNextAnswer(), await under.restart())
      expect(under.proxy.lost).toBe(1)
    } finally {
      await under.close()
      await direct.close()
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
    'a creation too, and somebody else’s is a conflict all the same',
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
})
