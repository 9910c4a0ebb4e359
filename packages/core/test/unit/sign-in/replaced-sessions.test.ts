import { expect, test } from 'vitest'
import { createSessions } from '../../../src/entrypoints/identity.ts'
import { signedIn, signInWorld } from './sign-in-world.ts'

/** An app whose user signs in again, as for a step-up, in a browser that has a session. */
async function app() {
  const world = await signInWorld()
  const { profile, store, clock, fetch } = world
  const at = world.signInAt({ scopes: ['chat', 'offline_access'] })
  const sessions = createSessions({ authorizationServer: profile, store, clock, fetch, timeoutMs: 60_000 })
  return {
    ...world,
    sessions,
    async signIn(replaces?: string | readonly string[]) {
      const { tokens, nonce } = await signedIn(world, {}, at)
      return (await sessions.create(tokens, { nonce, replaces })).id
    },
    revoked: async () => (await world.forms()).filter(({ path }) => path === '/oauth/revoke').length,
  }
}

test('a session that a login of the same session at the issuer replaces ends here alone', async () => {
  const { sessions, signIn, revoked } = await app()
  const first = await signIn()
  const second = await signIn(first)
  expect(await sessions.identity(first)).toMatchObject({ status: 'login_required' })
  expect(await sessions.identity(second)).toMatchObject({ status: 'verified' })
  // Some issuers end all logins of a browser with one refresh token.
  expect(await revoked()).toBe(0)
  await sessions.end(second)
  expect(await revoked()).toBe(1)
})

test.each(['ann', 'bob'])('one of another session at the issuer (of %s) ends there too', async (user) => {
  const { as, sessions, signIn, revoked } = await app()
  const before = [await signIn(), await signIn()]
  await as.controls.signInAs(user)
  const next = await signIn(before)
  for (const id of before) expect(await sessions.identity(id)).toMatchObject({ status: 'login_required' })
  expect(await sessions.identity(next)).toMatchObject({ status: 'verified', identity: { subject: user } })
  expect(await revoked()).toBe(2)
})

test('a login that is not accepted replaces nothing', async () => {
  const { sessions, signIn } = await app()
  const first = await signIn()
  await expect(sessions.create({ access_token: 'x', token_type: 'Bearer' }, { replaces: first })).rejects.toThrow()
  expect(await sessions.identity(first)).toMatchObject({ status: 'verified' })
  await expect(signIn('')).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
})
