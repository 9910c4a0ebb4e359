import { type Entries, port } from '@behalf/testing/late-reads'
import { fgaClient, filterAllowed, openFga } from '../../../src/entrypoints/fga.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { may, object } from '../../../src/index.ts'
import { user } from '../guard/small-world.ts'

const signal = () => AbortSignal.timeout(5000)
const answers: Readonly<Record<string, object>> = {
  check: { allowed: true },
  'list-objects': { objects: ['doc:1'] },
  read: { tuples: [], continuation_token: '' },
  write: {},
}
const model = '01KAZ0000000000000000MODEL'
const answered = async (input: string | URL | Request, init?: RequestInit) => {
  const endpoint = String(input).split('/').at(-1) ?? ''
  const { checks = [] } = JSON.parse(String(init?.body ?? '{}')) as { checks?: { correlation_id: string }[] }
  const result = Object.fromEntries(checks.map(({ correlation_id: id }) => [id, { allowed: true }]))
  const headers = { 'openfga-authorization-model-id': model }
  if (endpoint === 'streamed-list-objects') return new Response('{"result":{"object":"doc:1"}}\n', { headers })
  return Response.json(endpoint === 'batch-check' ? { result } : answers[endpoint], { headers })
}
const fgaOptions = () => ({
  apiUrl: 'https://fga.example.com',
  storeId: '01KAZ0000000000000000STORE',
  authorizationModelId: model,
  credentials: { method: 'apiToken' as const, token: 'a-token' },
  fetch: answered,
  clock: port({ now: () => Date.now() }),
})
const fga = () => fgaClient(fgaOptions())
const profile = oidc({ issuer: 'https://as.example.com', clientId: 'c', clientSecret: 's' })
/** The server, with the authorization server that gives the app its token. */
const asApp = async (input: string | URL | Request, init?: RequestInit) => {
  const { href, host } = new URL(input instanceof Request ? input.url : input)
  if (host !== 'as.example.com') return answered(input, init)
  if (href.endsWith('/token')) return Response.json({ access_token: 'a-token', token_type: 'Bearer', expires_in: 60 })
  return Response.json({ issuer: profile.issuer, token_endpoint: 'https://as.example.com/token' })
}
const relations = {
  user: (relation: string) => relation,
  agent: (relation: string) => relation,
  delegation: 'acts_for',
}
const tuple = () => ({
  user: 'user:ann',
  relation: 'viewer',
  object: 'doc:1',
  condition: { name: 'c', context: { of: ['x'] } },
})
const fact = () => ({ user: 'user:ann', relation: 'viewer', object: 'doc:1' })
const asked = () => ({ ...fact(), context: { at: ['home'] }, contextualTuples: [tuple()] })
const list = () => ({
  user: 'user:ann',
  relation: 'viewer',
  type: 'doc',
  context: { at: ['home'] },
  contextualTuples: [tuple()],
})
const access = () => ({
  identity: user(),
  agent: 'agent:trader',
  permissions: [{ ...may('can_view', object('portfolio', 'p1')), context: { at: ['home'] } }],
  effect: 'read' as const,
  signal: signal(),
})

let count = 0
/** Every second document is allowed, so that a search needs several pages. */
const halfAllowed = port({
  check: async () => {
    const allowed = count++ % 2 === 0
    return { allowed, checks: [{ question: 'q', allowed }] }
  },
})

export const fgaEntries: Entries = {
  fgaClient: [
    async (watch) => {
      const clientCredentials = {
        method: 'clientCredentials' as const,
        authorizationServer: profile,
        audience: 'https://fga.example.com/',
        scopes: ['read'],
      }
      const made = [fgaOptions(), { ...fgaOptions(), credentials: clientCredentials, fetch: asApp }].map((options) =>
        watch.call(() => fgaClient(watch.given(options))),
      )
      return Promise.all(made.map((client) => client.check(fact())))
    },
    [{ allowed: true }, { allowed: true }],
  ],
  'fga.check': [
    async (watch) =>
      watch.call(() =>
        fga().check(watch.given(asked()), watch.given({ consistency: 'higherConsistency', signal: signal() })),
      ),
    { allowed: true },
  ],
  'fga.batchCheck': [
    async (watch) =>
      watch.call(() =>
        fga().batchCheck(watch.given([asked(), { ...fact(), object: 'doc:2' }]), watch.given({ signal: signal() })),
      ),
    [{ allowed: true }, { allowed: true }],
  ],
  'fga.listObjects': [
    async (watch) => watch.call(() => fga().listObjects(watch.given(list()), watch.given({ signal: signal() }))),
    { objects: ['doc:1'] },
  ],
  'fga.streamObjects': [
    async (watch) => {
      const stream = watch.call(() => fga().streamObjects(watch.given(list()), watch.given({ signal: signal() })))
      const found: string[] = []
      for await (const one of stream) found.push(one)
      return found
    },
    ['doc:1'],
  ],
  'fga.read': [
    async (watch) =>
      watch.call(() =>
        fga().read(watch.given({ object: 'doc:1', user: 'user:ann' }), watch.given({ signal: signal() })),
      ),
    { tuples: [] },
  ],
  'fga.write': [
    async (watch) => {
      const writes = watch.given({ writes: [tuple()], deletes: [{ ...fact(), object: 'doc:2' }] })
      return watch.call(() => fga().write(writes, watch.given({ signal: signal() })))
    },
    { status: 'written' },
  ],
  openFga: [
    async (watch) => {
      const options = {
        ...fgaOptions(),
        relations,
        userOf: () => object('user', 'ann'),
        contextualTuples: () => [tuple()],
      }
      return watch.call(() => openFga(watch.given(options) as never)).check(access())
    },
    { allowed: true },
  ],
  'openFga.check': [
    async (watch) => watch.call(() => openFga({ ...fgaOptions(), relations }).check(watch.given(access()))),
    { allowed: true },
  ],
  'openFga.checkEach': [
    async (watch) => watch.call(() => openFga({ ...fgaOptions(), relations }).checkEach(watch.given(access()))),
    [{ allowed: true }],
  ],
  filterAllowed: [
    async (watch) => {
      const options = {
        permissions: halfAllowed,
        agent: 'agent:trader',
        identity: user(),
        permission: (one: string) => may('can_view', object('doc', one)),
        limit: 30,
        maxCandidates: 80,
        effect: 'read' as const,
        clock: port({ now: () => 1_800_000_000_000 }),
      }
      const candidates = watch.given(
        Array.from({ length: 90 }, (_, index) => `d${index}`),
        'candidates',
      )
      return watch.call(() => filterAllowed(candidates, watch.given(options)))
    },
    { documents: { length: 30 } },
  ],
}
