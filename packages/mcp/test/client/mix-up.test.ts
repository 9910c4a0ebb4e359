import { memoryStore } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { clientMetadataHandler, machineAccess } from '../../src/client/index.ts'
import { clients } from '../clients.ts'
import { hostileServers, metadataOf, redirectUri } from './hostile-servers.ts'

const metadataUrl = 'https://app.example/client.json'

describe.each(clients)('by $name', ({ connect }) => {
  /** Connects, goes where the browser is sent, and comes back. @returns what the hostile server got of it */
  async function attacked(
    servers: Awaited<ReturnType<typeof hostileServers>>,
    over: Parameters<typeof servers.session>[0] = {},
  ) {
    const { session, shown } = servers.session(over)
    await expect(connect(session, servers.serverUrl)).rejects.toThrow()
    const back = await servers.browse(shown.at(-1))
    if (back !== undefined) await expect(session.finishSignIn(back)).rejects.toThrow()
    const got = servers.evilReceived.map(({ text }) => text).join('\n')
    expect(got).not.toContain('honest-code')
    expect(got).not.toContain('code_verifier')
    expect(got).not.toContain('a-secret')
    return { shown, back }
  }

  test(
    verifies('I12', 'metadata that claims another server’s issuer gets neither a sign-in nor that server’s client'),
    async () => {
      const servers = await hostileServers()
      const { honest } = servers
      servers.honestClients.set('by-hand', [redirectUri])
      servers.pretend({ issuer: honest, authorization_endpoint: `${honest}/authorize` })
      const registered = { [honest]: { client_id: 'by-hand', client_secret: 'a-secret' } }
      const { shown } = await attacked(servers, { client: { name: 'x', redirectUri, registered } })
      expect(shown).toEqual([])
    },
  )

  test.each<[string, (honest: string, evil: string) => string]>([
    ['names the honest server’s page as its own', (honest) => `${honest}/authorize`],
    ['leads the browser on from its own page', (_honest, evil) => `${evil}/lead-on`],
  ])('an issuer that %s and registers a client that is known there gets no code', async (_name, page) => {
    const servers = await hostileServers()
    const { honest, evil, serverUrl } = servers
    // Our client registers at the honest server first, for another user of the same app.
    const store = memoryStore()
    servers.nameIssuers(() => [honest])
    const other = servers.session({ store, owner: 'bob' })
    await expect(connect(other.session, serverUrl)).rejects.toThrow()
    expect(servers.honestClients.size).toBe(1)
    servers.nameIssuers(() => [evil])
    servers.pretend({ authorization_endpoint: page(honest, evil) }, 'honest-0')
    const { shown, back } = await attacked(servers, { store })
    expect(shown).toHaveLength(1)
    // What the honest server sends back came to its own redirect URI, or it refused the other one.
    if (back !== undefined) expect(new URL(back).searchParams.get('issuer')).toBe(honest)
  })

  test.each(['by-hand', metadataUrl])('a registration that is answered with our id %s is refused', async (known) => {
    const servers = await hostileServers()
    servers.honestClients.set(known, [redirectUri])
    servers.pretend({ authorization_endpoint: `${servers.honest}/authorize` }, known)
    const registered = { [servers.honest]: { client_id: 'by-hand' } }
    const { shown } = await attacked(servers, { client: { name: 'x', redirectUri, metadataUrl, registered } })
    expect(shown).toEqual([])
  })

  test.each<[string, (honest: string, evil: string) => string]>([
    ['names the honest server’s page as its own', (honest) => `${honest}/authorize`],
    ['leads the browser on from its own page', (_honest, evil) => `${evil}/lead-on`],
  ])('an issuer that reads metadata documents, sends no `iss` and %s gets no code', async (_name, page) => {
    for (const over of [{}, { registration_endpoint: undefined }]) {
      const servers = await hostileServers()
      const { honest, evil } = servers
      servers.honestClients.set(metadataUrl, [redirectUri])
      const authorization_endpoint = page(honest, evil)
      servers.pretend({ client_id_metadata_document_supported: true, authorization_endpoint, ...over })
      const { shown } = await attacked(servers, { client: { name: 'x', redirectUri, metadataUrl } })
      // Our document has one redirect URI for all: there, it is not our client.
      expect(shown.map((url) => new URL(url).searchParams.get('client_id'))).toEqual(
        'registration_endpoint' in over ? [] : ['evil-client'],
      )
    }
  })

  test('a server that names two issuers at once mixes up neither their pages nor their clients', async () => {
    const servers = await hostileServers()
    const { honest, evil } = servers
    let asked = 0
    servers.nameIssuers(() => [asked++ % 2 === 0 ? honest : evil])
    servers.pretend({ authorization_endpoint: `${honest}/authorize` }, 'honest-0')
    const { session, shown } = servers.session()
    await Promise.allSettled([connect(session, servers.serverUrl), connect(session, servers.serverUrl)])
    for (const page of shown) {
      const back = await servers.browse(page)
      if (back !== undefined) await session.finishSignIn(back).catch(() => {})
    }
    expect(servers.evilReceived.map(({ text }) => text).join('\n')).not.toContain('honest-code')
  })

  test('an honest server without `iss` gets its own redirect URI, and the user is signed in', async () => {
    const servers = await hostileServers()
    servers.nameIssuers(() => [servers.honest])
    const { session, shown } = servers.session()
    await expect(connect(session, servers.serverUrl)).rejects.toThrow()
    const back = await servers.browse(shown[0])
    expect(new URL(back ?? '').searchParams.get('issuer')).toBe(servers.honest)
    await session.finishSignIn(back ?? '')
    expect(await session.authProvider.tokens()).toMatchObject({ access_token: 'honest-token', issuer: servers.honest })
  })

  test('a machine’s secret, its signed assertions and its platform’s token go only to the issuer that it names, even if another claims to be it', async () => {
    const servers = await hostileServers()
    const { honest, serverUrl } = servers
    servers.pretend({ issuer: honest })
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])
    const privateKey = { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)) }
    const shared = { serverUrl, issuer: honest, clientId: 'nightly' }
    for (const access of [
      machineAccess({ ...shared, clientSecret: 'a-secret' }),
      machineAccess({ ...shared, privateKey, algorithm: 'ES256' }),
      machineAccess({ ...shared, workloadToken: () => 'a-platform-token' }),
    ]) {
      await expect(connect(access, serverUrl)).rejects.toThrow()
    }
    expect(servers.evilReceived.filter(({ path }) => path === '/token')).toEqual([])
  })

  test(verifies('I12', 'a refresh token goes to no other issuer than the one that gave it'), async () => {
    const servers = await hostileServers()
    const { honest, evil } = servers
    const store = memoryStore()
    const { session: before } = servers.session({ store })
    const state = { authorizationServerUrl: honest, authorizationServerMetadata: metadataOf(honest) as never }
    await before.authProvider.saveDiscoveryState?.(state)
    const tokens = { access_token: 'old', token_type: 'Bearer', refresh_token: 'a-secret' }
    await before.authProvider.saveTokens(tokens, { issuer: honest })
    servers.nameIssuers(() => [evil])
    await attacked(servers, { store })
  })
})

describe('where endpoints are elsewhere than their issuer', () => {
  const foreign = async (client: object = {}) => {
    const servers = await hostileServers()
    const { evil, honest, serverUrl } = servers
    servers.pretend({ authorization_endpoint: `${honest}/authorize`, registration_endpoint: undefined })
    const registered = { [evil]: { client_id: 'by-hand', ...client } }
    return { servers, evil, honest, serverUrl, registered }
  }
  const [{ connect }] = clients as [(typeof clients)[0]]

  test('a client by hand with a shared redirect URI is refused, and the remedy is named', async () => {
    const { servers, registered, serverUrl, honest } = await foreign()
    const { session, shown } = servers.session({ client: { name: 'x', redirectUri, registered } })
    await expect(connect(session, serverUrl)).rejects.toThrow(honest)
    await expect(connect(session, serverUrl)).rejects.toThrow('authorizationOrigins')
    expect(shown).toEqual([])
  })

  test('a metadata document is used where the app names the issuer, which else has to send `iss`', async () => {
    const servers = await hostileServers()
    const { evil, serverUrl } = servers
    servers.pretend({ client_id_metadata_document_supported: true, registration_endpoint: undefined })
    const client = { name: 'x', redirectUri, metadataUrl }
    const clientsOf = async (over: object) => {
      const { session, shown } = servers.session({ client: { ...client, ...over } })
      const said = await connect(session, serverUrl).then(String, String)
      return [shown.map((url) => new URL(url).searchParams.get('client_id')), said] as const
    }
    expect(await clientsOf({})).toEqual([[], expect.stringContaining('authorizationOrigins')])
    expect((await clientsOf({ authorizationOrigins: { [evil]: [] } }))[0]).toEqual([metadataUrl])
    servers.pretend({
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
    })
    expect((await clientsOf({}))[0]).toEqual([metadataUrl])
  })

  test.each<[string, (issuer: string) => object]>([
    ['that the app trusts', (issuer) => ({ authorizationOrigins: { [issuer]: [] } })],
    [
      'that knows the document as a client by hand',
      (issuer) => ({
        registered: {
          [issuer]: { client_id: metadataUrl, redirect_uris: [`${redirectUri}?issuer=${encodeURIComponent(issuer)}`] },
        },
      }),
    ],
  ])('an issuer without `iss` %s gets its own redirect URI, and the document lists it', async (_name, of) => {
    const servers = await hostileServers()
    const { evil, serverUrl } = servers
    servers.pretend({ client_id_metadata_document_supported: true, registration_endpoint: undefined })
    const client = { name: 'x', redirectUri, metadataUrl, ...of(evil) }
    const { session, shown } = servers.session({ client })
    await expect(connect(session, serverUrl)).rejects.toThrow()
    const { searchParams: sent } = new URL(shown[0] ?? '')
    expect(sent.get('client_id')).toBe(metadataUrl)
    expect(new URL(sent.get('redirect_uri') ?? '').searchParams.get('issuer')).toBe(evil)
    const document = await clientMetadataHandler(client)({ url: metadataUrl, method: 'GET' })?.json()
    expect(document.redirect_uris).toEqual([redirectUri, sent.get('redirect_uri')])
  })

  test('the app names the origins that it trusts, for that issuer', async () => {
    const { servers, registered, serverUrl, honest, evil } = await foreign()
    const client = { name: 'x', redirectUri, registered }
    const trusted = servers.session({ client: { ...client, authorizationOrigins: { [evil]: [honest] } } })
    await expect(connect(trusted.session, serverUrl)).rejects.toThrow()
    expect(trusted.shown).toHaveLength(1)
    const other = servers.session({ client: { ...client, authorizationOrigins: { [honest]: [honest] } } })
    await expect(connect(other.session, serverUrl)).rejects.toThrow('authorizationOrigins')
  })

  test('a client by hand whose redirect URI names its issuer is used with that one', async () => {
    const { servers, evil, serverUrl } = await foreign()
    const own = `${redirectUri}?issuer=${encodeURIComponent(evil)}`
    const registered = { [evil]: { client_id: 'by-hand', redirect_uris: [own] } }
    const { session, shown } = servers.session({ client: { name: 'x', redirectUri, registered } })
    await expect(connect(session, serverUrl)).rejects.toThrow()
    expect(new URL(shown[0] ?? '').searchParams.get('redirect_uri')).toBe(own)
  })
})
