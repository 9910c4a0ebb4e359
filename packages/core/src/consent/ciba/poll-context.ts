import type { Clock } from '../../base/ports/index.ts'
import type { AuthorizationServer } from '../../caller/authorization-server/server.ts'
import type { CibaSettings } from './settings.ts'

/** Context of a backchannel request, and of the polls for its answer. */
export interface PollContext {
  readonly server: AuthorizationServer
  readonly settings: CibaSettings
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}
