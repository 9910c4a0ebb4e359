import { beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionDefinition } from '../../../src/vault/upstream/connection-definition.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { type Provider, provider } from './provider.ts'
import { definitionOf, REDIRECT, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4806', () => clock.now())
const other = await provider('http://localhost:4807', () => clock.now())
// Like most providers, it does not name itself in its answers (RFC 9207).
other.metadata.authorization_response_iss_parameter_supported = false
useMsw(...crm.handlers, ...other.handlers)
beforeEach(() => {
  crm.reset()
  other.reset()
})
const back = { returnTo: '/chat' }

async function started() {
  const opened = world(crm, { clock })
  const begun = await opened.vault.accounts.connect({
    ...{ identity: user(), connection: 'crm', redirectUri: REDIRECT, browser: 'browser-1' },
    ...back,
  })
  if (begun.status !== 'started') throw new Error(begun.status)
  return { ...opened, url: begun.url }
}

describe('an answer to a connect flow', () => {
  test.each([
    ['says no', { code: undefined, error: 'access_denied' }, { reason: 'declined' }],
    ['says no, with a code beside it', { error: 'access_denied' }, { reason: 'declined' }],
    ['tells a fault, with a code beside it', { error: 'server_error' }, { reason: 'provider' }],
    ['has an empty code', { code: '' }, { reason: 'provider' }],
    ['has no code', { code: undefined }, { reason: 'provider' }],
  ])('that %s links nothing, and leads back', async (_, change, expected) => {
    const { finish, url, vault } = await started()
    const parameters = crm.codeFor(url, change as Record<string, string | undefined>)
    expect(await finish(parameters)).toMatchObject({ status: 'refused', ...expected, ...back })
    expect(crm.forms).toHaveLength(0)
    expect(await vault.accounts.list(user())).toEqual([])
  })

  test('with two codes is refused, whichever would do', async () => {
    const { finish, url } = await started()
    const parameters = crm.codeFor(url)
    parameters.append('code', 'another')
    expect(await finish(parameters)).toMatchObject({ status: 'refused', reason: 'provider', ...back })
    expect(crm.forms).toHaveLength(0)
  })

  test('that names its issuer twice is refused, also where both are right', async () => {
    const { finish, url } = await started()
    const parameters = crm.codeFor(url)
    parameters.append('iss', crm.issuer)
    expect(await finish(parameters)).toMatchObject({ status: 'refused', reason: 'other_issuer', ...back })
  })

  test('that is right links the account and leads back; without a return address it leads nowhere', async () => {
    const { finish, url, start } = await started()
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'connected', ...back })
    const done = await finish(crm.codeFor((await start()).url))
    expect(done.status).toBe('connected')
    expect(done).not.toHaveProperty('returnTo')
  })

  test('for a connection that was taken away meanwhile is told as a matter of set-up', async () => {
    const { store, url } = await started()
    const without = world(crm, { clock, store, connections: { other: definitionOf(crm) } })
    expect(await without.finish(crm.codeFor(url))).toMatchObject({ status: 'misconfigured', ...back })
    expect(crm.forms).toHaveLength(0)
  })

  test.each<[string, Provider, Partial<ConnectionDefinition>]>([
    ['at another provider', other, {}],
    ['with another client', crm, { clientId: 'another-app' }],
  ])(
    'that comes to a process whose connection is %s takes code and verifier nowhere',
    async (_, elsewhere, definition) => {
      const { store, url } = await started()
      const configuredAnew = world(elsewhere, { clock, store, definition })
      const parameters = crm.codeFor(url, elsewhere === other ? { iss: undefined } : {})
      expect(await configuredAnew.finish(parameters)).toMatchObject({
        ...{ status: 'refused', reason: 'other_issuer', ...back },
        detail: expect.stringContaining('begun at another provider, or with another client'),
      })
      expect([...crm.forms, ...other.forms]).toHaveLength(0)
    },
  )
})
