export type { SqliteDatabase, SqliteStatement } from './database.ts'
export { type SqliteStore, type SqliteStoreOptions, type SqliteTimeout, sqliteStore } from './sqlite-store.ts'
