import type { Faults, RequestLog } from '@behalf/testing'
import type { Pace, Session, SharedServer, SharedState } from '@behalf/testing/authorization-server'
import type { JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import type { ServerStorage } from '../data/index.ts'
import type { EventHub, SandboxIssuer } from '../events/index.ts'
import type { RoleShape } from './claims/shape-roles.ts'
import type { AuthorizationServerOptions } from './options.ts'
import type { Records } from './records.ts'

/** State that changes in addition to the library's own records. */
export interface ServerState extends SharedState {
  signedIn: Session | undefined
  /** Paces by `auth_req_id` or device code. */
  readonly paces: Map<string, Pace>
  /** Grant of each access token, by `jti`: a token of a revoked grant is no valid subject token. */
  readonly grantsByTokenId: Map<string, string>
  /** `auth_req_id` of questions whose answer is given, or is being stored. */
  readonly answered: Set<string>
}

/** Values that the parts of one server share. */
export interface ServerContext extends SharedServer {
  readonly options: AuthorizationServerOptions
  readonly provider: Provider
  readonly records: Records
  readonly log: RequestLog
  readonly faults: Faults
  /** The key to sign with, for the library. */
  readonly privateKey: JWK
  readonly algorithm: 'RS256' | 'ES256'
  /** Absent: a server for a test, without pages. */
  readonly parts: ServerParts | undefined
  state: ServerState
}

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
  readonly shelf?: ServerStorage | undefined
}
