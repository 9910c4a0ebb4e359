import { memoryStore } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import { createMcpSession, type McpSession, type McpSessionOptions } from '../../../src/client/index.ts'
import { clients, type TableClient } from '../../clients.ts'
import { connect, issuer, metadata, redirectUri, servers, serverUrl } from '../metadata-servers.ts'

const tokens = (name: string) => ({
  access_token: `access-${name}`,
  token_type: 'Bearer',
  refresh_token: `refresh-${name}`,
})

/** The owner's session in another process. */
function elsewhere(store: McpSessionOptions['store']): McpSession {
  const client = { name: 'x', redirectUri, scopes: ['c', 'a', 'b'] }
  const session = createMcpSession({ serverUrl, owner: 'ann', client, showSignIn: () => {}, store })
  session.authProvider.saveDiscoveryState?.({ authorizationServerUrl: issuer, authorizationServerMetadata: metadata })
  return session
}

const signIn = ({ authProvider }: McpSession, name: string) =>
  authProvider.saveTokens({ ...tokens(name), issuer }, { issuer })

/** The access token that is stored after a refresh, while whose answer was on its way another process did something. */
async function refreshed(client: TableClient, meanwhile: (other: McpSession) => Promise<void>) {
  const store = memoryStore()
  const other = elsewhere(store)
  await signIn(other, 'ann')
  const { asked, fetch } = servers()
  const slow: McpSessionOptions['fetch'] = async (input, init) => {
    const response = await fetch(input, init)
    if (!String(input).endsWith('/token')) return response
    // A client that tries again gets no further.
    if (!String(init?.body).includes('refresh-ann')) return new Response(null, { status: 503 })
    await meanwhile(other)
    return Response.json(tokens('renewed'))
  }
  await connect(slow, { store }, client)
  expect(asked.filter(({ body }) => body.includes('refresh-ann'))).toHaveLength(1)
  return (await elsewhere(store).authProvider.tokens({ issuer }))?.access_token
}

// Some take no fetch, so that nothing of ours sends their refreshes.
describe.each(clients)('a refresh by $name', (client) => {
  test('does not undo a sign-out in another process while it was under way', async () => {
    expect(await refreshed(client, (other) => other.signOut())).toBeUndefined()
  })

  test('does not take the place of a sign-in as another user while it was under way', async () => {
    const signInAnew = async (other: McpSession) => {
      await other.signOut()
      await signIn(other, 'bob')
    }
    expect(await refreshed(client, signInAnew)).toBe('access-bob')
  })

  test('is stored where nothing else happened', async () => {
    expect(await refreshed(client, async () => {})).toBe('access-renewed')
  })
})

test('a sign-in by another device is stored, whatever its session refreshed before', async () => {
  const store = memoryStore()
  await signIn(elsewhere(store), 'ann')
  const { fetch } = servers({ device_authorization_endpoint: `${issuer}/device` })
  const code = {
    device_code: 'd',
    user_code: 'AB-CD',
    verification_uri: `${issuer}/page`,
    expires_in: 600,
    interval: 1,
  }
  const answering: McpSessionOptions['fetch'] = async (input, init) => {
    if (String(input).endsWith('/device')) return Response.json(code)
    if (!String(input).endsWith('/token')) return fetch(input, init)
    const body = String(init?.body)
    if (body.includes('device_code')) return Response.json(tokens('of-the-device'))
    return body.includes('refresh-ann') ? Response.json(tokens('renewed')) : new Response(null, { status: 503 })
  }
  const registered = { name: 'x', redirectUri, scopes: ['c', 'a', 'b'], deviceLogin: true }
  const ownFetch = clients.find(({ takesFetch }) => !takesFetch)
  const { session } = await connect(answering, { store, client: registered }, ownFetch)
  await session.signOut()
  await session.signInByDevice({ show: () => {} })
  expect((await elsewhere(store).authProvider.tokens({ issuer }))?.access_token).toBe('access-of-the-device')
})
