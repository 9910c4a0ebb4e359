import type { RequestContext } from '../conditions/index.ts'
import type { CompiledModel, Reaches } from '../model/index.ts'
import type { Conditions, Tuple, TupleSource } from '../tuples/index.ts'
import type { Budget } from './budget.ts'

/** Parts that stay the same from one question to the next. */
export interface World {
  readonly model: CompiledModel
  readonly conditions: Conditions
  readonly reaches: Reaches
  readonly source: TupleSource
  /** Explanations show the values of conditions. */
  readonly explainValues: boolean
  /** Cached results of the validation: whether the model accepts the tuple. */
  readonly valid: WeakMap<Tuple, boolean>
}

/** User of a question, and the data of its request. */
export interface Asking {
  readonly user: string
  readonly request: RequestContext
  /** Contextual tuples by `object#relation`, in the order of the request. */
  readonly contextual: ReadonlyMap<string, readonly Tuple[]>
  /** Remaining budget of the question. */
  readonly budget: Budget
  /** Build {@link Outcome.why}. */
  readonly explain: boolean
  /** Value of a condition that cannot be evaluated. Absent: an error. */
  readonly assume?: boolean
}
