import { FgaError, invalid } from '../errors/index.ts'
import { type Asking, Budget, Evaluation } from '../evaluate/index.ts'
import { type Relation, relationOf } from '../model/index.ts'
import { problemOfUser, splitUserset, typeOf } from '../tuples/index.ts'
import { askingOf } from './ask.ts'
import type { ListObjectsQuestion } from './questions.ts'
import type { EngineState } from './state.ts'

const MAX_RESULTS = 1000

/** Checks every object that a tuple is about. Stops at the limit; a failure before it is the answer. */
export async function listObjects(state: EngineState, question: ListObjectsQuestion): Promise<readonly string[]> {
  const budget = new Budget(state.timeoutMs)
  const asking = askingOf(state, question.user, question, {
    explain: false,
    budget,
    conditionCode: 'validation_error',
  })
  return budget.within(objectsOf(state, asking, question))
}

async function objectsOf(
  state: EngineState,
  asking: Asking,
  question: ListObjectsQuestion,
): Promise<readonly string[]> {
  const { limit = MAX_RESULTS } = question
  const relation = relationAsked(state, question)
  const evaluation = new Evaluation(state, asking)
  const hopeful = new Evaluation(state, { ...asking, assume: true })
  const found: string[] = []
  let failure: FgaError | undefined
  for (const object of await candidates(state, question)) {
    if (found.length === limit) return found
    const { allowed, error } = await evaluation.check(object, relation)
    if (allowed) found.push(object)
    // An error of a condition matters only if the condition could give the user the relation to this object.
    if (error === undefined || failure !== undefined) continue
    const hope = await hopeful.check(object, relation)
    if (hope.allowed || hope.error !== undefined) failure = error
  }
  if (failure !== undefined && found.length < limit) throw failure
  return found
}

function relationAsked({ model }: EngineState, { user, relation: name, type }: ListObjectsQuestion): Relation {
  if (!model.types.has(type)) throw new FgaError('type_not_found', `type '${type}' not found`)
  const relation = relationOf(model, type, name)
  if (relation === undefined) throw new FgaError('relation_not_found', `relation '${type}#${name}' not found`)
  const problem = problemOfUser(model, user)
  if (problem !== undefined) throw invalid(`invalid 'user' value: ${problem}`)
  return relation
}

async function candidates(
  { source }: EngineState,
  { user, type, contextualTuples = [] }: ListObjectsQuestion,
): Promise<ReadonlySet<string>> {
  const objects = new Set(await source.objectsOf(type))
  for (const { object } of contextualTuples) if (typeOf(object) === type) objects.add(object)
  // A userset has its own relation without any tuple.
  const [own, userset] = splitUserset(user)
  if (userset !== '' && typeOf(own) === type) objects.add(own)
  return objects
}
