import { SCHEMA_VERSION } from './migrations.ts'

/**
 * Maximum number of expired rows that one write deletes. Each write adds at most one row, so they cannot accumulate.
 */
const SWEPT_PER_WRITE = 32

/**
 * The store's clock: the server's time at this point of the statement. The start time of the statement or its
 * transaction would be outdated after a wait for a lock.
 */
const NOW = 'extract(epoch FROM clock_timestamp())::float8'

/** The same time as text. The cast does not go through `float8`, which `extra_float_digits` may round by years. */
const NOW_TEXT = 'extract(epoch FROM clock_timestamp())::text'

/** Read once in a statement, so that the database can use an index. */
const BY_NOW = `(SELECT ${NOW})`

const bytes = (parameter: number) => `decode($${parameter}::text, 'base64')`
const seconds = (parameter: number) => `$${parameter}::text::float8`

/** Evaluated for each row, so that it is correct after a wait for the row's lock. */
const LIVE = `(r.expires_at IS NULL OR r.expires_at > ${NOW})`
const LIVE_BY_NOW = `(r.expires_at IS NULL OR r.expires_at > ${BY_NOW})`
const RECORD = "encode(r.key, 'base64'), encode(r.value, 'base64'), r.version::text"

/**
 * Deadline of the call, the first parameter of each write, by the server's clock. After it, the caller was told that
 * the write failed, but a client's queue or a lock may deliver it late.
 */
const IN_TIME = `${NOW} < ${seconds(1)} AND (SELECT version FROM behalf_schema) = ${SCHEMA_VERSION}`

/**
 * First columns of each write's result: version of the tables, the server's time, and whether the write had an effect.
 *
 * A late effect is rolled back by an error, a division by zero. After a wait for a lock, PostgreSQL does not check the
 * conditions again if the lock's holder changed nothing.
 *
 * With `synchronous_commit = off`, a crash of the server could lose a write that was reported as done. With `local`, a
 * failover to a synchronous standby could lose it.
 */
const answer = (effect: string) =>
  `s.version::text, ${NOW_TEXT}, (CASE WHEN ${effect} THEN 1 / (${NOW} < ${seconds(1)})::int = 1 ELSE false END)::text, CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') ` +
  "THEN set_config('synchronous_commit', 'on', true) END"

/**
 * Removes expired rows, but not the row that this statement wrote: PostgreSQL skips it. Without the order, it may
 * search the whole table and find no row to remove.
 *
 * @param condition - A write deletes expired rows after it has its own row's lock, and waits for no other lock. So two
 *   writes never wait for each other.
 */
const swept = (table: string, ends: string, condition = '') =>
  `swept AS (DELETE FROM ${table} WHERE key = ANY (ARRAY(SELECT key FROM ${table} WHERE ${ends} <= ${BY_NOW} ` +
  `${condition} ORDER BY ${ends} LIMIT ${SWEPT_PER_WRITE} FOR UPDATE SKIP LOCKED)))`

const after = (written: string) => `AND EXISTS (SELECT 1 FROM ${written})`

const EXPIRY = `coalesce(${seconds(5)}, ${NOW} + ${seconds(6)})`
const DUE = `${NOW} + ${seconds(8)}`

/** @param written - The statement that writes the record, if there is one. */
const put = (written: string) =>
  `WITH written AS (${written} RETURNING r.key, r.names), ` +
  'unindexed AS (DELETE FROM behalf_index i USING written w WHERE i.key = w.key AND i.name <> ALL (w.names)), ' +
  'indexed AS (INSERT INTO behalf_index (name, key) SELECT n, w.key FROM written w, unnest(w.names) n ' +
  'ON CONFLICT DO NOTHING), ' +
  `${swept('behalf_records', 'expires_at', after('written'))} ` +
  `SELECT ${answer('w.count > 0')} FROM behalf_schema s, (SELECT count(*) FROM written) w`

const remove = (condition: string) =>
  `WITH gone AS (DELETE FROM behalf_records r WHERE r.key = ${bytes(2)} AND ${IN_TIME} ${condition} RETURNING 1) ` +
  `SELECT ${answer('g.count > 0')} FROM behalf_schema s, (SELECT count(*) FROM gone) g`

/** First columns of each read's result. */
const READ = 's.version::text, pg_is_in_recovery()::text'

/** The statements. Each is a transaction of its own, in each mode of a pooler. */
export const statements = {
  /**
   * Its parameter, a null, has no meaning. `postgres` sends a statement without parameters together with the next one.
   * PgBouncer 1.18 then takes the connection away during the next one, which hangs.
   */
  state: `SELECT ${READ}, ${NOW_TEXT} FROM behalf_schema s WHERE $1::text IS NULL`,
  /** key */
  get: `SELECT ${READ}, ${RECORD} FROM behalf_schema s LEFT JOIN behalf_records r ON r.key = ${bytes(1)} AND ${LIVE}`,
  /**
   * index, key to begin after, limit
   *
   * The offset makes PostgreSQL look up the record of each row in turn until it has enough, and not join the whole
   * tables first.
   */
  list:
    `SELECT ${READ}, ${RECORD} FROM behalf_schema s LEFT JOIN LATERAL (SELECT r.* FROM behalf_index i, ` +
    `LATERAL (SELECT * FROM behalf_records r WHERE r.key = i.key AND i.name = ANY (r.names) AND ${LIVE_BY_NOW} ` +
    `OFFSET 0) r WHERE i.name = ${bytes(1)} AND i.key > ${bytes(2)} ORDER BY i.key LIMIT $3::text::bigint) r ON true ORDER BY r.key`,
  /** deadline, key, value, new version, expiry, expiry from now, queue, seconds until due, names */
  create: put(
    'INSERT INTO behalf_records AS r (key, value, version, expires_at, queue, due_at, names) ' +
      `SELECT ${bytes(2)}, ${bytes(3)}, $4::text::uuid, ${EXPIRY}, ${bytes(7)}, ${DUE}, ` +
      `ARRAY(SELECT decode(n, 'base64') FROM unnest(string_to_array($9::text, ',')) n) WHERE ${IN_TIME} ` +
      'ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, ' +
      `expires_at = ${EXPIRY}, queue = excluded.queue, due_at = ${DUE}, names = excluded.names ` +
      `WHERE r.expires_at <= ${NOW} AND ${IN_TIME}`,
  ),
  /** Same parameters, and the expected version. */
  replace: put(
    `UPDATE behalf_records r SET value = ${bytes(3)}, version = $4::text::uuid, expires_at = ${EXPIRY}, ` +
      `queue = ${bytes(7)}, due_at = ${DUE}, ` +
      "names = ARRAY(SELECT decode(n, 'base64') FROM unnest(string_to_array($9::text, ',')) n) " +
      `WHERE r.key = ${bytes(2)} AND r.version = $10::text::uuid AND ${LIVE} AND ${IN_TIME}`,
  ),
  /** deadline, key */
  remove: remove(''),
  /** deadline, key, version to meet */
  removeVersion: remove(`AND r.version = $3::text::uuid AND ${LIVE}`),
  /**
   * deadline, queue, limit, lease
   *
   * Its first own column says whether a record was due whose lock another caller has.
   */
  claim:
    `WITH due AS (SELECT r.key FROM behalf_records r WHERE r.queue = ${bytes(2)} AND r.due_at <= ${BY_NOW} ` +
    `AND ${LIVE_BY_NOW} AND ${IN_TIME} ORDER BY r.due_at LIMIT $3::text::bigint FOR UPDATE SKIP LOCKED), ` +
    `claimed AS (UPDATE behalf_records r SET version = gen_random_uuid(), due_at = ${NOW} + ${seconds(4)} ` +
    `FROM due WHERE r.key = due.key RETURNING r.key, r.value, r.version), ${swept('behalf_records', 'expires_at')} ` +
    `SELECT ${answer('r.key IS NOT NULL')}, (SELECT EXISTS (SELECT 1 FROM behalf_records r WHERE r.queue = ${bytes(2)} ` +
    `AND r.due_at <= ${BY_NOW} AND ${LIVE_BY_NOW}))::text, ${RECORD} FROM behalf_schema s LEFT JOIN claimed r ON true`,
  /** deadline, key, window */
  increment:
    'WITH counted AS (INSERT INTO behalf_counters AS c (key, total, ends_at) ' +
    `SELECT ${bytes(2)}, 1, ${NOW} + ${seconds(3)} WHERE ${IN_TIME} ON CONFLICT (key) DO UPDATE SET ` +
    `total = CASE WHEN c.ends_at > ${NOW} THEN c.total + 1 ELSE 1 END, ` +
    `ends_at = CASE WHEN c.ends_at > ${NOW} THEN c.ends_at ELSE excluded.ends_at END WHERE ${IN_TIME} ` +
    `RETURNING c.total), ${swept('behalf_counters', 'ends_at', after('counted'))} ` +
    `SELECT ${answer('c.total IS NOT NULL')}, c.total::text FROM behalf_schema s LEFT JOIN counted c ON true`,
} as const
