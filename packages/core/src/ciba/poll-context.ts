import type { AuthorizationServer } from '../authorization-server/server.ts'
import type { Clock } from '../ports/index.ts'
import type { CibaSettings } from './settings.ts'

/** What a request, or a look for its answer, needs of the outside. */
export interface PollContext {
  readonly server: AuthorizationServer
  readonly settings: CibaSettings
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}
