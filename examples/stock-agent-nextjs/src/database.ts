import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Version of the tables. Increase it with each change. */
const SCHEMA = 1

/** Opens the app's own tables: conversations, and the audit events that users may read. */
export function openDatabase(directory: string): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'app.sqlite')
  keepToOwner(file)
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec('PRAGMA journal_mode = WAL')
  migrate(database)
  database.exec(`
    CREATE TABLE IF NOT EXISTS conversations (
      id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, messages TEXT NOT NULL,
      version INTEGER NOT NULL, updated_at INTEGER NOT NULL, adopted INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE INDEX IF NOT EXISTS conversations_of ON conversations (owner, updated_at);
    DROP TABLE IF EXISTS logins;
    CREATE TABLE IF NOT EXISTS activity (
      position INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS activity_of ON activity (owner, position);
    PRAGMA user_version = ${SCHEMA};
  `)
  return database
}

/**
 * Restricts access to the owner. Conversations are unencrypted, and the folder may have existed before, readable by
 * all. SQLite would make its file readable by all too; its other files get the mode of this file.
 */
function keepToOwner(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  for (const one of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(one)) chmodSync(one, 0o600)
}

/** Migrates the first form of the tables, which has no adoption. */
function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() ?? {}
  const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'conversations'").get() !== undefined
  if (Number(version) >= SCHEMA || !isThere) return
  database.exec('ALTER TABLE conversations ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0')
}
