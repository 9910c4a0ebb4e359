import { currentCall, policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import { RequestContext } from '@mastra/core/request-context'
import { createTool } from '@mastra/core/tools'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { manyFields } from '../../../scripts/bench/many-fields.ts'
import { guardTools } from '../src/index.ts'

// The way that most calls go: allowed, and the token is cached.

const app = await startMockApp()
const guard = app.guard()
const identity = await app.login()
const access = {
  trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: ['https://api.stocktrade.example'] }),
}

/** A tool whose schema has this many fields, bare and guarded. */
function pair(fields: number) {
  const schemaOf = () => z.object(manyFields(fields, () => z.optional(z.string())))
  const toolsOf = (inputSchema: ReturnType<typeof schemaOf>, execute: () => Promise<unknown> = async () => 1) => ({
    look: createTool({ id: 'look', description: 'x', inputSchema, execute }),
  })
  const guardedTools = (takesToken: boolean) => {
    const inputSchema = schemaOf()
    const look = policy(inputSchema, { access })
    const body = takesToken ? () => currentCall(look).access.trade.withToken(async () => 'a-token') : undefined
    return guardTools(toolsOf(inputSchema, body), { guard, policies: { look }, identity })
  }
  const bareSchema = schemaOf()
  return { bareSchema, bare: toolsOf(bareSchema), guarded: guardedTools(false), taking: guardedTools(true) }
}

const input = { field_0: 'a', field_1: 'b' }
const requestContext = new RequestContext()
const contextOf = (toolCallId: string) =>
  ({
    requestContext,
    runId: 'run-1',
    writer: {},
    agent: { agentId: 'a', toolCallId, messages: [], suspend: async () => {} },
  }) as never
const context = contextOf('call-1')
const small = pair(2)
const large = pair(200)

const first = await small.guarded.look.execute?.(input, context)
const second = await small.taking.look.execute?.(input, context)
if (first !== 1 || second !== 'a-token') throw new Error('the benchmark is not set up right')
app.close()

const execute = (tools: typeof small.bare) => () => tools.look.execute?.(input, context)

bench('Mastra, a tool of 2 fields: execute', {
  run: execute(small.guarded),
  peer: { name: 'bare', run: execute(small.bare) },
  mostOverPeer: 5,
})
bench('Mastra, a tool of 200 fields: execute', {
  run: execute(large.guarded),
  peer: {
    name: 'bare, and two more parses by its schema',
    run: () => {
      // By the policy, and by the check that the tool's own schema changes nothing of it.
      large.bareSchema.parse(input)
      large.bareSchema.parse(input)
      return large.bare.look.execute?.(input, context)
    },
  },
  mostOverPeer: 5,
})
for (const [fields, { taking, bare }] of [
  [2, small],
  [200, large],
] as const) {
  bench(`Mastra, a tool of ${fields} fields that takes its token: execute`, {
    run: execute(taking),
    peer: { name: 'bare', run: execute(bare) },
  })
}
