import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4881', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const changed = (change: Record<string, unknown>) => async (answer: Response) =>
  HttpResponse.json({ ...((await answer.json()) as object), ...change }) as never
const name = { connection: 'crm', account: 'a-1' }

const malformed: [string, Record<string, unknown>][] = [
  ['an expiry that is no number', { expires_in: 'soon' }],
  ['a token of another type', { token_type: 'mac' }],
  ['no type', { token_type: undefined }],
  ['a scope that cannot be read', { scope: { a: 1 } }],
]

describe('an answer of status 200 that cannot be used', () => {
  test.each(malformed)('with %s costs no connection whose refresh token rotates', async (_, change) => {
    const { link, ask, tokenOf, vault } = world(crm, { clock })
    await link()
    clock.advance(3601)
    crm.after = changed(change)
    expect(await ask()).toMatchObject({ status: 'misconfigured' })
    expect(await ask()).toMatchObject({ status: 'misconfigured' })
    crm.after = (answer) => answer
    expect(await tokenOf()).toMatch(/^access-/)
    expect(crm.reused).toEqual([])
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    // The newest refresh token, and the two access tokens that were dropped.
    expect(crm.revoked).toHaveLength(3)
  })

  test.each(malformed)('with %s ends a link, and its tokens are revoked', async (_, change) => {
    const { start, finish, vault } = world(crm, { clock })
    const { url } = await start()
    crm.after = changed(change)
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(crm.revoked).toHaveLength(1)
    expect(await vault.accounts.list(user())).toEqual([])
  })
})
