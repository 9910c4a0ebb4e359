import type { MockClient, MockOpenFga, MockResource, ProtocolTarget } from '@behalf/testing'
import type { RoleShape } from '../authorization-server/index.ts'
import type { SandboxData } from '../data/index.ts'
import type { EventHub } from '../events/index.ts'
import type { SandboxSeed } from './seed.ts'

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

/** Parts of a target that is a whole sandbox, for persons. */
export interface TargetParts {
  readonly events: EventHub
  /** Port of the app's issuer; the other servers use the next ports. 0: any free ones. */
  readonly firstPort: number
  readonly roles: RoleShape
  readonly seed: SandboxSeed
  readonly requestSeconds: number
  /** @default in memory */
  readonly data?: SandboxData | undefined
}

/** A target, with methods for its own process only. */
export interface OpenTarget extends ProtocolTarget {
  /** Removes pending faults of a server: none of them happens. */
  forgetFaults(): void
  /** Explains an answer of OpenFGA, with the values of conditions. */
  readonly explain: MockOpenFga['explain']
  /** Returns the claims of a user's roles, as tokens of the app's issuer have them. `undefined`: there is no such user. */
  roleClaimsOf(subject: string): Readonly<Record<string, unknown>> | undefined
}
