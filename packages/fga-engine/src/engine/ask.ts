import { FgaError, invalid } from '../errors/index.ts'
import { type Asking, Budget, because, Evaluation, type Explanation, failed, type Outcome } from '../evaluate/index.ts'
import { type Relation, relationOf } from '../model/index.ts'
import { problemOfContext, problemOfKey, problemOfTuple, type Tuple, typeOf } from '../tuples/index.ts'
import type { BatchCheckAnswer, BatchCheckItem, CheckQuestion, Circumstances } from './questions.ts'
import type { EngineState } from './state.ts'

const MAX_CHECKS = 50
const CORRELATION_ID = /^[\w-]{1,36}$/

/** A question that fits the model, with its evaluation. */
interface Accepted {
  readonly evaluation: Evaluation
  readonly relation: Relation
}

export async function askCheck(state: EngineState, question: CheckQuestion): Promise<boolean> {
  return checkWithin(state, question, new Budget(state.timeoutMs))
}

async function checkWithin(state: EngineState, question: CheckQuestion, budget: Budget): Promise<boolean> {
  const { evaluation, relation } = accept(state, question, { explain: false, budget })
  const { allowed, error } = await budget.within(evaluation.check(question.object, relation))
  if (error !== undefined) throw error
  return allowed
}

export async function askExplanation(state: EngineState, question: CheckQuestion): Promise<Explanation> {
  const budget = new Budget(state.timeoutMs)
  const { evaluation, relation } = accept(state, question, { explain: true, budget })
  const { why } = await budget.within(evaluation.check(question.object, relation)).catch((error: unknown): Outcome => {
    if (!(error instanceof FgaError)) throw error
    return because(failed(error), 'relation', `${question.object}#${question.relation}`)
  })
  return why as Explanation
}

export async function askBatch(
  state: EngineState,
  items: readonly BatchCheckItem[],
): Promise<ReadonlyMap<string, BatchCheckAnswer>> {
  if (items.length === 0) throw invalid('a batch needs at least 1 check')
  if (items.length > MAX_CHECKS) {
    throw invalid(`batchCheck received ${items.length} checks, the maximum allowed is ${MAX_CHECKS}`)
  }
  const answers = new Map<string, BatchCheckAnswer>()
  for (const { correlationId } of items) {
    if (!CORRELATION_ID.test(correlationId)) throw invalid(`invalid correlation id: ${JSON.stringify(correlationId)}`)
    if (answers.has(correlationId)) throw invalid(`received duplicate correlation id: ${correlationId}`)
    answers.set(correlationId, { allowed: false })
  }
  // All items share the time limit of one request.
  const budget = new Budget(state.timeoutMs)
  for (const item of items) answers.set(item.correlationId, await answerOne(state, item, budget))
  return answers
}

async function answerOne(state: EngineState, item: CheckQuestion, budget: Budget): Promise<BatchCheckAnswer> {
  try {
    return { allowed: await checkWithin(state, item, budget) }
  } catch (error) {
    if (error instanceof FgaError) return { error }
    throw error
  }
}

function accept(
  state: EngineState,
  question: CheckQuestion,
  how: { readonly explain: boolean; readonly budget: Budget },
): Accepted {
  const problem = problemOfKey(state.model, question)
  if (problem !== undefined) throw invalid(`invalid relation: ${problem}`)
  const asking = askingOf(state, question.user, question, { ...how, conditionCode: 'invalid_tuple' })
  const relation = relationOf(state.model, typeOf(question.object), question.relation) as Relation
  return { evaluation: new Evaluation(state, asking), relation }
}

/**
 * Checks the additional data of a question.
 * @param options.conditionCode - The endpoint's error code for a contextual tuple with a wrong condition.
 */
export function askingOf(
  { model, conditions, valid }: EngineState,
  user: string,
  { context = {}, contextualTuples = [] }: Circumstances,
  {
    explain,
    budget,
    conditionCode,
  }: {
    readonly explain: boolean
    readonly budget: Budget
    readonly conditionCode: 'invalid_tuple' | 'validation_error'
  },
): Asking {
  const problem = problemOfContext(context)
  if (problem !== undefined) throw invalid(`invalid context: ${problem}`)
  const contextual = new Map<string, Tuple[]>()
  for (const tuple of contextualTuples) {
    const problem = problemOfTuple(model, conditions, tuple)
    if (problem !== undefined) {
      throw new FgaError(problem.conditional === true ? conditionCode : 'invalid_tuple', problem.message)
    }
    valid.set(tuple, true)
    const key = `${tuple.object}#${tuple.relation}`
    const known = contextual.get(key)
    if (known === undefined) contextual.set(key, [tuple])
    else known.push(tuple)
  }
  return { user, request: { fields: context, converted: new Map() }, contextual, budget, explain }
}
