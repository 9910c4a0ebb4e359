import type { Condition } from '../conditions/index.ts'
import type { World } from '../evaluate/index.ts'
import type { Reaches } from '../model/index.ts'

/** An engine whose conditions are compiled. */
export interface EngineState extends World {
  readonly conditions: ReadonlyMap<string, Condition>
  /** Whether list users need read anything at all. */
  readonly hasWay: Reaches
  /** How long a question may take, milliseconds. */
  readonly timeoutMs: number
}
