import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { openStoreKeys } from '../../../src/base/records/index.ts'
import { memoryStore } from '../../../src/base/stores/memory-store.ts'
import { Revocations } from '../../../src/consent/revocation/index.ts'
import { rejection } from '../authorization-server/mock-issuer.ts'
import { overStore } from '../stores/over-store.ts'

const NOW = 1_800_000_000_000
const keys = { seal: [new Uint8Array(32).fill(3)], index: new Uint8Array(32).fill(4) } as const
const issuer = 'https://login.example.com'
const ann = { issuer, subject: 'ann' }

/** Two processes. The store answers the second one nothing about the chunks of the log. */
function setup() {
  const store = memoryStore({ clock: { now: () => NOW } })
  const away = overStore(store, {
    get: (key) =>
      key.startsWith('revocations:') ? Promise.reject(new StoreError('unavailable', 'down')) : store.get(key),
  })
  const process = (over = store) => new Revocations(openStoreKeys(over, keys), 5)
  return { here: process(), there: process(away) }
}

describe('the log of revocations, while the store is unavailable', () => {
  test(verifies('I9', 'is not taken for a log with deleted entries: the read fails'), async () => {
    const { here, there } = setup()
    await here.add(ann, NOW)
    expect(await rejection(there.read(NOW))).toMatchObject({ code: 'ERR_STORE', reason: 'unavailable' })
    expect(there.isFresh(NOW)).toBe(false)
  })

  test(verifies('I9', 'a revocation that could not be appended fails, so that it is made again'), async () => {
    const { here, there } = setup()
    await here.add(ann, NOW)
    expect(await rejection(there.add({ issuer, subject: 'bob' }, NOW))).toBeInstanceOf(StoreError)
  })
})
