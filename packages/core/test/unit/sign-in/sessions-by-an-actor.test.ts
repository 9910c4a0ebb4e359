import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { createSessions } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, memoryStore, type UserIdentity } from '../../../src/index.ts'
import { keys } from '../guard/small-world.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'

const AGENT = 'https://agent.example.com'
const act = { sub: 'support-desk' }
const clock = testClock()
const as = await mockIssuer('https://as.example.com', clock.now)
let renewed: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(renewed as never)),
)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'app', clientSecret: 's', algorithms: ['ES256'] })
const idToken = (over: object = {}) => as.sign({ sub: 'ann', aud: 'app', ...over }, { typ: 'JWT' })
const accessToken = (over: object = {}) =>
  as.sign({ sub: 'ann', aud: AGENT, client_id: 'app', jti: crypto.randomUUID(), ...over })
const answer = async (access: string, id?: string) => ({
  access_token: access,
  token_type: 'Bearer',
  expires_in: 300,
  refresh_token: 'r',
  ...(id !== undefined && { id_token: id }),
})

/** Whether an identity of the session may agree to a delegation, as only a present user may. */
function world(audience?: string) {
  const store = memoryStore({ clock })
  const agent = { name: 'agent:a' }
  const guard = createGuard({ authorizationServer, agent, store, keys, clock, delegations: delegations() })
  const isPresent = (identity: UserIdentity) =>
    guard.delegations.create({ identity, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 }).then(
      () => true,
      ({ code }) => (code === 'ERR_IDENTITY_REQUIRED' ? false : code),
    )
  const options = { authorizationServer, store, keys, clock, ...(audience !== undefined && { audience }) }
  return { sessions: createSessions(options), isPresent }
}

describe('a session whose login names an actor', () => {
  test.each([
    ['nothing about the user', async () => answer('opaque')],
    ['an id_token without the actor', async () => answer('opaque', await idToken())],
  ])(verifies('I10', 'is not that of a present user after a renewal brought %s'), async (_, make) => {
    const { sessions, isPresent } = world()
    const { id, identity } = await sessions.create(await answer('opaque', await idToken({ act })))
    expect(await isPresent(identity)).toBe(false)
    clock.advance(299)
    renewed = await make()
    const next = await sessions.identity(id)
    expect(next).toMatchObject({ status: 'verified', identity: { actor: { subject: 'support-desk' } } })
    expect(next.status === 'verified' && (await isPresent(next.identity as UserIdentity))).toBe(false)
  })

  test(verifies('I10', 'in its id_token alone is not that of a present user'), async () => {
    const { sessions, isPresent } = world(AGENT)
    const { identity } = await sessions.create(await answer(await accessToken(), await idToken({ act })))
    expect(await isPresent(identity)).toBe(false)
    const { identity: own } = await sessions.create(await answer(await accessToken(), await idToken()))
    expect(await isPresent(own)).toBe(true)
  })
})
