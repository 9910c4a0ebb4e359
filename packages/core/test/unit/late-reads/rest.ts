import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { expect } from 'vitest'
import { jsonLinesSink } from '../../../src/entrypoints/audit.ts'
import { publicFetch } from '../../../src/entrypoints/node.ts'
import { auth0, entra, keycloak, okta, spring } from '../../../src/entrypoints/providers.ts'
import { entraRoles, keycloakRoles, oktaGroups, roleMap } from '../../../src/entrypoints/roles.ts'
import { sealedStore } from '../../../src/entrypoints/sealed-store.ts'
import { openTelemetrySink, tracedFetch } from '../../../src/entrypoints/telemetry.ts'
import { memoryStore, resource } from '../../../src/index.ts'
import { user } from '../guard/small-world.ts'

const signal = () => AbortSignal.timeout(5000)
const name = () => ['tokens', 'ann']

const sealed = () => sealedStore({ store: memoryStore(), kind: 'mcp' })

const profileOf = (make: () => { readonly issuer: string }) => make().issuer

export const restEntries: Entries = {
  resource: [
    async (watch) => {
      const options = {
        scopes: ['a'],
        withoutApproval: ['b'],
        origins: ['https://api.example'],
        idempotencyHeader: 'Key',
      }
      return watch.call(() => resource('https://api.example/', watch.given(options)))
    },
    { scopes: ['a'] },
  ],
  roleMap: [
    async (watch) => {
      const map = watch.call(() => roleMap(watch.given({ claim: ['realm', 'roles'], scopes: { payer: ['pay'] } })))
      return map.rolesOf(user({ claims: { realm: { roles: ['payer'] } } })).map((role) => [...map.scopesOf([role])])
    },
    [['pay']],
  ],
  keycloakRoles: [
    async (watch) => extracted(watch, () => keycloakRoles(watch.given({ clients: ['app'] }) as never)),
    expect.anything(),
  ],
  entraRoles: [
    async (watch) => extracted(watch, () => entraRoles(watch.given({ groups: true }) as never)),
    expect.anything(),
  ],
  oktaGroups: [
    async (watch) => extracted(watch, () => oktaGroups(watch.given({ claim: 'groups' }) as never)),
    expect.anything(),
  ],
  sealedStore: [
    async (watch) => {
      const options = {
        store: port(memoryStore()),
        keys: { seal: [new Uint8Array(32)] as const, index: new Uint8Array(32) },
        kind: 'mcp',
      }
      const store = watch.call(() => sealedStore(watch.given(options)))
      await store.put(name(), 1, { ifVersion: null })
      return store.get(name())
    },
    { value: 1 },
  ],
  'sealed.get': [
    async (watch) => watch.call(() => sealed().get(watch.given(name()))).then((found) => [found]),
    [undefined],
  ],
  'sealed.put': [
    async (watch) => {
      const store = sealed()
      await watch.call(() =>
        store.put(watch.given(name()), watch.given({ of: ['ann'] }, 'value'), watch.given({ ifVersion: null })),
      )
      return store.get(name())
    },
    { value: { of: ['ann'] } },
  ],
  'sealed.delete': [
    async (watch) => {
      const store = sealed()
      const ifVersion = await store.put(name(), 1, { ifVersion: null })
      return watch.call(() => store.delete(watch.given(name()), watch.given({ ifVersion })))
    },
    'deleted',
  ],
  'sealed.alone': [
    async (watch) =>
      watch.call(() =>
        sealed().alone(watch.given(name()), watch.given({ seconds: 5, signal: signal() }), async () => 'done'),
      ),
    'done',
  ],
  memoryStore: [
    async (watch) =>
      watch.call(() => memoryStore(watch.given({ clock: port({ now: () => 7000 }), maxEntries: 5 }))).now(),
    7,
  ],
  jsonLinesSink: [
    async (watch) => {
      const lines: string[] = []
      const sink = watch.call(() => jsonLinesSink(watch.given({ to: (line: string) => void lines.push(line) })))
      await sink.write({ v: 1, at: 1, agent: 'a', tool: 't', type: 'raw_token', credential: 'c' })
      return lines.length
    },
    1,
  ],
  openTelemetrySink: [
    async (watch) => {
      const names: string[] = []
      const startSpan = (one: string) => {
        names.push(one)
        return { end: () => {} }
      }
      const tracer = port({ startSpan })
      const sink = watch.call(() => openTelemetrySink(watch.given({ tracer: tracer as never, personalData: true })))
      await sink.write({ v: 1, at: 1, agent: 'a', tool: 't', type: 'raw_token', credential: 'c' })
      return names
    },
    ['behalf.raw_token'],
  ],
  tracedFetch: [
    async (watch) => {
      const span = { setAttribute: () => {}, setStatus: () => {}, end: () => {} }
      const tracer = port({ startSpan: () => span })
      const traced = watch.call(() =>
        tracedFetch(watch.given({ fetch: async () => new Response('ok'), tracer: tracer as never })),
      )
      const body = new URLSearchParams({ grant_type: 'refresh_token' })
      return (await traced('https://as.example', { method: 'POST', body })).text()
    },
    'ok',
  ],
  publicFetch: [
    async (watch) => {
      const send = watch.call(() => publicFetch(watch.given({ except: ['https://a.example'] })))
      return send('http://b.example').catch((error: unknown) => error)
    },
    expect.any(Error),
  ],
  auth0: [
    async (watch) =>
      profileOf(() =>
        watch.call(() =>
          auth0(watch.given({ domain: 'tenant.example', clientId: 'c', clientSecret: 's', algorithms: ['ES256'] })),
        ),
      ),
    'https://tenant.example/',
  ],
  entra: [
    async (watch) =>
      profileOf(() =>
        watch.call(() =>
          entra(
            watch.given({
              tenantId: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
              clientId: 'c',
              clientSecret: 's',
            }) as never,
          ),
        ),
      ),
    expect.any(String),
  ],
  okta: [
    async (watch) =>
      profileOf(() =>
        watch.call(() =>
          okta(
            watch.given({
              domain: 'example.okta.com',
              authorizationServer: 'default',
              clientId: 'c',
              clientSecret: 's',
            }) as never,
          ),
        ),
      ),
    expect.any(String),
  ],
  keycloak: [
    async (watch) =>
      profileOf(() =>
        watch.call(() =>
          keycloak(
            watch.given({ url: 'https://sso.example', realm: 'acme', clientId: 'c', clientSecret: 's' }) as never,
          ),
        ),
      ),
    expect.any(String),
  ],
  spring: [
    async (watch) =>
      profileOf(() =>
        watch.call(() =>
          spring(watch.given({ issuer: 'https://sso.example', clientId: 'c', clientSecret: 's' }) as never),
        ),
      ),
    expect.any(String),
  ],
}

const extracted = (watch: Watch, make: () => (identity: never) => unknown) => {
  const extract = watch.call(make)
  return extract(user({ claims: { roles: ['a'], groups: ['a'], resource_access: { app: { roles: ['a'] } } } }) as never)
}
