import type { Capability } from '../../target/index.ts'
import type { Session } from './session.ts'

/** One thing that a server and a client do for each other. */
export interface Scenario {
  readonly title: string
  /** What a target must have. @default nothing beyond discovery, code flow and refresh */
  readonly needs?: readonly Capability[]
  readonly run: (session: Session) => Promise<void>
}
