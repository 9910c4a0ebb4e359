import { ConfigurationError } from '../../base/errors/index.ts'
import { type Clock, type Fetch, systemClock } from '../../base/ports.ts'
import { checkValues, isLoopback, kinds, namesOf } from '../../base/values/index.ts'
import type { StoreConnection } from './http-backend.ts'
import { type OpenFgaCredentials, tokenSource } from './token-source.ts'

/** Allows plain `http:` beyond loopback, for networks that encrypt below HTTP. A symbol is not set by accident. */
export const allowPlainHttp: unique symbol = Symbol.for('@behalf/core@1/allowPlainHttp') as never

/** Address of OpenFGA, and the means to reach it. */
export interface StoreOptions {
  /** Address of the API, such as `https://fga.example.com`. Its path is kept. */
  readonly apiUrl: string
  /** Id of the OpenFGA store. */
  readonly storeId: string
  /**
   * Id of the model that answers. It is never the latest by accident: a new model takes effect when you change this id.
   */
  readonly authorizationModelId: string
  /** @default none */
  readonly credentials?: OpenFgaCredentials
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** Source of the time. @default the system's clock */
  readonly clock?: Clock
  /** Everything from the question to the answer, retries included, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  /** Allows plain http to any host, for a network that encrypts traffic itself. */
  readonly [allowPlainHttp]?: true
}

export const storeKeys = namesOf<StoreOptions>(
  'apiUrl',
  'storeId',
  'authorizationModelId',
  'credentials',
  'fetch',
  'clock',
  'timeoutMs',
)

/** @throws ConfigurationError An option is missing or wrong. */
export function readStoreOptions(options: StoreOptions): StoreConnection {
  // Read at each call, so that a wrapper that replaces the global later is also used.
  const { fetch = (input, init) => globalThis.fetch(input, init), clock = systemClock } = options
  return {
    storeUrl: `${baseOf(options)}/stores/${ulid('storeId', options.storeId)}`,
    authorizationModelId: ulid('authorizationModelId', options.authorizationModelId),
    tokens: tokenSource(options.credentials, { fetch, clock, timeoutMs: readTimeout(options.timeoutMs) }),
    fetch,
    clock,
  }
}

/** Milliseconds. */
export function readTimeout(timeoutMs = 5_000): number {
  checkValues('openFga.', { timeoutMs }, { timeoutMs: kinds.timeoutMs })
  return timeoutMs
}

function baseOf(options: StoreOptions): string {
  const { apiUrl } = options
  const url = typeof apiUrl === 'string' && URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('openFga.apiUrl', 'give an absolute URL without query, fragment or credentials')
  }
  const plain = url.protocol === 'http:' && (isLoopback(url) || options[allowPlainHttp] === true)
  if (url.protocol !== 'https:' && !plain) {
    throw new ConfigurationError(
      'openFga.apiUrl',
      'use https: over plain http a third party can allow anything; [allowPlainHttp]: true where the network encrypts',
    )
  }
  return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`
}

export function ulid(option: 'storeId' | 'authorizationModelId', value: unknown): string {
  if (typeof value === 'string' && /^[0-9A-Z]{26}$/.test(value)) return value
  throw new ConfigurationError(`openFga.${option}`, 'give the ULID that OpenFGA made: 26 characters, 0-9 and A-Z')
}
