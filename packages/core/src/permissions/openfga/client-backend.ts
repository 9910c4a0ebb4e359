import * as z from 'zod/mini'
import { ConfigurationError, TransportError } from '../../base/errors/index.ts'
import { defined } from '../../base/values/index.ts'
import { withoutSecrets } from '../../oauth/requests/bounded-request.ts'
import { type Backend, type BatchAnswer, correlationIds } from './backend.ts'
import type { NotedQuestion } from './question.ts'
import { readItem, refused, setUpFault, type Verdict } from './read-answer.ts'
import { type Consistency, checkAnswer, consistencies, modelHeader } from './wire.ts'

/** Options that the client gets with each call. */
export interface ClientCallOptions {
  /** Authorization model that answers the question. */
  readonly authorizationModelId?: string
  /** Consistency of the answer, as the OpenFGA API names it. */
  readonly consistency?: string
}

/** One question, as the client takes it. */
export interface ClientQuestion {
  /** User, object or set of users of the question, such as `user:ann`. */
  readonly user: string
  /** Relation as the authorization model names it. */
  readonly relation: string
  /** Object that is asked about, as `type:id`. */
  readonly object: string
  /** Values for the conditions of tuples. Absent: none. */
  readonly context?: object
}

/** Parts of `@openfga/sdk`'s `OpenFgaClient` that are used. Its methods are trusted no more than a server's answer. */
export interface OpenFgaClientLike {
  /** Asks one question. The guard validates the answer. */
  check(body: ClientQuestion & { readonly contextualTuples?: never[] }, options?: ClientCallOptions): Promise<object>
  /** Asks several questions at once; `correlationId` matches answers to questions. */
  batchCheck(
    body: {
      readonly checks: (ClientQuestion & { readonly correlationId: string; readonly contextualTuples?: never })[]
    },
    options?: ClientCallOptions,
  ): Promise<object>
}

/** Form of the client's batch answers: a list, in no order, that omits lost answers. */
const clientBatch = z.object({ result: z.array(z.looseObject({ correlationId: z.string() })) })

/** Parts of an axios response that identify the answering server, if the client shows them. */
const clientResponse = z.object({
  $response: z.object({
    headers: z.optional(z.record(z.string(), z.unknown())),
    request: z.optional(z.object({ _redirectable: z.optional(z.object({ _redirectCount: z.optional(z.number()) })) })),
  }),
})

/**
 * Asks through the app's own client, and reads its answer as strictly as a server's (F1).
 *
 * The client retries by its own rules and cannot be aborted. The deadline still applies, and an answer after it is
 * ignored.
 *
 * @throws ConfigurationError The client has not the required methods, or follows redirects.
 */
export function clientBackend(client: OpenFgaClientLike, authorizationModelId: string): Backend {
  if (typeof client?.check !== 'function' || typeof client.batchCheck !== 'function') {
    throw new ConfigurationError('openFga.client', 'give an OpenFgaClient of @openfga/sdk: check and batchCheck')
  }
  refuseRedirects(client)
  const options = (consistency: Consistency) => ({ authorizationModelId, consistency: consistencies[consistency] })
  return {
    check: async (question, consistency) => {
      const { contextualTuples = [], ...asked } = partsOf(question)
      const body = {
        ...asked,
        ...(contextualTuples.length > 0 && { contextualTuples: [...contextualTuples] as never[] }),
      }
      return outcomeOf(
        () => client.check(body, options(consistency)),
        (answer) => readClientCheck(answer, authorizationModelId),
        (problem) => refused(problem),
      )
    },
    batch: async (questions, consistency) => {
      const ids = correlationIds(questions.length)
      const checks = questions.map((question, index) => {
        const { contextualTuples = [], ...asked } = partsOf(question)
        // The SDK takes tuples in another shape here than in `check`.
        const tuples = contextualTuples.length > 0 && { contextualTuples: { tuple_keys: contextualTuples } as never }
        return { ...asked, ...tuples, correlationId: ids[index] as string }
      })
      return outcomeOf<BatchAnswer>(
        () => client.batchCheck({ checks }, options(consistency)),
        (answer) => readClientBatch(answer, ids),
        (problem) => ({ refused: problem }),
      )
    },
  }
}

const partsOf = ({ user, relation, object, context, contextualTuples }: NotedQuestion) => ({
  user,
  relation,
  object,
  ...defined({ context, contextualTuples }),
})

/** Refuses a client that follows redirects: the SDK's axios does, and does not report them in a batch's response. */
function refuseRedirects(client: object): void {
  const { axios, configuration } = client as {
    readonly axios?: { readonly defaults?: { readonly maxRedirects?: unknown } }
    readonly configuration?: { readonly baseOptions?: { readonly maxRedirects?: unknown } }
  }
  // Another client than the SDK's, or a test's.
  if (axios === undefined && configuration === undefined) return
  if (axios?.defaults?.maxRedirects === 0 || configuration?.baseOptions?.maxRedirects === 0) return
  throw new ConfigurationError(
    'openFga.client',
    'it follows redirects, so another server could allow: make it with baseOptions: { maxRedirects: 0 }',
  )
}

async function outcomeOf<Outcome>(
  ask: () => Promise<unknown>,
  read: (answer: unknown) => Outcome,
  refuse: (problem: string) => Outcome,
): Promise<Outcome> {
  let answer: unknown
  try {
    answer = await ask()
  } catch (error) {
    const problem = problemOf(error)
    if (problem === undefined) throw new TransportError('OpenFGA did not answer', { cause: withoutSecrets(error) })
    return refuse(problem)
  }
  return read(answer)
}

/**
 * Returns the reason why the server, or the client itself, refused the question, or `undefined` if there was no answer
 * to it.
 * @throws ConfigurationError The server refused because of store, model, address or credentials.
 */
function problemOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { statusCode, apiErrorCode } = error as { readonly statusCode?: unknown; readonly apiErrorCode?: unknown }
  const code = typeof apiErrorCode === 'string' ? `, ${JSON.stringify(apiErrorCode)}` : ''
  if (typeof statusCode === 'number') {
    if (statusCode === 429 || statusCode >= 500 || apiErrorCode === 'throttled_timeout_error') return undefined
    const fault = setUpFault(statusCode, typeof apiErrorCode === 'string' ? apiErrorCode : undefined, code)
    if (fault !== undefined) throw fault
    return `the server refused to answer: status ${statusCode}${code}`
  }
  if (error.name === 'FgaValidationError' || error.name === 'FgaRequiredParamError') {
    return `the client refused to ask: ${error.name}`
  }
  return undefined
}

function readClientCheck(answer: unknown, modelId: string): Verdict {
  const problem = strangerIn(answer, modelId)
  if (problem !== undefined) return refused(problem)
  const parsed = checkAnswer.safeParse(answer)
  if (!parsed.success) return refused('the answer says neither allowed: true nor allowed: false')
  return parsed.data.allowed === true ? { kind: 'allowed' } : { kind: 'denied' }
}

function strangerIn(answer: unknown, modelId: string): string | undefined {
  // Read by its name: the property is not enumerable, so a schema of the whole answer would miss it.
  const shown = clientResponse.safeParse({
    $response: (answer as { readonly $response?: unknown } | undefined)?.$response,
  })
  if (!shown.success) return undefined
  const { headers, request } = shown.data.$response
  if ((request?._redirectable?._redirectCount ?? 0) > 0) return 'the answer was redirected'
  const answered = headers?.[modelHeader]
  return answered === undefined || answered === modelId ? undefined : 'another authorization model answered'
}

function readClientBatch(answer: unknown, ids: readonly string[]): readonly Verdict[] {
  const parsed = clientBatch.safeParse(answer)
  if (!parsed.success) return ids.map(() => refused('the answer holds no results'))
  const byId = Map.groupBy(parsed.data.result, ({ correlationId }) => correlationId)
  return ids.map((id) => {
    const [item, ...others] = byId.get(id) ?? []
    if (item === undefined) return refused('the answer leaves this out')
    return others.length > 0 ? refused('the answer gives this twice') : readItem(item)
  })
}
