import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type SqliteDatabase, type SqliteStore, sqliteStore } from '@behalf/stores/sqlite'
import type { InterruptibleStore } from '@behalf/testing/contract'
import { methodsOf } from './methods-of.ts'

/** A directory of its own, with a place for a file. */
export function place(): { readonly file: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-stores-'))
  return { file: join(directory, 'store.db'), remove: () => rmSync(directory, { recursive: true }) }
}

/** A store in a fresh file, and ways to open it again. */
export function fileUnderTest(
  open: (file: string) => SqliteStore = (file) => sqliteStore({ file }),
  at: { readonly file: string; remove(): void } = place(),
) {
  const stores: SqliteStore[] = []
  const another = (): SqliteStore => {
    const store = open(at.file)
    stores.push(store)
    return store
  }
  return {
    file: at.file,
    store: another(),
    restart: async () => another(),
    async close() {
      for (const store of stores) store.close()
      at.remove()
    },
  }
}

/** A store on a database that the test opened, and that closes with it. */
export function onDatabase<Database extends SqliteDatabase>(open: (file: string) => Database) {
  return (file: string): SqliteStore => {
    const database = open(file)
    const store = sqliteStore({ database })
    const close = () => {
      store.close()
      database.close()
    }
    return { ...methodsOf(store), close }
  }
}

/** Another process that holds the lock of all writers. */
export async function lockedFile(): Promise<InterruptibleStore> {
  const under = fileUnderTest((file) => sqliteStore({ file, timeoutMs: 300 }))
  await under.store.get('key')
  const other = new DatabaseSync(under.file)
  return {
    ...under,
    async interrupt() {
      other.exec('BEGIN IMMEDIATE')
    },
    async mend() {
      if (other.isTransaction) other.exec('ROLLBACK')
    },
    async close() {
      other.close()
      await under.close()
    },
  }
}
