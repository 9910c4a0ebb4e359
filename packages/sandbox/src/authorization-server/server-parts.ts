import type { Shelf } from '../data/index.ts'
import type { EventHub, SandboxIssuer } from '../events/index.ts'
import type { RoleShape } from './shape-roles.ts'

/** What a server is given beyond its options when it is a part of a sandbox. */
export interface ServerParts {
  readonly name: SandboxIssuer
  readonly events: EventHub
  /** Pages for persons: who are you, may they. */
  readonly pages: {
    /** Whose login this is, for the person. */
    readonly title: string
    /** Ask before a client is given anything. */
    readonly consent: boolean
  }
  /** How a provider writes roles and groups. */
  readonly roles: RoleShape
  /** @default in memory */
  readonly shelf?: Shelf | undefined
}
