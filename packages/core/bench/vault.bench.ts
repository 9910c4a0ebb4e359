import { bench } from '../../../scripts/bench/bench.ts'
import { Token } from '../src/credential/index.ts'
import { oidc } from '../src/entrypoints/providers.ts'
import { connection } from '../src/entrypoints/vault.ts'
import { tokenKey } from '../src/guard/credentials/token-key.ts'
import { admit } from '../src/identity/verified.ts'
import { authorizationServers } from '../src/oauth/authorization-servers.ts'
import { TokenCache } from '../src/token-exchange/token-cache.ts'

const ISSUER = 'https://login.example'
const user = (n: number) =>
  admit({ kind: 'user' as const, issuer: ISSUER, subject: `user-${n}`, clientId: 'app', claims: {} })

// Warm, from memory: what a guarded call pays for a connection that it used before.
const rule = connection('crm', { scopes: ['read'], origins: ['https://api.crm.example'] })
const cache = new TokenCache()
const ann = user(0)
const servers = authorizationServers(oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-client-secret' }), {
  fetch,
  clock: Date,
  timeoutMs: 1000,
})
const key = tokenKey(ann, rule, rule.scopes, servers)
await cache.get(key, async () => ({ token: new Token('t'), scopes: ['read'], expiresAt: Date.now() / 1000 + 3600 }))
bench('warm lookup of a connection, from memory', {
  run: () => cache.peek(tokenKey(ann, rule, rule.scopes, servers)),
  peer: { name: 'nothing', run: () => undefined },
  mostOverPeer: 1,
})
