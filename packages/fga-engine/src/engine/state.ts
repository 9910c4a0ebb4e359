import type { Condition } from '../conditions/index.ts'
import type { World } from '../evaluate/index.ts'

/** An engine whose conditions are compiled. */
export interface EngineState extends World {
  readonly conditions: ReadonlyMap<string, Condition>
}
