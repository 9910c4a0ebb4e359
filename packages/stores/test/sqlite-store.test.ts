import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@behalf/stores/sqlite'
import { describeStore } from '@behalf/testing/contract'

describeStore('SQLite file', {
  concurrent: true,
  async create() {
    const directory = mkdtempSync(join(tmpdir(), 'behalf-stores-'))
    const stores = [sqliteStore({ file: join(directory, 'store.db') })]
    const [store] = stores as [ReturnType<typeof sqliteStore>]
    return {
      store,
      async restart() {
        const again = sqliteStore({ file: join(directory, 'store.db') })
        stores.push(again)
        return again
      },
      async close() {
        for (const one of stores) one.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
})
