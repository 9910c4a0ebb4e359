import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStore } from '@behalf/testing/contract'
import { myStore } from './my-store.ts'

describeStore('my store', {
  concurrent: true, // each test has a file of its own, so tests that wait may wait at once
  async create() {
    const folder = mkdtempSync(join(tmpdir(), 'my-store-'))
    const file = join(folder, 'store.db')
    const store = myStore(file)
    const close = async () => {
      store.close()
      rmSync(folder, { recursive: true })
    }
    return { store, restart: async () => myStore(file), close }
  },
})
