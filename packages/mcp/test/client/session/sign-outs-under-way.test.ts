import { type Fetch, memoryStore } from '@behalf/core'
import { expect, test } from 'vitest'
import type { McpSession } from '../../../src/client/index.ts'
import { backFrom, connect, issuer, redirectUri, servers } from '../metadata-servers.ts'

const client = { name: 'x', redirectUri, scopes: ['a'], deviceLogin: true }
const code = { device_code: 'd', user_code: 'AB-CD', verification_uri: `${issuer}/page`, expires_in: 600, interval: 1 }

type SignIn = (session: McpSession, page: string | undefined) => Promise<void>
const byBrowser: SignIn = (session, page) => session.finishSignIn(backFrom(page, { code: 'c' }))
const byDevice: SignIn = (session) => session.signInByDevice({ show: () => {} })

/** A sign-in of a user, and what another process of the app does while its tokens are on their way. */
async function signIn(way: SignIn, meanwhile: (elsewhere: Awaited<ReturnType<typeof connect>>) => Promise<void>) {
  const store = memoryStore()
  const { fetch } = servers({ device_authorization_endpoint: `${issuer}/device` })
  const refusing: Fetch = async (input, init) =>
    String(input).endsWith('/refused') ? Response.json({ error: 'invalid_grant' }, { status: 400 }) : fetch(input, init)
  const answering: Fetch = async (input, init) => {
    if (String(input).endsWith('/device')) return Response.json(code)
    if (!String(input).endsWith('/token')) return fetch(input, init)
    await meanwhile(await connect(refusing, { store, client }))
    return Response.json({ access_token: 'on-its-way', token_type: 'Bearer' })
  }
  const { shown, session } = await connect(answering, { store, client })
  const ended = await way(session, shown[0]).catch((error: unknown) => error)
  return { ended, tokens: async () => session.authProvider.tokens() }
}

test.each([
  ['by a browser', byBrowser],
  ['by another device', byDevice],
])('a sign-in %s that a sign-out overtakes stores no tokens', async (_name, way) => {
  const { ended, tokens } = await signIn(way, ({ session }) => session.signOut())
  expect(ended).toMatchObject({ name: 'SignInError', problem: 'refused' })
  expect(await tokens()).toBeUndefined()
})

test.each([
  ['by a browser', byBrowser],
  ['by another device', byDevice],
])('a sign-in %s after a sign-out stores its tokens', async (_name, way) => {
  const signedOut = async (session: McpSession, page: string | undefined) => {
    await session.signOut()
    await way(session, page)
  }
  const { ended, tokens } = await signIn(signedOut, async () => {})
  expect(ended).toBeUndefined()
  expect(await tokens()).toMatchObject({ access_token: 'on-its-way' })
})

test.each([
  ['by a browser', byBrowser],
  ['by another device', byDevice],
])('a sign-in %s that a sign-out overtakes does not replace the tokens of the next user', async (_name, way) => {
  const { ended, tokens } = await signIn(way, async ({ session, shown }) => {
    await session.signOut()
    await byBrowser(session, shown[0])
  })
  expect(ended).toMatchObject({ name: 'SignInError', problem: 'refused' })
  expect(await tokens()).toMatchObject({ access_token: 'a-token' })
})

test('a sign-in that a sign-out overtakes stores no tokens, also where those of the next user were refused', async () => {
  const { ended, tokens } = await signIn(byBrowser, async ({ session }) => {
    await session.signOut()
    const next = { access_token: 'of-the-next', token_type: 'Bearer', refresh_token: 'r', issuer }
    await session.authProvider.saveTokens(next, { issuer })
    const refresh = { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'r' }) }
    expect((await session.fetch(`${issuer}/refused`, refresh)).status).toBe(400)
  })
  expect(ended).toMatchObject({ name: 'SignInError', problem: 'refused' })
  expect(await tokens()).toBeUndefined()
})
