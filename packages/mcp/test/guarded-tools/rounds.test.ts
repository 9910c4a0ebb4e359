import { buy } from '@behalf/testing/contract'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

const pageOf = ({ id }: { readonly id: string }) => `https://app.example/approvals/${id}`

test('a page is asked for in the first round alone, and each later round waits as long as waitSeconds says', async () => {
  world.serve({ rules: { pageOf, waitSeconds: 1 } })
  const client = await connectClient(world.resource, await world.token('ann'), {
    versionNegotiation: { mode: 'auto' },
    capabilities: { elicitation: { url: {} } },
    inputRequired: { autoFulfill: true, maxRounds: 3 },
  })
  const opened: unknown[] = []
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    opened.push(params)
    return { action: 'accept' }
  })
  const began = performance.now()
  await expect(client.callTool({ name: 'create_order', arguments: buy(50) })).rejects.toMatchObject({
    code: 'INPUT_REQUIRED_ROUNDS_EXCEEDED',
  })
  expect(performance.now() - began).toBeGreaterThan(2000)
  expect(opened).toHaveLength(1)
  await world.target.authorizationServer.controls.approve()
  await new Promise((resolve) => setTimeout(resolve, 1700))
  // The same call finds the approval.
  expect(JSON.parse(textOf(await client.callTool({ name: 'create_order', arguments: buy(50) })))).toMatchObject({
    quantity: 50,
  })
  expect(opened).toHaveLength(1)
})
