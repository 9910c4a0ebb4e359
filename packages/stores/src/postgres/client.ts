import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

/** A `Pool` of the `pg` package (8), or a `Client` that the store does not share with the app, by shape. */
export interface PgClient {
  /** Connects. The store never calls it, and recognizes a client of `pg` by it. */
  connect(): unknown
  /** Sends one statement with its parameters, and returns each row as an array of columns. */
  query(statement: {
    readonly text: string
    readonly values: (string | null)[]
    readonly rowMode: 'array'
  }): Promise<{ readonly rows: unknown[] }>
  /**
   * Returns the state of a `Client`: `T` and `E` mean that the app has a transaction open. A pool does not have the
   * method.
   */
  getTransactionStatus?(): string | null
}

/**
 * Result of `postgres()` of the `postgres` package (3), by shape. Its transactions and reserved connections are
 * refused.
 */
export interface PostgresJsClient {
  /** Begins a transaction. The store never calls it; a transaction of the app does not have it. */
  begin: (...parameters: never[]) => unknown
  /** Sends one statement with its parameters. `raw` returns each row as an array of undecoded columns. */
  unsafe(
    statement: string,
    parameters: (string | null)[],
    options: { readonly prepare: boolean },
  ): { raw(): PromiseLike<unknown[]> }
}

/** A `PGlite` of the `@electric-sql/pglite` package (0.5), by shape. Its transactions are refused. */
export interface PGliteClient {
  /** Begins a transaction. The store never calls it; a transaction of the app does not have it. */
  transaction: (...parameters: never[]) => unknown
  /** Sends one statement with its parameters, and returns each row as an array of columns. */
  query(
    statement: string,
    parameters: (string | null)[],
    options: { readonly rowMode: 'array' },
  ): Promise<{ readonly rows: unknown[] }>
}

/** A client that the store can use. */
export type PostgresClient = PgClient | PostgresJsClient | PGliteClient

/** A column as text. */
export type Column = string | null

/**
 * Sends one statement, which is one transaction.
 *
 * Parameters and columns are text in every driver: so no type parser, transform or `bytea_output` of the app changes them.
 */
export type Execute = (statement: string, parameters: readonly Column[]) => Promise<readonly (readonly Column[])[]>

/** @throws ConfigurationError Not a client of the three packages, or a transaction. */
export function executor(client: PostgresClient, option: string): Execute {
  const execute = rowsOf(client)
  if (execute === undefined) {
    throw new ConfigurationError(
      option,
      'give a Pool or Client of `pg`, what `postgres()` returns, or a PGlite; not a transaction',
    )
  }
  return async (statement, parameters) => (await execute(statement, [...parameters])).map(columns)
}

type Rows = (statement: string, values: Column[]) => Promise<readonly unknown[]>

function rowsOf(client: PostgresClient): Rows | undefined {
  if (has(client, 'unsafe') && has(client, 'begin')) {
    const sql = client as PostgresJsClient
    // A pooler in transaction mode has no prepared statements, and may give a caller the response to another statement.
    return async (statement, values) => sql.unsafe(statement, values, { prepare: false }).raw()
  }
  if (has(client, 'query') && has(client, 'transaction')) {
    const database = client as PGliteClient
    return async (statement, values) => (await database.query(statement, values, { rowMode: 'array' })).rows
  }
  if (has(client, 'query') && has(client, 'connect')) {
    const pg = client as PgClient
    return async (text, values) => {
      refuseTransaction(pg)
      const { rows } = await pg.query({ text, values, rowMode: 'array' })
      // The app began a transaction before this statement was sent. It could still roll back what the store reports as
      // written.
      refuseTransaction(pg)
      return rows
    }
  }
  return undefined
}

function refuseTransaction(client: PgClient): void {
  const status = client.getTransactionStatus?.()
  if (status !== 'T' && status !== 'E') return
  throw new StoreError('unavailable', 'the connection is inside a transaction of the app: give the store its own')
}

function has(client: unknown, method: string): boolean {
  return (
    (typeof client === 'object' || typeof client === 'function') &&
    client !== null &&
    typeof Reflect.get(client, method) === 'function'
  )
}

function columns(row: unknown): readonly Column[] {
  if (!Array.isArray(row)) throw unknownForm()
  return row.map((column) => {
    if (column === null || typeof column === 'string') return column
    if (column instanceof Uint8Array) return new TextDecoder().decode(column)
    throw unknownForm()
  })
}

export const unknownForm = (): StoreError => new StoreError('corrupt', 'PostgreSQL answered in an unknown form')
