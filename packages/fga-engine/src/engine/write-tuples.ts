import { ConfigurationError } from '@behalf/core'
import { FgaError, invalid } from '../errors/index.ts'
import {
  problemOfTuple,
  problemOfUser,
  type Tuple,
  type TupleKey,
  type TupleSource,
  tupleText,
} from '../tuples/index.ts'
import type { WriteRequest } from './questions.ts'
import type { EngineState } from './state.ts'

const MAX_TUPLES = 100

/** Deletes, then writes, all or nothing, after the rules of the server. */
export async function writeTuples(state: EngineState, request: WriteRequest): Promise<void> {
  const { source } = state
  const { deletes = [], writes = [], onDuplicate = 'error', onMissing = 'error' } = request
  if (source.change === undefined) {
    throw new ConfigurationError('tuples', 'give a tuple source that has `change`, to write')
  }
  if (deletes.length + writes.length === 0) {
    throw new FgaError(
      'invalid_write_input',
      'Invalid input. Make sure you provide at least one write, or at least one delete',
    )
  }
  for (const tuple of writes) refuseWrong(state, tuple)
  for (const key of deletes) refuseMalformed(state, key)
  refuseRepeated([...deletes, ...writes])
  const missing = await missingOf(source, deletes)
  if (missing[0] !== undefined && onMissing === 'error')
    throw failedWrite('cannot delete a tuple which does not exist', missing[0])
  const there = await thereOf(source, writes)
  for (const [tuple, stored] of there) {
    if (onDuplicate === 'error') throw failedWrite('cannot write a tuple which already exists', tuple)
    if (conditionText(tuple) !== conditionText(stored)) {
      throw new FgaError('Aborted', `a tuple exists with a different condition: ${described(tuple)}`)
    }
  }
  await source.change({
    deletes: deletes.filter((key) => !missing.includes(key)),
    writes: writes.filter((tuple) => !there.has(tuple)),
  })
}

function refuseWrong({ model, conditions }: EngineState, tuple: Tuple): void {
  const problem = problemOfTuple(model, conditions, tuple)
  if (problem !== undefined) throw invalid(problem.message)
  if (tuple.user === `${tuple.object}#${tuple.relation}`) {
    throw invalid(`Invalid tuple '${tupleText(tuple)}'. Reason: cannot write a tuple that is implicit`)
  }
}

/**
 * Refuses malformed tuples. A tuple that was written under another model may always be deleted: only the shape of its
 * user is checked.
 */
function refuseMalformed({ model }: EngineState, key: TupleKey): void {
  if (problemOfUser(model, key.user) === "the 'user' field is malformed") {
    throw invalid(`Invalid tuple '${tupleText(key)}'. Reason: the 'user' field is malformed`)
  }
}

function refuseRepeated(keys: readonly TupleKey[]): void {
  const seen = new Set<string>()
  for (const key of keys) {
    if (seen.has(tupleText(key))) {
      throw new FgaError('cannot_allow_duplicate_tuples_in_one_request', `duplicate tuple in write: ${described(key)}`)
    }
    seen.add(tupleText(key))
  }
  if (seen.size > MAX_TUPLES) {
    throw new FgaError(
      'exceeded_entity_limit',
      `The number of write operations exceeds the allowed limit of ${MAX_TUPLES}`,
    )
  }
}

async function missingOf(source: TupleSource, keys: readonly TupleKey[]): Promise<readonly TupleKey[]> {
  const missing: TupleKey[] = []
  for (const key of keys) if ((await stored(source, key)) === undefined) missing.push(key)
  return missing
}

async function thereOf(source: TupleSource, tuples: readonly Tuple[]): Promise<ReadonlyMap<Tuple, Tuple>> {
  const there = new Map<Tuple, Tuple>()
  for (const tuple of tuples) {
    const found = await stored(source, tuple)
    if (found !== undefined) there.set(tuple, found)
  }
  return there
}

async function stored(source: TupleSource, key: TupleKey): Promise<Tuple | undefined> {
  if (source.tuple !== undefined) return source.tuple(key)
  return (await source.tuplesOf(key.object, key.relation)).find(({ user }) => user === key.user)
}

function conditionText({ condition }: Tuple): string {
  return condition === undefined ? '' : JSON.stringify([condition.name, sorted(condition.context ?? {})])
}

/** Returns the value with its keys in one order, so that equal contexts are equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)])
}

const described = ({ user, relation, object }: TupleKey) =>
  `user: '${user}', relation: '${relation}', object: '${object}'`

const failedWrite = (what: string, key: TupleKey) =>
  new FgaError('write_failed_due_to_invalid_input', `${what}: ${described(key)}`)
