import { describeStore } from '@behalf/testing/contract'
import { vi } from 'vitest'
import { fileUnderTest, lockedFile } from './sqlite-files.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

describeStore('SQLite, a file', {
  concurrent: true,
  create: async () => fileUnderTest(),
  outages: [{ name: 'is locked by a writer', create: lockedFile, withinMs: 2_000 }],
})
