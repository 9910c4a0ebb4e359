import { inspect } from 'node:util'
import type { MockAuthorizationServer } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { buy, createOrder, ORIGIN, policies, world } from './world.ts'

describe('tokens (I3, I6, E4)', () => {
  const seeing = async () => {
    const target = await world()
    const identity = await target.login()
    const call = target.invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
    return { ...target, identity, call, behalf: target.guard() }
  }

  test(verifies('E4', 'a token that a body returns or throws reaches no caller'), async () => {
    const { behalf, call } = await seeing()
    const returned = await behalf.run(policies.read_portfolio, call, (_, { access }) =>
      access.trade.withToken((token) => ({ nested: [`Bearer ${token}`] })),
    )
    expect(returned).toMatchObject({ status: 'done', result: { nested: ['Bearer [token]'] } })
    const thrown = behalf.run(policies.read_portfolio, call, (_, { access }) =>
      access.trade.withToken((token) => {
        throw Object.assign(new Error(`failed with ${token}`, { cause: new Error(token) }), { request: { token } })
      }),
    )
    const error = await thrown.catch((caught: unknown) => caught)
    expect(inspect(error, { depth: 10 })).not.toContain('eyJ')
    expect(inspect(error, { depth: 10 })).toContain('failed with [token]')
  })

  test(verifies('I3', 'nothing that the app or the model sees holds a token'), async () => {
    const { behalf, call, identity, events } = await seeing()
    const outcome = await behalf.run(policies.read_portfolio, call, (_, received) => {
      expect(inspect(received, { depth: 10, showHidden: true })).not.toContain('eyJ')
      expect(JSON.stringify(received)).not.toContain('eyJ')
      return 'ran'
    })
    for (const seen of [outcome, identity, events]) {
      expect(inspect(seen, { depth: 20, showHidden: true })).not.toContain('eyJ')
      expect(JSON.stringify(seen)).not.toContain('eyJ')
    }
  })

  test(verifies('I6', 'a credential ends with its call, and goes to its own origin only'), async () => {
    const { behalf, call } = await seeing()
    let kept: { fetch(input: string): Promise<Response> } | undefined
    await behalf.run(policies.read_portfolio, call, async (_, { access }) => {
      kept = access.trade
      await expect(access.trade.fetch('https://evil.example/')).rejects.toMatchObject({ code: 'ERR_CREDENTIAL_MISUSE' })
    })
    await expect(kept?.fetch(`${ORIGIN}/portfolios/p-ann`)).rejects.toMatchObject({ reason: 'call_ended' })
  })

  test(verifies('I2', 'a warm call exchanges nothing, and two users never share a token (I2)'), async () => {
    const { behalf, call, login, authorizationServer } = await seeing()
    const whose = (identity = call.identity) =>
      behalf.run(policies.read_portfolio, { ...call, ...(identity && { identity }) }, (_, { access }) =>
        access.trade.withToken((token) => JSON.parse(atob(token.split('.')[1] ?? '')).sub),
      )
    expect(await whose()).toMatchObject({ result: 'ann' })
    expect(await whose(await login('bob'))).toMatchObject({ result: 'bob' })
    expect(await whose()).toMatchObject({ result: 'ann' })
    const exchanges = await exchangesAt(authorizationServer)
    expect(exchanges).toHaveLength(2)
  })

  test('one retry with a fresh token on 401, for cached tokens only', async () => {
    const { behalf, call, stockTrade } = await seeing()
    const status = () =>
      behalf.run(
        policies.read_portfolio,
        call,
        async (_, { access }) => (await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).status,
      )
    expect(await status()).toMatchObject({ result: 200 })
    await stockTrade.controls.fault('portfolios', { status: 401 })
    expect(await status()).toMatchObject({ result: 200 })
    await stockTrade.controls.fault('portfolios', { status: 401, times: 2 })
    expect(await status()).toMatchObject({ result: 401 })
  })

  test('a policy with `when` never has the approved scope without an approval', async () => {
    const { guard, login, invocation, authorizationServer } = await world()
    const identity = await login()
    await guard().run(policies.create_order, invocation({ tool: 'create_order', input: buy(5), identity }), createOrder)
    const forms = (await authorizationServer.controls.requests()).map(({ parameters }) =>
      String(parameters.scope ?? ''),
    )
    expect(forms.some((scope) => scope.includes('trade:small'))).toBe(true)
    expect(forms.some((scope) => scope.includes('trade:write'))).toBe(false)
  })
})

const exchangesAt = async ({ controls }: MockAuthorizationServer) =>
  (await controls.requests()).filter(({ parameters }) => String(parameters.grant_type).includes('token-exchange'))
