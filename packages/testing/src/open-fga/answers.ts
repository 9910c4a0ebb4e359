import type * as z from 'zod/mini'
import { admits, evaluate, type FgaQuestion } from './evaluate.ts'
import { FgaRefusal } from './fga-refusal.ts'
import type { FgaModel } from './trading-model.ts'
import { type FgaTuple, parseSubject, tupleKey } from './tuple.ts'
import { BatchCheckBody, CheckBody, ListObjectsBody, ReadBody, type Tuple, WriteBody } from './wire.ts'

/** One store with its only model. */
export interface FgaStore {
  readonly model: FgaModel
  readonly authorizationModelId: string
  tuples: readonly FgaTuple[]
}

const MAX_CHECKS = 50
const MAX_CONTEXTUAL_TUPLES = 100
const MAX_WRITES = 100
const PAGE = 50

type Asked = Pick<CheckBody, 'tuple_key' | 'contextual_tuples' | 'context'>
type WrittenTuple = z.infer<typeof Tuple>

/** `POST /stores/{id}/check` */
export function check(store: FgaStore, body: unknown): unknown {
  const asked = parse(CheckBody, body)
  requireModel(store, asked.authorization_model_id)
  return { allowed: evaluate(store.model, store.tuples, questionOf(store, asked)), resolution: '' }
}

/** `POST /stores/{id}/batch-check`: the answers come under their correlation ids, errors one by one. */
export function batchCheck(store: FgaStore, body: unknown): unknown {
  const asked = parse(BatchCheckBody, body)
  requireModel(store, asked.authorization_model_id)
  if (asked.checks.length === 0) throw new FgaRefusal('validation_error', 'batch check requires at least one check')
  if (asked.checks.length > MAX_CHECKS) {
    throw new FgaRefusal(
      'validation_error',
      `batchCheck received ${asked.checks.length} checks, the maximum is ${MAX_CHECKS}`,
    )
  }
  const ids = new Set<string>()
  for (const { correlation_id: id } of asked.checks) {
    if (!/^[\w-]{1,36}$/.test(id))
      throw new FgaRefusal('validation_error', `invalid correlation_id: ${JSON.stringify(id)}`)
    if (ids.has(id)) throw new FgaRefusal('validation_error', `duplicate correlation_id: ${JSON.stringify(id)}`)
    ids.add(id)
  }
  return { result: Object.fromEntries(asked.checks.map((one) => [one.correlation_id, answerOne(store, one)])) }
}

function answerOne(store: FgaStore, asked: Asked): unknown {
  try {
    return { allowed: evaluate(store.model, store.tuples, questionOf(store, asked)) }
  } catch (error) {
    if (!(error instanceof FgaRefusal)) throw error
    return { error: { input_error: error.code, message: error.message } }
  }
}

/** `POST /stores/{id}/list-objects` */
export function listObjects(store: FgaStore, body: unknown): unknown {
  const asked = parse(ListObjectsBody, body)
  requireModel(store, asked.authorization_model_id)
  const { user, relation, type } = asked
  const objects = new Set(store.tuples.map((tuple) => tuple.object).filter((name) => name.startsWith(`${type}:`)))
  // A question about no object in particular still has to be valid.
  evaluate(store.model, [], questionOf(store, { ...asked, tuple_key: { user, relation, object: `${type}:none` } }))
  return {
    objects: [...objects].filter((object) =>
      evaluate(store.model, store.tuples, questionOf(store, { ...asked, tuple_key: { user, relation, object } })),
    ),
  }
}

/** `POST /stores/{id}/read` */
export function readTuples(store: FgaStore, body: unknown): unknown {
  const { tuple_key: key, page_size: size = PAGE, continuation_token: token = '' } = parse(ReadBody, body)
  if (size < 1 || size > 100) throw new FgaRefusal('validation_error', 'page_size must be from 1 to 100')
  if (key?.object === undefined && (key?.user !== undefined || key?.relation !== undefined)) {
    throw new FgaRefusal('validation_error', 'the object, or at least its type, must be given')
  }
  const found = store.tuples.filter(
    (tuple) =>
      (key?.user === undefined || tuple.user === key.user) &&
      (key?.relation === undefined || tuple.relation === key.relation) &&
      (key?.object === undefined ||
        tuple.object === key.object ||
        (key.object.endsWith(':') && tuple.object.startsWith(key.object))),
  )
  const from = token === '' ? 0 : Number(token)
  if (!Number.isSafeInteger(from)) throw new FgaRefusal('invalid_continuation_token', 'invalid continuation token')
  const next = from + size
  return {
    tuples: found.slice(from, next).map((tuple) => ({ key: tuple, timestamp: '2026-01-01T00:00:00Z' })),
    continuation_token: next < found.length ? String(next) : '',
  }
}

/** `POST /stores/{id}/write`: all or nothing. */
export function writeTuples(store: FgaStore, body: unknown): unknown {
  const asked = parse(WriteBody, body)
  requireModel(store, asked.authorization_model_id)
  const writes = asked.writes?.tuple_keys ?? []
  const deletes = asked.deletes?.tuple_keys ?? []
  if (writes.length + deletes.length === 0) throw new FgaRefusal('invalid_write_input', 'nothing to write')
  if (writes.length + deletes.length > MAX_WRITES) {
    throw new FgaRefusal('exceeded_entity_limit', `more than ${MAX_WRITES} tuples`)
  }
  const stored = new Map(store.tuples.map((tuple) => [tupleKey(tuple), tuple]))
  for (const tuple of deletes) {
    if (!stored.delete(tupleKey(tuple))) throw failed(`cannot delete a tuple which does not exist: ${tupleKey(tuple)}`)
  }
  for (const tuple of writes.map(plainTuple)) {
    requireValid(store.model, tuple)
    if (stored.has(tupleKey(tuple))) throw failed(`cannot write a tuple which already exists: ${tupleKey(tuple)}`)
    stored.set(tupleKey(tuple), tuple)
  }
  store.tuples = [...stored.values()]
  return {}
}

function failed(message: string): FgaRefusal {
  return new FgaRefusal('write_failed_due_to_invalid_input', message)
}

function questionOf(store: FgaStore, asked: Asked): FgaQuestion {
  const contextualTuples = (asked.contextual_tuples?.tuple_keys ?? []).map(plainTuple)
  if (contextualTuples.length > MAX_CONTEXTUAL_TUPLES) {
    throw new FgaRefusal('validation_error', `more than ${MAX_CONTEXTUAL_TUPLES} contextual tuples`)
  }
  for (const tuple of contextualTuples) requireValid(store.model, tuple)
  return { ...asked.tuple_key, context: asked.context ?? {}, contextualTuples }
}

/** The strict validation of tuples that are written or come with a question. */
function requireValid(model: FgaModel, tuple: FgaTuple): void {
  const type = parseSubject(tuple.object)?.type
  const rule = type === undefined ? undefined : model.types[type]?.[tuple.relation]
  const direct = directOf(rule)
  if (direct === undefined || !admits(direct, tuple)) {
    throw new FgaRefusal('invalid_tuple', `the model takes no such tuple: ${tupleKey(tuple)}`)
  }
}

function directOf(rule: FgaModel['types'][string][string] | undefined): readonly string[] | undefined {
  if (rule === undefined) return undefined
  if ('direct' in rule) return rule.direct
  if ('anyOf' in rule) return rule.anyOf.flatMap((one) => directOf(one) ?? [])
  if ('butNot' in rule) return directOf(rule.butNot[0])
  return undefined
}

function plainTuple({ user, relation, object, condition }: WrittenTuple): FgaTuple {
  if (condition === undefined) return { user, relation, object }
  const { name, context = {} } = condition
  return { user, relation, object, condition: { name, context } }
}

function requireModel(store: FgaStore, asked: string | undefined): void {
  if (asked !== undefined && asked !== '' && asked !== store.authorizationModelId) {
    throw new FgaRefusal('authorization_model_not_found', `Authorization Model '${asked}' not found`)
  }
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw new FgaRefusal('validation_error', parsed.error.issues[0]?.message ?? 'invalid body')
  return parsed.data
}
