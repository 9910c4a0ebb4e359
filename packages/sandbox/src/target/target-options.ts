import type { MockClient, MockResource } from '@behalf/testing'

/** Options of {@link sandboxTarget}. */
export interface SandboxTargetOptions {
  /** Signature algorithm of all issuers. @default 'ES256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Seconds between polls. @default 1 */
  readonly interval?: number
  /** Time that the Stock Trade API takes for an order, in milliseconds. @default 0 */
  readonly executionMs?: number
  /** Further clients at the app's issuer, such as an MCP server that exchanges its callers' tokens. @default none */
  readonly clients?: readonly MockClient[]
  /** Further APIs at the app's issuer. @default none */
  readonly resources?: readonly MockResource[]
  /**
   * Origin of the Stock Trade API in its identifier and its tokens. The test's `fetch` must redirect requests from this
   * origin to the port.
   * @default the port's own
   */
  readonly apiOrigin?: string
}

export const OPTION_KEYS = [
  'algorithm',
  'interval',
  'executionMs',
  'clients',
  'resources',
  'apiOrigin',
] as const satisfies readonly (keyof SandboxTargetOptions)[]
