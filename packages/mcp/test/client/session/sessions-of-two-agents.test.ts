import { memoryStore } from '@behalf/core'
import { expect, test } from 'vitest'
import { createMcpSession } from '../../../src/client/index.ts'
import { v2 } from '../../clients.ts'
import { backFrom, issuer, redirectUri, servers, serverUrl } from '../metadata-servers.ts'

/** Two agents of one app, which keeps the sessions of all its users in one store. */
function agents() {
  const { asked, fetch } = servers()
  const store = memoryStore()
  const agent = (name: string, owner = 'ann') => {
    const shown: string[] = []
    const client = { name, redirectUri }
    const showSignIn = (url: URL) => void shown.push(url.href)
    const session = createMcpSession({ serverUrl, owner, client, showSignIn, store, fetch })
    return { shown, session, connect: () => v2.connect(session, serverUrl).catch(() => {}) }
  }
  return { asked, agent }
}

test('an agent calls with no token that the user gave to another agent of the same app', async () => {
  const { agent } = agents()
  const trader = agent('Trader')
  await trader.connect()
  await trader.session.finishSignIn(backFrom(trader.shown[0], { code: 'c' }))
  expect(await agent('Trader').session.authProvider.tokens()).toMatchObject({ access_token: 'a-token' })
  expect(await agent('Mailer').session.authProvider.tokens()).toBeUndefined()
  await agent('Mailer').session.signOut()
  expect(await trader.session.authProvider.tokens()).toMatchObject({ access_token: 'a-token' })
})

test('an agent is registered under its own name, which its users read where they consent', async () => {
  const { agent, asked } = agents()
  await agent('Trader').connect()
  await agent('Mailer', 'bob').connect()
  const registered = asked
    .filter(({ url }) => url === `${issuer}/register`)
    .map(({ body }) => JSON.parse(body).client_name)
  expect(registered).toEqual(['Trader', 'Mailer'])
})

test('an agent ends no sign-in that another agent of the same app began', async () => {
  const { agent, asked } = agents()
  const trader = agent('Trader')
  await trader.connect()
  const ended = agent('Mailer').session.finishSignIn(backFrom(trader.shown[0], { code: 'c' }))
  await expect(ended).rejects.toMatchObject({ problem: 'unknown_state' })
  expect(asked.some(({ url }) => url === `${issuer}/token`)).toBe(false)
})

test('a server shows a user three sign-ins in ten minutes, which bring nothing, by all agents of the app together', async () => {
  const { agent } = agents()
  const all = ['one', 'two', 'three', 'four'].map((name) => agent(name))
  for (const { connect } of all) await connect()
  expect(all.map(({ shown }) => shown.length)).toEqual([1, 1, 1, 0])
})
