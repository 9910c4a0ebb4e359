import type { Clock } from '@behalf/core'
import type { ProtocolTarget } from '../../target/index.ts'

/** A target, and how its time passes. */
export interface ProtocolUnderTest {
  /** Servers in their initial state: accounts are linked, and no user is signed in. */
  readonly target: ProtocolTarget
  /** The target's clock, if a test moves it. @default the system's clock */
  readonly clock?: Clock
  /** Lets seconds pass for server and client. @default waits in real time */
  readonly wait?: (seconds: number) => Promise<void>
}
