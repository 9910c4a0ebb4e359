import { FgaError } from '../errors/index.ts'
import { type Asking, Budget, Evaluation } from '../evaluate/index.ts'
import { type Relation, relationOf } from '../model/index.ts'
import { typeOf } from '../tuples/index.ts'
import { askingOf } from './ask.ts'
import type { ListUsersQuestion } from './questions.ts'
import type { EngineState } from './state.ts'
import { usersAround } from './users-around.ts'

/** Checks every user that the object's tuples lead to, after all of them could be read. */
export async function listUsers(state: EngineState, question: ListUsersQuestion): Promise<readonly string[]> {
  const { object, relation: name, filter } = question
  const type = typeOf(object)
  if (!state.model.types.has(type)) throw new FgaError('type_not_found', `type '${type}' not found`)
  const relation = relationOf(state.model, type, name)
  if (relation === undefined) throw new FgaError('relation_not_found', `relation '${type}#${name}' not found`)
  const [userType = '', userset] = filter.split('#')
  if (!state.model.types.has(userType)) throw new FgaError('type_not_found', `type '${userType}' not found`)
  if (userset !== undefined && relationOf(state.model, userType, userset) === undefined) {
    throw new FgaError('relation_not_found', `relation '${filter}' not found`)
  }
  const budget = new Budget(state.timeoutMs)
  const asking = askingOf(state, '', question, { explain: false, budget, conditionCode: 'validation_error' })
  const isPossible = state.hasWay(filter, relation) || (userset === undefined && state.hasWay(`${filter}:*`, relation))
  return isPossible ? budget.within(usersOf(state, asking, { object, relation, filter })) : []
}

async function usersOf(
  state: EngineState,
  asking: Asking,
  { object, relation, filter }: { readonly object: string; readonly relation: Relation; readonly filter: string },
): Promise<readonly string[]> {
  const { users, error } = await usersAround(state, asking, { object, relation, filter })
  const found: string[] = []
  // As on the server: an error on the way makes the whole list invalid, whichever user it concerns.
  let failure = error
  for (const user of users) {
    const { allowed, error } = await new Evaluation(state, { ...asking, user }).check(object, relation)
    if (allowed) found.push(user)
    failure ??= error
  }
  if (failure !== undefined) throw failure
  return found
}
