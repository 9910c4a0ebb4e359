import { randomUUID } from 'node:crypto'
import { cpSync } from 'node:fs'
import { dirname } from 'node:path'
import { sqliteStore } from '@behalf/stores/sqlite'
import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { fileUnderTest, lockedFile, place } from './sqlite-files.ts'
import { startWorker } from './worker-process.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

// The contract on a fresh file is kept by the database of the app, in its own test.
describe('a file as a process left it that was killed', () => {
  const left = place()
  const job = randomUUID()
  beforeAll(async () => {
    const victim = await startWorker({ file: left.file })
    victim.send({ job, stepped: true })
    for (let heard = 1; heard <= 3; heard++) {
      await victim.heard(heard)
      if (heard < 3) victim.send('go')
    }
    await victim.kill()
  })
  afterAll(left.remove)

  // With the journal that was not written back.
  const copy = () => {
    const at = place()
    cpSync(dirname(left.file), dirname(at.file), { recursive: true })
    return at
  }

  test('holds all that was told as written', async () => {
    const under = fileUnderTest((file) => sqliteStore({ file }), copy())
    expect((await under.store.list('runs', { limit: 10 })).map(({ key }) => key)).toEqual([`run:${job}`])
    expect(await under.store.get(`open:${job}`)).toBeDefined()
    await under.close()
  })

  describeStore('SQLite', {
    concurrent: true,
    create: async () => fileUnderTest((file) => sqliteStore({ file }), copy()),
    outages: [{ name: 'is locked by a writer', create: lockedFile, withinMs: 2_000 }],
  })
})
