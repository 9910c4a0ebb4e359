import type { Pool } from 'pg'

/** Rows that one statement makes: the disk is not asked to take all of them at once. */
const BATCH = 50_000

const key = (text: string) => `convert_to('{behalf}' || ${text}, 'UTF8')`

/** So many bytes that do not compress, as sealed values. */
const sealed = (bytes: number) =>
  `(SELECT substring(string_agg(sha512(convert_to(n || '.' || i, 'UTF8')), '') FOR ${bytes}) ` +
  `FROM generate_series(1, ${Math.ceil(bytes / 64)}) i)`

/** Keys are as long as core's. */
const padded = (name: string) => `'${name}:' || n`

/**
 * Fills the tables as guards do: three records for each finished run, a linked account for ten of them (three a user), an
 * open question for a hundred, and a count.
 */
export async function fillTables(client: Pool, runs: number): Promise<void> {
  const run = (name: string, bytes: number, days: number) =>
    `SELECT ${key(padded(name))}, ${sealed(bytes)}, gen_random_uuid(), ` +
    `extract(epoch FROM now())::float8 + ${days} * 86400 + n, NULL::bytea, NULL::float8, '{}'::bytea[] FROM numbers`
  for (let from = 0; from < runs; from += BATCH) {
    const numbers = `numbers AS (SELECT n FROM generate_series(${from}, ${Math.min(from + BATCH, runs) - 1}) n)`
    await client.query(
      `WITH ${numbers} INSERT INTO behalf_records ` +
        `${run('run', 1_370, 32)} UNION ALL ${run('open', 297, 31)} UNION ALL ${run('slot', 297, 31)}`,
    )
    await client.query(
      `WITH ${numbers}, made AS (INSERT INTO behalf_records SELECT ${key(padded('account'))}, ${sealed(2_500)}, ` +
        `gen_random_uuid(), NULL, NULL, NULL, ARRAY[${key("'user:' || n / 30")}] FROM numbers WHERE n % 10 = 0 ` +
        'RETURNING key, names) INSERT INTO behalf_index SELECT unnest(names), key FROM made',
    )
    await client.query(
      `WITH ${numbers} INSERT INTO behalf_records SELECT ${key(padded('due'))}, ${sealed(297)}, gen_random_uuid(), NULL, ` +
        `${key("'queue'")}, extract(epoch FROM now())::float8 - n, '{}' FROM numbers WHERE n % 100 = 0`,
    )
    await client.query(
      `WITH ${numbers} INSERT INTO behalf_counters SELECT ${key("'count:' || n / 10")}, 1, ` +
        `extract(epoch FROM now())::float8 + 60 FROM numbers WHERE n % 10 = 0`,
    )
  }
  await client.query('VACUUM ANALYZE')
  await client.query('CHECKPOINT')
}

/** Bytes of each table and index. */
export async function sizesOf(client: Pool, runs: number): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; rows: number; table: string; toast: string; indexes: string }>(
    'SELECT relname AS name, reltuples::int AS rows, pg_size_pretty(pg_relation_size(oid)) AS table, ' +
      'pg_size_pretty(pg_table_size(oid) - pg_relation_size(oid)) AS toast, pg_size_pretty(pg_indexes_size(oid)) AS indexes ' +
      "FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY pg_total_relation_size(oid) DESC",
  )
  return rows
    .filter((row) => row.rows > 1)
    .map(
      (row) =>
        `${runs} runs, ${row.name}: ${row.rows} rows, ${row.table} and ${row.toast} beside it, indexes ${row.indexes}`,
    )
}
