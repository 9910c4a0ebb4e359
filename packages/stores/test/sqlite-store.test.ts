import { describeStore } from '@behalf/testing/contract'
import { fileUnderTest, lockedFile } from './sqlite-files.ts'

describeStore('SQLite, a file', {
  concurrent: true,
  create: async () => fileUnderTest(),
  outages: [{ name: 'is locked by a writer', create: lockedFile, withinMs: 2_000 }],
})
