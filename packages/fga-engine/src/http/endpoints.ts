import type * as z from 'zod/mini'
import type { FgaEngine } from '../engine/index.ts'
import { FgaError, invalid } from '../errors/index.ts'
import {
  BatchCheckBody,
  CheckBody,
  circumstancesOf,
  ListObjectsBody,
  ListUsersBody,
  ReadBody,
  tupleOf,
  WriteBody,
} from './wire.ts'

/** Answers the body of one `POST /stores/{id}/{endpoint}`. */
export type Endpoint = (engine: FgaEngine, body: unknown) => Promise<unknown>

const check: Endpoint = async (engine, body) => {
  if (
    typeof body === 'object' &&
    body !== null &&
    !Array.isArray(body) &&
    (body as { tuple_key?: unknown }).tuple_key == null
  ) {
    throw new FgaError('tuple_key_value_not_specified', 'invalid CheckRequest.TupleKey: value is required')
  }
  const asked = parse(CheckBody, body)
  requireModel(engine, asked)
  return { allowed: await engine.check({ ...asked.tuple_key, ...circumstancesOf(asked) }), resolution: '' }
}

const batchCheck: Endpoint = async (engine, body) => {
  const asked = parse(BatchCheckBody, body)
  requireModel(engine, asked)
  const answers = await engine.batchCheck(
    asked.checks.map((one) => ({ ...one.tuple_key, ...circumstancesOf(one), correlationId: one.correlation_id })),
  )
  const result = Array.from(answers, ([id, { allowed, error }]) => [
    id,
    error === undefined ? { allowed } : { error: { input_error: error.code, message: error.message } },
  ])
  return { result: Object.fromEntries(result) }
}

const listObjects: Endpoint = async (engine, body) => ({ objects: await objectsOf(engine, body, 1000) })

/** The objects that list-objects and its streamed sister answer. */
export async function objectsOf(engine: FgaEngine, body: unknown, limit: number): Promise<readonly string[]> {
  const asked = parse(ListObjectsBody, body)
  requireModel(engine, asked)
  const { type, relation, user } = asked
  return engine.listObjects({ type, relation, user, limit, ...circumstancesOf(asked) })
}

const listUsers: Endpoint = async (engine, body) => {
  const asked = parse(ListUsersBody, body)
  requireModel(engine, asked)
  const { object, relation, user_filters: filters, contextual_tuples: tuples } = asked
  const [filter] = filters
  const users = await engine.listUsers({
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
  requireModel(engine, asked)
  await engine.write({
    writes: asked.writes?.tuple_keys.map(tupleOf) ?? [],
    deletes: asked.deletes?.tuple_keys ?? [],
    onDuplicate: asked.writes?.on_duplicate || 'error',
    onMissing: asked.deletes?.on_missing || 'error',
  })
  return {}
}

/** By the last part of their path. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  ['check', check],
  ['batch-check', batchCheck],
  ['list-objects', listObjects],
  ['list-users', listUsers],
  ['read', read],
  ['write', write],
])

function requireModel(
  engine: FgaEngine,
  { authorization_model_id: id }: { authorization_model_id?: string | null | undefined },
) {
  if (id && id !== engine.authorizationModelId) {
    throw new FgaError('authorization_model_not_found', `Authorization Model '${id}' not found`)
  }
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`invalid ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'wrong'}`)
}
