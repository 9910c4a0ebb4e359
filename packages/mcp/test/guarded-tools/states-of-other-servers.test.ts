import { HadNoEffect, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { createMcpHandler, inputRequired, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, mcpResourceServer, nodeHandler, type ToolSurroundings } from '../../src/server/index.ts'
import { connectClient } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})

test(
  verifies('I12', 'a body does not get the state that another server gave out, if both servers have one key'),
  async () => {
    const key = crypto.getRandomValues(new Uint8Array(32))
    const told: unknown[] = []
    /** A server at a path of its own, whose tool takes what its state says. */
    const serve = (resource: string) => {
      const execute = (_input: object, { context: { mcpReq } }: ToolSurroundings<ServerContext>) => {
        told.push([resource, mcpReq.requestState()])
        throw new HadNoEffect(inputRequired({ requestState: `confirmed at ${resource}` }))
      }
      const guarded = guardTools({ pay: { inputSchema: Nothing, execute } } as never, {
        guard: world.guard(),
        policies: { pay: policy(Nothing, { effect: 'write' }) } as never,
        requestState: { key },
      })
      const mcp = createMcpHandler(() =>
        guarded.register(new McpServer({ name: 'x', version: '1' }, { ...guarded.serverOptions })),
      )
      const gate = mcpResourceServer({ resource, audience: world.resource, authorizationServer: world.profile })
      world.port.serve(nodeHandler(gate, mcp.fetch))
    }
    const call = async (resource: string, state?: string) => {
      serve(resource)
      const client = await connectClient(resource, await world.token('ann'))
      const params = { name: 'pay', arguments: {}, ...(state !== undefined && { requestState: state }) }
      return client.callTool(params, { allowInputRequired: true }) as Promise<{ requestState?: string }>
    }
    const { requestState } = await call(world.resource)
    const other = `${new URL(world.resource).origin}/other`
    await expect(call(other, requestState)).rejects.toThrow(/state/i)
    await call(world.resource, requestState)
    expect(told).toEqual([
      [world.resource, undefined],
      [world.resource, `confirmed at ${world.resource}`],
    ])
  },
)
