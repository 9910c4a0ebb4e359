import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectClient, textOf } from './connect-client.ts'
import { buy } from './stock-tools.ts'
import { openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

const orders = async (portfolio = 'p-ann') => (await world.target.api.controls.orders(portfolio)).length

/** Says yes as soon as the question is there. */
async function approveSoon(subject = 'ann'): Promise<string> {
  const { controls } = world.target.authorizationServer
  for (;;) {
    const [request] = await controls.pendingRequests(subject)
    if (request !== undefined) {
      await controls.approve(request.authReqId)
      return request.bindingMessage ?? ''
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('a client of revision 2026-07-28', () => {
  test('sees the tools of its user, and acts for that user', async () => {
    world.serve()
    const client = await connectClient(world.resource, await world.token('ann'))
    const { tools } = await client.listTools()
    const me = await client.callTool({ name: 'whoami', arguments: {} })
    expect(JSON.parse(textOf(me))).toEqual({ subject: 'ann', clientId: 'stock-cli' })
    const portfolio = await client.callTool({ name: 'get_portfolio', arguments: { portfolio: 'p-ann' } })
    expect(textOf(portfolio)).toContain('p-ann')
    const small = await client.callTool({ name: 'create_order', arguments: buy(5) })
    expect(JSON.parse(textOf(small))).toMatchObject({ quantity: 5, status: 'filled' })
  })

  test('a large order waits within the rounds, and is placed once', async () => {
    world.serve({ rules: { waitSeconds: 5 } })
    const client = await connectClient(world.resource, await world.token('ann'))
    const [result, message] = await Promise.all([
      client.callTool({ name: 'create_order', arguments: buy(50) }),
      approveSoon(),
    ])
    expect(message).toBe('Buy 50 shares of AAPL')
    expect(JSON.parse(textOf(result))).toMatchObject({ quantity: 50, status: 'filled' })
    expect(await orders()).toBe(1)
  })
})
