export type { PGliteClient, PgClient, PostgresClient, PostgresJsClient } from './client.ts'
export { migrate, migrations, type PostgresMigration } from './migrations.ts'
export { type PostgresStoreOptions, postgresStore } from './postgres-store.ts'
