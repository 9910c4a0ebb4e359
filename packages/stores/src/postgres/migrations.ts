import { refuseUnknownKeys } from '../lib/index.ts'
import { executor, type PostgresClient } from './client.ts'
import { storeError } from './faults.ts'

/** Version of the tables that this release reads and writes. Tables of another version are refused. */
export const SCHEMA_VERSION = 1

/** One step of the tables, for an app that applies migrations with its own tool. */
export interface PostgresMigration {
  /** Number and name, in the order to apply them: `0001_tables`. */
  readonly name: string
  /**
   * Statements, to run in one transaction. They name no schema: the tables are created in the first schema of
   * `search_path`.
   */
  readonly sql: string
}

/**
 * Keys and names are bytes: compared byte by byte, whatever the encoding and collation of the database. Times are epoch
 * seconds, since a time may be later than the last one that `timestamptz` knows.
 *
 * A row of `behalf_index` counts only if `names` of its record contains the name. The foreign key removes these rows
 * with the record.
 */
const tables = `
CREATE TABLE behalf_schema (only_row int PRIMARY KEY CHECK (only_row = 1), version int NOT NULL);
CREATE TABLE behalf_records (
  key bytea PRIMARY KEY, value bytea NOT NULL, version uuid NOT NULL, expires_at float8,
  queue bytea, due_at float8, names bytea[] NOT NULL, CHECK ((queue IS NULL) = (due_at IS NULL))
);
CREATE INDEX behalf_records_due ON behalf_records (queue, due_at) WHERE queue IS NOT NULL;
CREATE INDEX behalf_records_expired ON behalf_records (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE behalf_index (
  name bytea, key bytea REFERENCES behalf_records (key) ON DELETE CASCADE, PRIMARY KEY (name, key)
);
CREATE INDEX behalf_index_key ON behalf_index (key);
CREATE TABLE behalf_counters (key bytea PRIMARY KEY, total bigint NOT NULL, ends_at float8 NOT NULL);
CREATE INDEX behalf_counters_ended ON behalf_counters (ends_at);
INSERT INTO behalf_schema (only_row, version) VALUES (1, 1);
`.trim()

/**
 * The steps of the tables, in order. Give their SQL to the tool that migrates your database, or call {@link migrate}.
 *
 * A step never changes after its release; a later release adds one.
 */
export const migrations: readonly PostgresMigration[] = Object.freeze([
  Object.freeze({ name: '0001_tables', sql: tables }),
])

/** Number of the advisory lock, from the letters "behalf". */
const LOCK = 108_161_158_899_814

/**
 * Applies the {@link migrations} that the database does not have yet, in one transaction and under an advisory lock:
 * several processes may call it at once. It needs the right to create tables; the store does not.
 *
 * @throws `ConfigurationError` An option is missing, wrong or unknown.
 * @throws `StoreError` The database cannot be reached, or refuses.
 */
export async function migrate(options: { readonly client: PostgresClient }): Promise<void> {
  refuseUnknownKeys('migrate', options, ['client'])
  const execute = executor(options.client, 'migrate.client')
  const steps = migrations.map(
    // The first step creates the table that holds the version.
    ({ sql }, at) =>
      `IF ${at === 0 ? "to_regclass('behalf_schema') IS NULL" : `(SELECT version FROM behalf_schema) = ${at}`} THEN\n${sql}\nEND IF;`,
  )
  try {
    await execute(`DO $behalf$ BEGIN\nPERFORM pg_advisory_xact_lock(${LOCK});\n${steps.join('\n')}\nEND $behalf$`, [])
  } catch (error) {
    throw storeError(error)
  }
}
