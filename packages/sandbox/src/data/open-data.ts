import { randomBytes } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '@behalf/core'
import { sqliteStore } from '@behalf/stores/sqlite'
import { TestingError } from '@behalf/testing'
import type { AdapterPayload } from 'oidc-provider'
import type { ServerStorage } from './server-storage.ts'

const VERSION = 1

/** A sandbox's state in a SQLite file. */
export interface SandboxData {
  shelf(server: string): ServerStorage
  /** Store in which an API records the used approvals, in the same file. */
  readonly approvals: { readonly store: Store; readonly keys: StoreKeys }
  close(): void
}

/**
 * Opens a file, or creates one that only its owner may read: it contains signing keys and refresh tokens.
 * @param port - First port of the sandbox, which it has opened. A file belongs to one port, so two sandboxes never have
 *   it at the same time: each would overwrite the other's orders and answers.
 * @throws TestingError The file cannot be opened, is no file of a sandbox, is of another port, or was written by another
 *   version.
 */
export function openData(file: string, port: number): SandboxData {
  const database = openFile(file)
  const shelf = (server: string) => shelfOf(database, server)
  const kept = shelf('phone').read('port') ?? port
  if (kept !== port) {
    database.close()
    throw new TestingError(`port: ${file} is of the sandbox on port ${kept}: give this port, or another file`)
  }
  shelf('phone').write('port', port)
  const store = sqliteStore({ file })
  return {
    shelf,
    approvals: { store, keys: keptKeys(shelf('api')) },
    close() {
      store.close()
      database.close()
    },
  }
}

function openFile(file: string): DatabaseSync {
  try {
    const database = new DatabaseSync(file)
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => name)
    if (tables.length > 0 && !tables.includes('records')) {
      throw new TestingError(`data: ${file} is a database of another program: name a new file`)
    }
    chmodSync(file, 0o600)
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { readonly user_version: number }
    if (version > VERSION) throw new TestingError(`data: ${file} was written by a newer sandbox`)
    database.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS records (
        server TEXT NOT NULL, model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, position INTEGER PRIMARY KEY,
        UNIQUE (server, model, id));
      CREATE TABLE IF NOT EXISTS kept (
        server TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (server, name)) WITHOUT ROWID;
      PRAGMA user_version = ${VERSION};`)
    return database
  } catch (error) {
    if (error instanceof TestingError) throw error
    throw new TestingError(`data: ${file} is no file that a sandbox can keep its state in`, { cause: error })
  }
}

interface RecordRow {
  readonly model: string
  readonly id: string
  readonly payload: string
}

function shelfOf(database: DatabaseSync, server: string): ServerStorage {
  const all = database.prepare('SELECT model, id, payload FROM records WHERE server = ? ORDER BY position')
  const put = database.prepare(`INSERT INTO records (server, model, id, payload) VALUES (?, ?, ?, ?)
    ON CONFLICT (server, model, id) DO UPDATE SET payload = excluded.payload`)
  const remove = database.prepare('DELETE FROM records WHERE server = ? AND model = ? AND id = ?')
  const clear = database.prepare('DELETE FROM records WHERE server = ?')
  const read = database.prepare('SELECT value FROM kept WHERE server = ? AND name = ?')
  const write = database.prepare('INSERT OR REPLACE INTO kept (server, name, value) VALUES (?, ?, ?)')
  return {
    *records() {
      for (const row of all.all(server) as unknown as readonly RecordRow[]) {
        yield [row.model, row.id, JSON.parse(row.payload) as AdapterPayload]
      }
    },
    put: (model, id, payload) => void put.run(server, model, id, JSON.stringify(payload)),
    remove: (model, id) => void remove.run(server, model, id),
    clear: () => void clear.run(server),
    read(name) {
      const row = read.get(server, name) as { readonly value: string } | undefined
      return row === undefined ? undefined : JSON.parse(row.value)
    },
    write: (name, value) => void write.run(server, name, JSON.stringify(value)),
  }
}

/** Keys of a store: only this sandbox can read records that they seal. */
export interface StoreKeys {
  readonly seal: readonly [Uint8Array]
  readonly index: Uint8Array
}

const NAME = 'keys'

/** Returns the keys of an earlier run, or new ones. They are stored beside the data: a reader of the file has both. */
function keptKeys(shelf: ServerStorage): StoreKeys {
  const kept = shelf.read(NAME) as readonly [string, string] | undefined
  const [seal, index] = kept ?? [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  if (kept === undefined) shelf.write(NAME, [seal, index])
  return { seal: [Buffer.from(seal, 'base64')], index: Buffer.from(index, 'base64') }
}
