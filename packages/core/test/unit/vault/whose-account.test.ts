import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { IdentityRequiredError } from '../../../src/base/errors/index.ts'
import { presenceIn, requirePresentUser } from '../../../src/identity/present-user.ts'
import { admit } from '../../../src/identity/verified.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { accountOwner } from '../../../src/vault/stored/account-record.ts'
import { ConnectAttempts } from '../../../src/vault/stored/connect-attempts.ts'

const parts = {
  issuer: 'https://login.example.com',
  tenant: 'acme',
  subject: 'ann',
  clientId: 'web',
  sessionId: 's-1',
}
const person = (more: Partial<UserIdentity> = {}) =>
  admit({ kind: 'user', ...parts, ...more, claims: {} }, { isInteractive: true })

describe('an account is its owner’s (I2)', () => {
  test('by issuer, tenant, subject and client, and by no session', () => {
    const { issuer, tenant, subject, clientId } = parts
    expect(accountOwner(person())).toEqual({ issuer, tenant, subject, clientId })
    expect(accountOwner(admit({ kind: 'user', issuer, subject, claims: {} }))).toEqual({ issuer, subject })
  })

  test('who has to be a user that was verified', () => {
    const agent = admit({ kind: 'agent', issuer: parts.issuer, clientId: 'worker', claims: {} })
    expect(() => accountOwner(agent as never)).toThrow(IdentityRequiredError)
    expect(() => accountOwner({ kind: 'user', ...parts, claims: {} })).toThrow(IdentityRequiredError)
  })
})

describe('only the user who began a connect flow ends it', () => {
  const key = new Uint8Array(32).fill(7)
  const begun = async () => {
    const attempts = new ConnectAttempts(openStoreKeys(memoryStore(), { seal: [key], index: key }), {
      now: () => Date.now(),
    })
    const attempt = {
      connection: 'calendar',
      scopes: [],
      redirectUri: 'https://app.example.com/cb',
      codeVerifier: 'verifier',
      nonce: 'nonce',
    }
    const presence = presenceIn(memoryStore(), undefined, { now: () => Date.now() })
    await attempts.begin(await requirePresentUser(person(), presence), 'browser', attempt, 'state')
    return async (identity: UserIdentity, parameters = new URLSearchParams({ state: 'state' }), browser = 'browser') =>
      attempts.claim(await requirePresentUser(identity, presence), { parameters, connection: 'calendar', browser })
  }

  test.each([
    ['issuer', { issuer: 'https://other.example.com' }, 'other_user'],
    ['tenant', { tenant: 'other' }, 'other_user'],
    ['subject', { subject: 'bob' }, 'other_user'],
    ['client', { clientId: 'other' }, 'other_user'],
    ['session', { sessionId: 's-2' }, 'other_session'],
  ])('another %s', async (_, more, reason) => {
    const claim = await begun()
    expect(await claim(person(more))).toMatchObject({ status: 'refused', reason })
    expect(await claim(person())).toMatchObject({ status: 'claimed' })
    expect(await claim(person())).toMatchObject({ status: 'refused', reason: 'unknown_state' })
  })

  test('another browser, no state, or two of them', async () => {
    const claim = await begun()
    expect(await claim(person(), undefined, 'another')).toMatchObject({ reason: 'other_browser' })
    expect(await claim(person(), new URLSearchParams())).toMatchObject({ reason: 'unknown_state' })
    expect(await claim(person(), new URLSearchParams('state=state&state=state'))).toMatchObject({
      reason: 'unknown_state',
    })
    expect(await claim(person())).toMatchObject({ status: 'claimed' })
  })
})
