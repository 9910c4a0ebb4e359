import type { AuthorizationServer } from '../authorization-server/server.ts'
import type { Clock } from '../ports/index.ts'

/** What a look for the answer needs of the outside. */
export interface PollContext {
  readonly server: AuthorizationServer
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}
