import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { generateDpopKey } from '../../../src/entrypoints/providers.ts'
import { createApprovalGate, createResourceServer } from '../../../src/entrypoints/resource-server.ts'
import { Token } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/index.ts'
import { accessToken, audience, issuer, profile, surroundings } from './issuer.ts'

const api = () => createResourceServer({ authorizationServer: profile, audience })
const order = () => ({ type: 'stock_order', symbols: ['AAPL'] })

/** A caller that was approved for the order. */
async function approved() {
  const token = await accessToken({ authorization_details: [order()], jti: crypto.randomUUID() })
  return api().protect(new Request(audience, { headers: { authorization: `Bearer ${token}` } }))
}

async function byGate(watch: Watch, method: 'runApproved' | 'runOnce') {
  const gate = createApprovalGate({ store: memoryStore() })
  const caller = watch.given(await approved(), 'caller')
  const request = watch.given({ headers: new Headers({ 'idempotency-key': 'key' }) }, 'request')
  const options = watch.given({ account: 'ann' })
  const placed = watch.given(order(), 'order')
  const response = await watch.call(() =>
    gate[method](request, caller as never, placed, () => new Response('placed'), options),
  )
  return response.text()
}

/** A request by an agent of a user who logged in with `mfa`, whose token is bound to a key. */
async function boundRequest() {
  const key = await generateDpopKey()
  const login = { acr: 'mfa', auth_time: Math.floor(Date.now() / 1000) }
  const token = await accessToken({ ...login, act: { sub: 'agent:trader' }, cnf: { jkt: key.thumbprint } })
  const proof = await key.proof({ method: 'GET', url: audience, accessToken: new Token(token) })
  const { signal } = new AbortController()
  return { url: audience, method: 'GET', headers: new Headers({ authorization: `DPoP ${token}`, dpop: proof }), signal }
}

const dpop = () => ({ store: port(memoryStore()), algorithms: ['ES256'], windowSeconds: 60 })
const actors = () => ({ allow: ['agent:other', { issuer, subject: 'agent:trader' }], required: true })

const rulesOf = () => ({
  scopes: ['portfolio:read'],

  acrValues: ['mfa'],
  maxAge: 60,
  actors: actors(),
})

export const resourceServerEntries: Entries = {
  createResourceServer: [
    async (watch) => {
      const options = {
        ...surroundings(),
        authorizationServer: profile,
        audience: [audience],
        realm: 'api',
        dpop: { ...dpop(), nonces: { secret: new Uint8Array(32), lifetimeSeconds: 60 } },
        actors: actors(),
        metadata: {
          resource: audience,
          authorizationServers: [issuer],
          scopes: ['portfolio:read'],
          authorizationDetailsTypes: ['o'],
        },
      }
      const server = watch.call(() => createResourceServer(watch.given(options)))
      return [
        await server.protect(await boundRequest()),
        server.metadata({ url: server.metadataUrl ?? '', method: 'GET' }),
      ]
    },
    [{ ok: false, reason: 'no nonce of ours' }, { status: 200 }],
  ],
  'resourceServer.protect': [
    async (watch) => {
      const server = createResourceServer({ authorizationServer: profile, audience, dpop: dpop() })
      const [request, rules] = [watch.given(await boundRequest(), 'request'), watch.given(rulesOf(), 'rules')]
      return watch.call(() => server.protect(request, rules))
    },
    { ok: true },
  ],
  createApprovalGate: [
    async (watch) => {
      const options = watch.given({ store: port(memoryStore()), keys: undefined, leaseSeconds: 5 })
      const gate = watch.call(() => createApprovalGate(options as never))
      const request = { headers: new Headers({ 'idempotency-key': 'key' }) }
      return (await gate.runOnce(request, (await approved()) as never, order(), () => new Response('placed'))).text()
    },
    'placed',
  ],
  'gate.runApproved': [(watch) => byGate(watch, 'runApproved'), 'placed'],
  'gate.runOnce': [(watch) => byGate(watch, 'runOnce'), 'placed'],
}
