import { ConfigurationError } from '@behalf/core'
import { isLoopback } from '../base/is-loopback.ts'

/** The longest time that a timer accepts, in milliseconds. */
const MAX_MS = 2 ** 31 - 1

/** Options that a session and an access share. */
export interface RequestRules {
  readonly timeoutMs?: number | undefined
  readonly trustedHosts?: readonly string[] | undefined
  readonly fetch?: unknown
}

/** @throws ConfigurationError */
export function checkRequestRules(where: string, { timeoutMs, trustedHosts, fetch }: RequestRules): void {
  // A request, and its turn in the store, is waited for several times as long.
  checkWhole(`${where}.timeoutMs`, timeoutMs, MAX_MS / 4)
  if (fetch !== undefined && typeof fetch !== 'function') throw new ConfigurationError(`${where}.fetch`, 'give a fetch')
  if (trustedHosts === undefined) return
  if (!Array.isArray(trustedHosts) || !trustedHosts.every(isHostName)) {
    throw new ConfigurationError(`${where}.trustedHosts`, 'give host names in lower case, without scheme and port')
  }
}

/** @throws ConfigurationError */
export function checkWhole(option: string, value: unknown, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= most)) return
  throw new ConfigurationError(option, `give a whole number from 1 to ${Math.floor(most)}`)
}

/** Refuses a value that is truthy but not `true`: it would be read as `false`. @throws ConfigurationError */
export function checkSwitch(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new ConfigurationError(option, 'give true or false')
}

/** Refuses plain http, since tokens are sent to this address. @throws ConfigurationError */
export function webAddress(option: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
    throw new ConfigurationError(option, 'give an https address; http is for loopback only')
  }
  return url
}

const isHostName = (host: unknown): boolean =>
  typeof host === 'string' &&
  URL.canParse(`https://${host}/`) &&
  new URL(`https://${host}/`).host === host &&
  !/:\d+$/.test(host)
