import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStore } from '@behalf/testing/contract'
import { myStore } from './my-store.ts'

describeStore('my store', {
  concurrent: true, // each test has a file of its own, so tests that wait may wait at once
  async create() {
    const file = join(mkdtempSync(join(tmpdir(), 'my-store-')), 'store.db')
    const store = myStore(file)
    return { store, restart: async () => myStore(file), close: async () => store.close() }
  },
})
