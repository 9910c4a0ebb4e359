import type { MockOpenFga } from '@behalf/testing'
import * as z from 'zod/mini'
import { type EventHub, factsOfHeader, withoutTokens } from '../events/index.ts'
import type { FetchHandler } from '../http/fetch-listener.ts'

/** Reports each request to the Stock Trade API. */
export function tellApi(handle: FetchHandler, events: EventHub | undefined): FetchHandler {
  if (events === undefined) return handle
  return async (request) => {
    const response = await handle(request)
    const status = response === undefined ? 404 : response.status
    const { pathname } = new URL(request.url)
    // A token that the API refused may state anything.
    const token = status === 401 ? undefined : factsOfHeader(request.headers.get('authorization'))
    events.emit({
      type: 'api',
      method: request.method,
      path: withoutTokens(pathname),
      status,
      ...(token !== undefined && { token }),
    })
    return response
  }
}

const Key = z.object({ user: z.string(), relation: z.string(), object: z.string() })
const Context = z.optional(z.record(z.string(), z.unknown()))
const Condition = z.object({ name: z.string(), context: Context })
const Contextual = z.optional(
  z.object({ tuple_keys: z.array(z.object({ ...Key.shape, condition: z.optional(Condition) })) }),
)
const Check = z.object({ tuple_key: Key, context: Context, contextual_tuples: Contextual })
const Batch = z.object({ checks: z.array(z.object({ ...Check.shape, correlation_id: z.string() })) })
const CheckAnswer = z.object({ allowed: z.boolean() })
const BatchAnswer = z.object({ result: z.record(z.string(), z.object({ allowed: z.optional(z.boolean()) })) })

type Fga = Pick<MockOpenFga, 'handle' | 'explain'>

/** Reports the questions to OpenFGA, its answers, and why it said no. */
export function tellChecks(fga: Fga, events: EventHub | undefined): FetchHandler {
  if (events === undefined) return fga.handle
  return async (request) => {
    const isCheck = /\/(batch-)?check$/.test(new URL(request.url).pathname)
    const asked = isCheck ? await jsonOf(request.clone()) : undefined
    const response = await fga.handle(request)
    if (isCheck && response?.ok) await tell(fga, events, asked, await jsonOf(response.clone()))
    return response
  }
}

const jsonOf = (body: Request | Response): Promise<unknown> => body.json().catch(() => undefined)

async function tell(fga: Fga, events: EventHub, asked: unknown, answered: unknown): Promise<void> {
  const batch = Batch.safeParse(asked)
  const all = BatchAnswer.safeParse(answered)
  const one = Check.safeParse(asked)
  const answer = CheckAnswer.safeParse(answered)
  const checks =
    batch.success && all.success
      ? batch.data.checks.map((check) => ({
          ...check,
          allowed: all.data.result[check.correlation_id]?.allowed === true,
        }))
      : one.success && answer.success
        ? [{ ...one.data, allowed: answer.data.allowed }]
        : []
  for (const { allowed, ...check } of checks) {
    const why = allowed ? undefined : await whyNot(fga, check)
    events.emit({ type: 'checked', ...check.tuple_key, allowed, ...(why && { why }) })
  }
}

async function whyNot(
  { explain }: Fga,
  { tuple_key, context, contextual_tuples }: z.infer<typeof Check>,
): Promise<string> {
  const contextualTuples = contextual_tuples?.tuple_keys ?? []
  const found = await explain({ ...tuple_key, ...(context && { context }), contextualTuples } as never).catch(
    () => undefined,
  )
  return found === undefined ? '' : whyRefused(found)
}

type Explanation = Awaited<ReturnType<MockOpenFga['explain']>>

/** Returns why a check was refused: the tuples that decided; without them, the relations that have none. */
function whyRefused(explanation: Explanation): string {
  const leaves = leavesOf(explanation)
  const tuples = leaves.filter(isTuple)
  return wordsOf(tuples.length > 0 ? tuples : leaves, '; ')
}

/** Returns the tuples that are there and did not allow, with the reason of each, such as its condition. */
export const tuplesThatFailed = (explanation: Explanation): string =>
  // A trace separates its checks by semicolons.
  wordsOf(
    leavesOf(explanation).filter((leaf) => isTuple(leaf) && leaf.verdict !== 'allowed'),
    ' and ',
  ).replaceAll('; ', ', ')

const isTuple = ({ step }: Explanation): boolean => step === 'tuple'

const wordsOf = (leaves: readonly Explanation[], separator: string): string =>
  withoutTokens([...new Set(leaves.map(({ subject, reason }) => `${subject}: ${reason}`))].join(separator))

/** Returns the ends of an explanation, which have the reasons. */
function leavesOf(explanation: Explanation): readonly Explanation[] {
  const { children, reason } = explanation
  return reason === undefined ? children.flatMap(leavesOf) : [explanation, ...children.flatMap(leavesOf)]
}
