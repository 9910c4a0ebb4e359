import type { Condition } from '../conditions/index.ts'
import type { World } from '../evaluate/index.ts'
import type { Reaches } from '../model/index.ts'

/** An engine whose conditions are compiled. */
export interface EngineState extends World {
  readonly conditions: ReadonlyMap<string, Condition>
  /** Returns whether list users must read any tuple at all. */
  readonly hasWay: Reaches
  /** Time limit for a question, in milliseconds. */
  readonly timeoutMs: number
}
