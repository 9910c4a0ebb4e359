import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { revealToken, Token } from '../src/credential/index.ts'
import { oidc } from '../src/entrypoints/providers.ts'
import { authorizationServers, exchangeToken } from '../src/entrypoints/spi.ts'
import { tokenKey } from '../src/guard/credentials/token-key.ts'
import { admit } from '../src/identity/verified.ts'
import { resource, type UserIdentity } from '../src/index.ts'
import { TokenCache } from '../src/token-exchange/token-cache.ts'

const ISSUER = 'https://issuer.example'
const API = 'https://api.example.com/'
const USERS = 10_000
const MOST_BYTES = 1_200
const inAnHour = Math.floor(Date.now() / 1000) + 3600
const { publicKey, privateKey } = await generateKeyPair('ES256')
const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }]
const issued = await new SignJWT({ client_id: 'agent', jti: 'j', scope: 'trade:write', act: { sub: 'agent:trader' } })
  .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
  .setIssuer(ISSUER)
  .setSubject('ann')
  .setAudience(API)
  .setIssuedAt()
  .setExpirationTime(inAnHour)
  .sign(privateKey)
const answers: Readonly<Record<string, unknown>> = {
  '/.well-known/openid-configuration': {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    token_endpoint: `${ISSUER}/token`,
  },
  '/jwks': { keys },
  '/token': {
    access_token: issued,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'trade:write',
  },
}
const fetch = async (input: string | URL | Request) => Response.json(answers[new URL(String(input)).pathname])
const servers = authorizationServers(
  oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret', algorithms: ['ES256'] }),
  { fetch, clock: { now: () => Date.now() }, timeoutMs: 5_000 },
)

const userOf = (subject: string): UserIdentity =>
  admit({
    kind: 'user',
    issuer: ISSUER,
    subject,
    clientId: 'web',
    sessionId: `session-of-${subject}`,
    expiresAt: inAnHour,
    claims: { jti: `jti-of-${subject}`, iat: inAnHour - 3600, exp: inAnHour },
  })
const rule = resource(API, { scopes: ['portfolio:read', 'trade:write'] })
const keyOf = (user: UserIdentity) => tokenKey(user, rule, rule.scopes, servers)
const ann = userOf('ann')
const load = async () => ({ token: new Token(issued), scopes: rule.scopes, expiresAt: inAnHour })

// A warm token: key and cache, as the guard asks for it before each body.
const cache = new TokenCache()
const getToken = () => cache.get(keyOf(ann), load)
await getToken()
bench('warm getToken', {
  run: getToken,
  peer: { name: 'a resolved promise', run: () => Promise.resolve(issued) },
  mostOverPeer: 1,
})
bench('warm token, without waiting', {
  run: () => cache.peek(keyOf(ann)),
  peer: { name: 'nothing', run: () => issued },
  mostOverPeer: 1,
})

// A cold exchange: request, answer, signature and every comparison, over a fetch that answers at once.
const subjectToken = { token: new Token('the-session-token'), type: 'access_token' } as const
const exchange = () =>
  exchangeToken({
    authorizationServer: servers.of(ISSUER),
    identity: ann,
    subjectToken,
    actor: { subject: 'agent:trader' },
    resource: API,
    scopes: rule.scopes,
  })
const first = await exchange()
if (!first.verified) throw new Error("the exchange's benchmark is not set up right")
bench('cold exchange, checked', {
  run: exchange,
  peer: {
    name: 'the bare form post',
    run: async () => (await (await fetch(`${ISSUER}/token`)).json()) as unknown,
  },
  concurrency: [1, 50],
})

await measureMemory()

/** What a cached token costs beside the token's own text and the user's identity. */
async function measureMemory(): Promise<void> {
  const collector = globalThis.gc ?? (await exposedCollector())
  // What admitting users left behind goes first, or it would be counted as a gain.
  const settled = async () => {
    for (let round = 0; round < 5; round++) {
      collector()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return process.memoryUsage().heapUsed
  }
  // Both are the app's own: they are there without a cache as well.
  const users = Array.from({ length: USERS }, (_, index) => userOf(`user-${index}`))
  const tokens = users.map((_, index) => ({
    token: new Token(`${index}-${revealToken(first.token)}`),
    scopes: rule.scopes,
    expiresAt: inAnHour,
  }))
  const before = await settled()
  const crowd = new TokenCache({ maxEntries: USERS })
  for (const [index, user] of users.entries()) {
    await crowd.get(keyOf(user), async () => tokens[index] as (typeof tokens)[number])
  }
  const each = ((await settled()) - before) / USERS
  const verdict = each <= MOST_BYTES ? 'within' : 'OVER'
  note(`${USERS} users' cached tokens: ${each.toFixed(0)} bytes each over the token – ${verdict} ${MOST_BYTES}`)
  // Named here, they live until now.
  if (crowd.size !== USERS || users.length !== tokens.length) throw new Error('the cache lost tokens')
}

async function exposedCollector(): Promise<() => void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
