import type {
  AuthorizationModel,
  CheckQuestion,
  ListObjectsQuestion,
  ListUsersQuestion,
  Tuple,
} from '../../src/index.ts'

/** A place that answers questions over one model and its tuples: the engine, or anything that speaks its API. */
export interface Answers {
  check(question: CheckQuestion): Promise<unknown>
  listObjects(question: ListObjectsQuestion): Promise<unknown>
  listUsers(question: ListUsersQuestion): Promise<unknown>
}

export type Place = (model: AuthorizationModel, tuples: readonly Tuple[]) => Promise<Answers>

/** OpenFGA's API through `fetch`: over a network, or into a handler. A refusal is told by its code. */
export function httpAnswers(storeUrl: string, ask: typeof fetch): Answers {
  const post = async (path: string, body: unknown, pick: (answer: never) => unknown): Promise<unknown> => {
    const response = await ask(`${storeUrl}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as never
    return response.ok ? pick(answer) : (answer as { code: string }).code
  }
  return {
    check: ({ user, relation, object, context, contextualTuples }) =>
      post(
        'check',
        { tuple_key: { user, relation, object }, context, ...contextual(contextualTuples) },
        ({ allowed }: { allowed?: boolean }) => allowed === true,
      ),
    listObjects: ({ user, relation, type, context, contextualTuples }) =>
      post(
        'list-objects',
        { user, relation, type, context, ...contextual(contextualTuples) },
        ({ objects }: { objects: string[] }) => objects.sort(),
      ),
    listUsers: ({ object, relation, filter, context }) => {
      const [objectType, id] = object.split(':')
      const [type, userset] = filter.split('#')
      const body = { object: { type: objectType, id }, relation, user_filters: [{ type, relation: userset }], context }
      return post('list-users', body, ({ users }: { users: readonly UserBody[] }) => users.map(nameOf).sort())
    },
  }
}

interface Named {
  readonly type: string
  readonly id: string
  readonly relation: string
}

interface UserBody {
  readonly object?: Named
  readonly userset?: Named
  readonly wildcard?: Named
}

function nameOf({ object, userset, wildcard }: UserBody): string {
  if (object !== undefined) return `${object.type}:${object.id}`
  return userset === undefined ? `${wildcard?.type}:*` : `${userset.type}:${userset.id}#${userset.relation}`
}

const contextual = (tuples: readonly Tuple[] | undefined) =>
  tuples === undefined ? {} : { contextual_tuples: { tuple_keys: tuples } }
