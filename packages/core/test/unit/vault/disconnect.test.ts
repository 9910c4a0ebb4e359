import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { connection } from '../../../src/entrypoints/vault.ts'
import { policy } from '../../../src/index.ts'
import { user as caller, schema, smallWorld } from '../guard/small-world.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4866', () => clock.now())
const msw = useMsw(...crm.handlers)
beforeEach(() => crm.reset())
const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })

describe('disconnect', () => {
  test('is told to the provider, with the refresh token, and leaves nothing', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    const name = { connection: 'crm', account: 'a-1' }
    expect(await vault.accounts.disconnect(user('bob'), name)).toMatchObject({ status: 'not_found' })
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(crm.revoked).toEqual([expect.stringMatching(/^refresh-/)])
    expect(await tokenOf()).toBe('not_connected')
    expect(await vault.accounts.list(user())).toEqual([])
    expect(await vault.accounts.disconnect(user(), name)).toMatchObject({ status: 'not_found' })
  })

  test('ends every token that may be good, also where the clock of its process is ahead', async () => {
    crm.after = async (answer) => {
      const { refresh_token: _, ...rest } = (await answer.json()) as Record<string, unknown>
      return HttpResponse.json(rest)
    }
    const { store, link, tokenOf } = open()
    const tokens: string[] = []
    for (const _ of ['first', 'again']) {
      await link()
      tokens.push(await tokenOf())
    }
    const ahead = open({ store, clock: { ...clock, now: () => clock.now() + 7_200_000 } })
    const answer = await ahead.vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })
    expect(answer).toEqual({ status: 'disconnected', revoked: true })
    expect([...crm.revoked].sort()).toEqual(tokens.sort())
  })

  test('is done here even where the provider does not answer, and says so', async () => {
    msw.use(http.post('http://localhost:4866/revoke', () => new HttpResponse(null, { status: 503 })))
    const { link, tokenOf, vault } = open()
    await link()
    expect(await vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })).toEqual({
      status: 'disconnected',
      revoked: false,
    })
    expect(await tokenOf()).toBe('not_connected')
  })

  test('while the provider answers a refresh, what it gave is revoked and not kept', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    clock.advance(3601)
    crm.after = async (answer) => {
      await vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })
      return answer
    }
    expect(await tokenOf()).toBe('not_connected')
    expect(crm.revoked).toHaveLength(2)
    expect(new Set(crm.revoked).size).toBe(2)
  })

  test('cascades over all accounts and clients of one user only', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    await link(user('ann', { clientId: 'other' }))
    await link(user('bob'))
    await expect(vault.forget({ issuer: 'https://login.example' })).rejects.toThrow('forget')
    expect(await vault.forget({ issuer: 'https://other.example', subject: 'ann' })).toEqual({
      disconnected: 0,
      revoked: 0,
      unreadable: [],
    })
    expect(await vault.forget({ issuer: 'https://login.example', subject: 'ann' })).toEqual({
      disconnected: 2,
      revoked: 2,
      unreadable: [],
    })
    expect(await tokenOf()).toBe('not_connected')
    expect(await tokenOf({ identity: user('bob') })).toMatch(/^access-/)
  })

  test('cascades over what was linked in one session', async () => {
    const { link, tokenOf, vault } = open()
    await link(user('ann', { sessionId: 's-9' }))
    await link(user('bob'))
    expect(await vault.forget({ issuer: 'https://login.example', session: 's-9' })).toEqual({
      disconnected: 1,
      revoked: 1,
      unreadable: [],
    })
    expect(await tokenOf()).toBe('not_connected')
    expect(await tokenOf({ identity: user('bob') })).toMatch(/^access-/)
  })

  test('cascades over all tenants of the issuer where none is named, as `guard.revoke` does', async () => {
    const { link, vault } = open()
    const { issuer } = user()
    const ofTenant = (tenant: string) => user('ann', { tenant })
    const each = { disconnected: 1, revoked: 1, unreadable: [] }
    for (const tenant of ['first', 'second', 'third']) await link(ofTenant(tenant))
    expect(await vault.forget({ issuer, tenant: 'first', subject: 'ann' })).toEqual(each)
    expect(await vault.forget({ issuer, tenant: 'second', session: 's-1' })).toEqual(each)
    expect(await vault.forget({ issuer, subject: 'bob' })).toMatchObject({ disconnected: 0 })
    expect(await vault.forget({ issuer, subject: 'ann' })).toEqual(each)
    expect(await vault.accounts.list(ofTenant('third'))).toEqual([])
    await link(ofTenant('first'))
    expect(await vault.forget({ issuer, session: 's-1' })).toEqual(each)
  })
})

test('an account that another process disconnected serves no call of a process that forgets it too', async () => {
  const here = open()
  const elsewhere = open({ store: here.store })
  const ann = caller()
  await here.link(ann)
  const { guard, call } = smallWorld()
  const rule = policy(schema, {
    access: { crm: connection('crm', { scopes: ['contacts.read'], origins: ['https://api.crm.example'] }) },
  })
  const behalf = guard({ vault: elsewhere.vault })
  const run = async (slot: string) => (await behalf.run(rule, call({ slot }), () => 'ran')).status
  expect(await run('one')).toBe('done')
  await here.vault.accounts.disconnect(ann, { connection: 'crm', account: 'a-1' })
  const { issuer, subject } = ann
  expect(await elsewhere.vault.forget({ issuer, subject })).toMatchObject({ disconnected: 0 })
  expect(await run('two')).toBe('interrupted')
})
