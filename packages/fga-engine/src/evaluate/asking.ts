import type { RequestContext } from '../conditions/index.ts'
import type { CompiledModel, Reaches } from '../model/index.ts'
import type { Conditions, Tuple, TupleSource } from '../tuples/index.ts'
import type { Budget } from './budget.ts'

/** What stays the same from one question to the next. */
export interface World {
  readonly model: CompiledModel
  readonly conditions: Conditions
  readonly reaches: Reaches
  readonly source: TupleSource
  /** What was found out about tuples: whether the model takes them. */
  readonly valid: WeakMap<Tuple, boolean>
}

/** Who asks, and what the request brought. */
export interface Asking {
  readonly user: string
  readonly request: RequestContext
  /** By `object#relation`, in the order of the request. */
  readonly contextual: ReadonlyMap<string, readonly Tuple[]>
  /** What the question may still cost. */
  readonly budget: Budget
  /** Build {@link Outcome.why}. */
  readonly explain: boolean
  /** What a condition that cannot be evaluated counts as. Absent: an error. */
  readonly assume?: boolean
}
