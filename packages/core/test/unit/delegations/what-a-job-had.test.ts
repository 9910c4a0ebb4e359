import { expect, test } from 'vitest'
import { policies } from '../guard/world.ts'
import { jobWorld } from './job-world.ts'

test('the tokens that a job had here go back to the issuer when its delegation ends, and no others (I9)', async () => {
  const { process, delegate, present, authorizationServer } = await jobWorld()
  const guard = process()
  const ids = [await delegate(guard), await delegate(guard)] as const
  const run = async (id: string) => {
    const identity = await guard.delegations.identity(id)
    const call = { tool: 'read_portfolio', slot: id, input: { portfolio: 'p-ann' }, identity }
    return guard.run(policies.read_portfolio, call, (_, { access }) => access.trade.withToken((token) => token.length))
  }
  for (const id of ids) expect(await run(id)).toMatchObject({ status: 'done' })
  await guard.delegations.revoke(ids[0], { identity: (await present()).identity })
  const told = (await authorizationServer.controls.requests()).filter(({ endpoint }) => endpoint === 'revoke')
  expect(told.map(({ parameters }) => parameters.token_type_hint).sort()).toEqual(['access_token', 'refresh_token'])
  expect(await run(ids[1])).toMatchObject({ status: 'done' })
})
