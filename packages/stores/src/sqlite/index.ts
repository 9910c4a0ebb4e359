export type { SqliteDatabase, SqliteStatement } from './database.ts'
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
