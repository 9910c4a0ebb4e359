import type { MockOpenFga, ProtocolTarget } from '@behalf/testing'
import type { RoleShape } from '../authorization-server/index.ts'
import type { SandboxData } from '../data/index.ts'
import type { EventHub } from '../events/index.ts'
import type { SandboxSeed } from './seed.ts'

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
