import { ConfigurationError } from '@behalf/core'
import type { PutOptions } from '@behalf/core/spi'

/** Refuses a misspelt option: it would silently have no effect. */
export function refuseUnknownKeys(option: string, value: object, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null) throw new ConfigurationError(option, 'give an object of options')
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new ConfigurationError(`${option}.${key}`, `is not an option here; there are ${known.join(', ')}`)
    }
  }
}

/** Returns a time that a timer can hold, in milliseconds. */
export function requireTimeout(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= 0x7fffffff) return value
  throw new ConfigurationError(option, 'give a positive whole number of milliseconds')
}

/** Checks a write before it is sent. One server would store `NaN` as "never", another as "at once". */
export function checkPut(value: Uint8Array, { expiresAt, expiresInSeconds, due }: PutOptions): void {
  if (!(value instanceof Uint8Array)) throw new ConfigurationError('put.value', 'give a Uint8Array')
  if (expiresAt !== undefined) requireFinite('put.expiresAt', expiresAt, 'give epoch seconds')
  if (expiresInSeconds !== undefined) {
    requireFinite('put.expiresInSeconds', expiresInSeconds, 'give a number of seconds')
    if (expiresAt !== undefined)
      throw new ConfigurationError('put.expiresInSeconds', 'give expiresInSeconds or expiresAt, not both')
  }
  if (due !== undefined) requireFinite('put.due.inSeconds', due.inSeconds, 'give seconds from now')
}

/** Checks a maximum number, which is 1 or more. */
export function checkLimit(option: string, limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new ConfigurationError(option, 'give a positive whole number')
}

/** Checks the seconds of a lease or a window. */
export function checkSeconds(option: string, seconds: number): void {
  requireFinite(option, seconds, 'give a positive number of seconds')
  if (seconds <= 0) throw new ConfigurationError(option, 'give a positive number of seconds')
}

function requireFinite(option: string, value: number, fix: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ConfigurationError(option, fix)
}
