import { verifies } from '@behalf/testing/requirements'
import { expect } from 'vitest'
import { API, policies, world } from '../unit/guard/world.ts'

verifies('RFC7009-2.1-no-use', 'what guard.revoke gave back is used by no later call', async () => {
  const { guard, login, invocation, authorizationServer, clock } = await world()
  const behalf = guard()
  const call = async (slot: string) =>
    invocation({ tool: 'read_portfolio', slot, input: { portfolio: 'p-ann' }, identity: await login() })
  const exchanges = async () =>
    (await authorizationServer.controls.requests()).filter(({ parameters }) => parameters.audience === API).length
  await behalf.run(policies.read_portfolio, await call('before'), () => 'ran')
  const before = await exchanges()
  const { issuer: iss, subject, tenant } = await login()
  await behalf.revoke({ issuer: iss, subject, ...(tenant !== undefined && { tenant }) })
  // Up to the skew after a revocation, a proof counts as one from before it.
  clock.advance(32)
  expect(await behalf.run(policies.read_portfolio, await call('after'), () => 'ran')).toMatchObject({ status: 'done' })
  expect(await exchanges()).toBe(before + 1)
})
