import { BehalfError, ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

// Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
const READ_ONLY = '25006'
const UNDEFINED_TABLE = '42P01'
/**
 * Errors of other columns, types or constraints than the statements expect, or of values that break a rule of the
 * tables.
 */
const OTHER_TABLES: ReadonlySet<string> = new Set(['42703', '42804', '42883', '42P10', '22P02', '23502', '23514'])
const DAMAGED: ReadonlySet<string> = new Set(['XX001', 'XX002'])
/**
 * Errors after which the statement was rolled back and may be repeated: a serialization failure, a deadlock, or a write
 * that came too late.
 */
const ROLLED_BACK: ReadonlySet<string> = new Set(['40001', '40P01', '22012'])

/** Returns the SQLSTATE of the server's error. `undefined` for errors of the connection, such as `EPIPE`. */
function stateOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** Returns whether the statement had no effect and may succeed when it is repeated. */
export function wasRolledBack(error: unknown): boolean {
  return ROLLED_BACK.has(stateOf(error) ?? '')
}

/** Returns whether no response came. */
export function isConnectionLoss(error: unknown): boolean {
  const state = stateOf(error)
  // Class 57P: the server ends the connection, as when it is stopped.
  return !BehalfError.isInstance(error) && (state === undefined || state.startsWith('57P'))
}

export const replicaRefused = (cause?: unknown): StoreError =>
  new StoreError(
    'unavailable',
    'the PostgreSQL server is a standby or read-only, and may not have the newest writes: connect the client to its primary',
    { cause },
  )

/** Converts a driver's error to a `BehalfError`. */
export function storeError(error: unknown): BehalfError {
  if (BehalfError.isInstance(error)) return error
  const state = stateOf(error)
  if (state === undefined) return new StoreError('unavailable', 'PostgreSQL cannot be reached', { cause: error })
  if (state === UNDEFINED_TABLE) {
    return new ConfigurationError(
      'postgresStore.client',
      'the database has no tables of the store: call migrate({ client }), or apply `migrations` by your own tool',
      { cause: error },
    )
  }
  if (state === READ_ONLY) return replicaRefused(error)
  if (DAMAGED.has(state)) {
    return new StoreError('corrupt', 'the database is damaged: restore it from a backup', { cause: error })
  }
  if (OTHER_TABLES.has(state)) {
    return new StoreError('corrupt', 'the tables of the store were changed by something else', { cause: error })
  }
  return new StoreError('unavailable', `PostgreSQL refused with ${state}`, { cause: error })
}
