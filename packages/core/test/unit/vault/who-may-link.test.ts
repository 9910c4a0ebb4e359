import { verifies } from '@behalf/testing/requirements'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { rejection, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { REDIRECT, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4891', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const name = { connection: 'crm', account: 'a-1' }

describe('where the app calls the vault itself, a caller who is not the user in person', () => {
  test.each<readonly [string, () => UserIdentity]>([
    ['an agent that acts for the user', () => user('ann', { actor: { subject: 'agent:crm' } })],
    ['a job under a delegation', () => user('ann', { delegationId: 'd-1' })],
    ['a client that is not interactive', () => admit(fieldsOf(user('ann', { clientId: 'other-app' })))],
  ])(verifies('I10', '%s links, chooses and disconnects nothing'), async (_, who) => {
    const { vault, link, start, finish, tokenOf } = world(crm, { clock })
    await link()
    const { url } = await start()
    const identity = who()
    const before = crm.forms.length
    const asked = { identity, connection: 'crm', redirectUri: REDIRECT, browser: 'browser-1' }
    expect(await vault.accounts.connect(asked)).toMatchObject({ status: 'login_required' })
    expect(await finish(crm.codeFor(url), identity)).toMatchObject({ status: 'login_required' })
    expect(await vault.accounts.disconnect(identity, name)).toMatchObject({ status: 'login_required' })
    expect(await rejection(vault.accounts.prefer(identity, name))).toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    expect([crm.forms.length - before, crm.revoked]).toEqual([0, []])
    expect(await tokenOf()).toMatch(/^access-/)
  })
})
