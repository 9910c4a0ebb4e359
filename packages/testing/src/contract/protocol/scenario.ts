import type { Capability } from '../../target/index.ts'
import type { Session } from './session.ts'

/** One requirement on the exchange between a server and a client. */
export interface Scenario {
  readonly title: string
  /** Required capabilities of a target. @default none besides discovery, code flow and refresh */
  readonly needs?: readonly Capability[]
  readonly run: (session: Session) => Promise<void>
}
