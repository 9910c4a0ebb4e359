import type * as z from 'zod/mini'
import type { FgaEngine } from '../engine/index.ts'
import { FgaError, invalid } from '../errors/index.ts'
import { isObject, isUserset } from '../tuples/index.ts'
import {
  BatchCheckBody,
  CheckBody,
  circumstancesOf,
  ListObjectsBody,
  ListUsersBody,
  ReadBody,
  TYPE_NAME,
  tupleOf,
  WriteBody,
} from './wire.ts'

/** Answers the body of one `POST /stores/{id}/{endpoint}`. Without an engine: the store does not exist. */
export type Endpoint = (engine: FgaEngine | undefined, body: unknown) => Promise<unknown>

const check: Endpoint = async (engine, body) => {
  requireKey(body)
  const asked = parse(CheckBody, body)
  return {
    allowed: await engineOf(engine, asked).check({ ...asked.tuple_key, ...circumstancesOf(asked) }),
    resolution: '',
  }
}

const batchCheck: Endpoint = async (engine, body) => {
  const items = (body as { checks?: unknown } | null)?.checks
  if (Array.isArray(items)) for (const item of items) requireKey(item)
  const asked = parse(BatchCheckBody, body)
  const answers = await engineOf(engine, asked).batchCheck(
    asked.checks.map((one) => ({ ...one.tuple_key, ...circumstancesOf(one), correlationId: one.correlation_id })),
  )
  const result = Array.from(answers, ([id, { allowed, error }]) => [
    id,
    error === undefined
      ? { allowed }
      : { error: { [error.status < 500 ? 'input_error' : 'internal_error']: error.code, message: error.message } },
  ])
  return { result: Object.fromEntries(result) }
}

const listObjects: Endpoint = async (engine, body) => ({ objects: await objectsOf(engine, body, 1000) })

/** Returns the objects for list-objects and its streamed form. */
export async function objectsOf(
  engine: FgaEngine | undefined,
  body: unknown,
  limit: number,
): Promise<readonly string[]> {
  requireTypeName((body as { type?: unknown } | null)?.type)
  const asked = parse(ListObjectsBody, body)
  const { type, relation, user } = asked
  return engineOf(engine, asked).listObjects({ type, relation, user, limit, ...circumstancesOf(asked) })
}

const listUsers: Endpoint = async (engine, body) => {
  requireUserTypes(body)
  const asked = parse(ListUsersBody, body)
  const { object, relation, user_filters: filters, contextual_tuples: tuples } = asked
  const [filter] = filters
  const users = await engineOf(engine, asked).listUsers({
    object: `${object.type}:${object.id}`,
    relation,
    filter: filter?.relation ? `${filter.type}#${filter.relation}` : `${filter?.type}`,
    ...circumstancesOf({ context: asked.context, contextual_tuples: { tuple_keys: tuples } }),
  })
  return { users: users.map(userBody) }
}

function userBody(user: string): unknown {
  const [, type = '', id = '', relation] = /^([^:]+):([^#]+)(?:#(.+))?$/.exec(user) ?? []
  if (relation !== undefined) return { userset: { type, id, relation } }
  return id === '*' ? { wildcard: { type } } : { object: { type, id } }
}

const read: Endpoint = async (engine, body) => {
  const { tuple_key: key, page_size: pageSize, continuation_token: token } = parse(ReadBody, body)
  if (key != null && `${key.user ?? ''}${key.object ?? ''}` === '') {
    throw invalid('the object type is required, and the object id and the user cannot both be empty')
  }
  if (key?.user && !isObject(key.user) && !isUserset(key.user)) {
    throw invalid("the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard")
  }
  if (engine === undefined) return { tuples: [], continuation_token: '' }
  const { tuples, continuationToken } = await engine.read({
    ...(key?.user != null && { user: key.user }),
    ...(key?.relation != null && { relation: key.relation }),
    ...(key?.object != null && { object: key.object }),
    ...(pageSize != null && { pageSize }),
    ...(token != null && { continuationToken: token }),
  })
  return {
    tuples: tuples.map(({ tuple: { condition = null, ...key }, writtenAt }) => ({
      key: { ...key, condition },
      timestamp: new Date(writtenAt).toISOString(),
    })),
    continuation_token: continuationToken,
  }
}

const write: Endpoint = async (engine, body) => {
  const asked = parse(WriteBody, body)
  await engineOf(engine, asked).write({
    writes: asked.writes?.tuple_keys.map(tupleOf) ?? [],
    deletes: asked.deletes?.tuple_keys ?? [],
    onDuplicate: asked.writes?.on_duplicate || 'error',
    onMissing: asked.deletes?.on_missing || 'error',
  })
  return {}
}

/** Endpoints by the last part of their path. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  ['check', check],
  ['batch-check', batchCheck],
  ['list-objects', listObjects],
  ['list-users', listUsers],
  ['read', read],
  ['write', write],
])

/** Returns the engine, if it has the model that the request names. A store that does not exist has no models. */
function engineOf(
  engine: FgaEngine | undefined,
  { authorization_model_id: id }: { authorization_model_id?: string | null | undefined },
): FgaEngine {
  if (engine !== undefined && (!id || id === engine.authorizationModelId)) return engine
  if (id) throw new FgaError('authorization_model_not_found', `Authorization Model '${id}' not found`)
  throw new FgaError('latest_authorization_model_not_found', 'No authorization models found for the store')
}

// Errors with their own code on the server are checked first.

function requireKey(body: unknown): void {
  if (Array.isArray(body) || (body as { tuple_key?: unknown } | null)?.tuple_key != null) return
  throw new FgaError('tuple_key_value_not_specified', 'invalid TupleKey: value is required')
}

function requireTypeName(name: unknown): void {
  if (typeof name === 'string' && TYPE_NAME.test(name)) return
  if (name != null && typeof name !== 'string') return
  throw new FgaError('type_invalid_pattern', 'invalid Type: value does not match its pattern')
}

function requireUserTypes(body: unknown): void {
  const { object, user_filters: filters } = (body ?? {}) as { object?: { type?: unknown }; user_filters?: unknown }
  if (object != null) requireTypeName(object.type)
  if (Array.isArray(filters) && filters.length === 1) requireTypeName((filters[0] as { type?: unknown } | null)?.type)
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`invalid ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'wrong'}`)
}
