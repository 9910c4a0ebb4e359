import { beforeEach, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { REDIRECT, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4871', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())
const open = () => world(crm, { clock })

test('each user is forgotten, where the app fills in the same object for the next one', async () => {
  const { link, vault } = open()
  await link()
  await link(user('bob'))
  const leaver = { issuer: 'https://login.example', subject: '' }
  const forgotten = ['ann', 'bob'].map((subject) => {
    leaver.subject = subject
    return vault.forget(leaver)
  })
  expect(await Promise.all(forgotten)).toMatchObject([{ disconnected: 1 }, { disconnected: 1 }])
  expect([await vault.accounts.list(user()), await vault.accounts.list(user('bob'))]).toEqual([[], []])
})

test('each account is disconnected, where the app fills in the same name for the next one', async () => {
  const { link, vault } = open()
  await link()
  crm.state.account = 'a-2'
  await link()
  const name = { connection: 'crm', account: '' }
  const disconnected = ['a-1', 'a-2'].map((account) => {
    name.account = account
    return vault.accounts.disconnect(user(), name)
  })
  expect(await Promise.all(disconnected)).toMatchObject([{ status: 'disconnected' }, { status: 'disconnected' }])
  expect(await vault.accounts.list(user())).toEqual([])
})

test('a flow is of the browser that began it, where the app fills in the same request for the next user', async () => {
  const { finish, vault } = open()
  const request = { identity: user(), connection: 'crm', redirectUri: REDIRECT, browser: 'browser of ann' }
  const started = vault.accounts.connect(request)
  Object.assign(request, { identity: user('bob'), browser: 'browser of bob' })
  const anns = await started
  const url = anns.status === 'started' ? anns.url : ''
  expect(await finish(crm.codeFor(url), user(), 'browser of bob')).toMatchObject({ reason: 'other_browser' })
  const answer = { identity: user(), connection: 'crm', parameters: crm.codeFor(url), browser: 'browser of ann' }
  const completed = vault.accounts.complete(answer)
  Object.assign(answer, { identity: user('bob'), parameters: new URLSearchParams(), browser: 'browser of bob' })
  expect(await completed).toMatchObject({ status: 'connected' })
})
