import type { Shelf } from '../data/index.ts'
import type { EventHub, SandboxIssuer } from '../events/index.ts'
import type { RoleShape } from './claims/shape-roles.ts'

/** Parts of a server, besides its options, if it is part of a sandbox. */
export interface ServerParts {
  readonly name: SandboxIssuer
  readonly events: EventHub
  /** Pages for persons: login and consent. */
  readonly pages: {
    /** Title of the login, for the person. */
    readonly title: string
    /** Ask before a client is given anything. */
    readonly consent: boolean
  }
  /** Form in which a provider writes roles and groups. */
  readonly roles: RoleShape
  /** @default in memory */
  readonly shelf?: Shelf | undefined
}
