import { setupFetchServer } from '@behalf/testing'
import { HttpResponse, http } from 'msw'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import type { AccessQuestion } from '../../../src/permissions/openfga/access-checker.ts'
import { type FgaClientOptions, fgaClient } from '../../../src/permissions/openfga/fga-client.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { openFga } from '../../../src/permissions/openfga/open-fga.ts'
import type { HttpOptions } from '../../../src/permissions/openfga/read-options.ts'

const STORE = '01KAZ0000000000000000STORE'
export const MODEL = '01KAZ0000000000000000MODEL'
export const API = 'https://fga.example.com'
export const NOW = Date.parse('2026-11-25T10:00:00Z')

interface Item {
  readonly tuple_key: { readonly user: string; readonly relation: string; readonly object: string }
  readonly context?: Record<string, unknown>
  readonly correlation_id?: string
}

interface Body extends Item {
  readonly checks?: readonly Item[]
  readonly authorization_model_id: string
  readonly consistency: string
}

export interface Sent {
  readonly endpoint: string
  readonly body: Body
  readonly authorization: string | null
}

type Misbehaviour = (sent: Sent) => Response | undefined | Promise<Response | undefined>

/** An OpenFGA server that knows some facts, and that a test can make misbehave. */
export function fgaServer() {
  const facts = new Set<string>()
  const sent: Sent[] = []
  let misbehaviour: Misbehaviour | undefined
  const allows = ({ tuple_key: { user, relation, object } }: Item) => facts.has(`${user} ${relation} ${object}`)

  const server = setupFetchServer(
    http.post<{ endpoint: string }>(`${API}/stores/${STORE}/:endpoint`, async ({ request, params }) => {
      const call: Sent = {
        endpoint: params.endpoint,
        body: (await request.json()) as Body,
        authorization: request.headers.get('authorization'),
      }
      sent.push(call)
      const wrong = await misbehaviour?.(call)
      if (wrong !== undefined) return wrong as never
      return HttpResponse.json(answerTo(call.body), { headers: { 'Openfga-Authorization-Model-Id': MODEL } })
    }),
  )
  const answerTo = (body: Body) =>
    body.checks === undefined
      ? { allowed: allows(body), resolution: '' }
      : { result: Object.fromEntries(body.checks.map((item) => [item.correlation_id, { allowed: allows(item) }])) }

  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
  afterAll(() => server.close())
  afterEach(() => {
    server.resetHandlers()
    facts.clear()
    sent.length = 0
    misbehaviour = undefined
  })
  return {
    server,
    sent,
    /** Makes `user relation object` true. */
    know: (...texts: readonly string[]) => texts.forEach((text) => void facts.add(text)),
    /** Instead of the right answer, for each request; `undefined` answers rightly. */
    misbehave: (how: Misbehaviour) => {
      misbehaviour = how
    },
    answerTo,
  }
}

export const ann: UserIdentity = {
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  claims: {},
}

export const client = (options: Partial<FgaClientOptions> = {}) =>
  fgaClient({ apiUrl: API, storeId: STORE, authorizationModelId: MODEL, ...options })

export const checker = (options: Partial<HttpOptions> = {}) =>
  openFga({
    apiUrl: API,
    storeId: STORE,
    authorizationModelId: MODEL,
    clock: { now: () => NOW },
    ...options,
  })

export const question = (parts: Partial<AccessQuestion> = {}): AccessQuestion => ({
  identity: ann,
  agent: 'agent:trader',
  permissions: [may('can_view', object('portfolio', 'p1'))],
  effect: 'read',
  ...parts,
})

/** All that `question()` needs. */
export const everything = [
  'user:ann user_can_view portfolio:p1',
  'agent:trader agent_can_view portfolio:p1',
  'user:ann acts_for agent:trader',
] as const
