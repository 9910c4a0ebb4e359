import { policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import { generateText, isStepCount, type ToolExecutionOptions, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
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
  const toolsOf = (inputSchema: ReturnType<typeof schemaOf>) => ({
    look: tool({ inputSchema, execute: async () => 1 }),
  })
  const [bareSchema, inputSchema] = [schemaOf(), schemaOf()]
  const guarded = guardTools(toolsOf(inputSchema), {
    guard,
    policies: { look: policy(inputSchema, { access }) },
    identity,
    threadId: 'thread-1',
  })
  return { bareSchema, bare: toolsOf(bareSchema), guarded }
}

const input = { field_0: 'a', field_1: 'b' }
const options: ToolExecutionOptions<Record<string, unknown>> = { toolCallId: 'call-1', messages: [], context: {} }
const small = pair(2)
const large = pair(200)

const first = await small.guarded.tools.look.execute?.(input, options)
if (first !== 1) throw new Error('the benchmark is not set up right')
app.close()

const execute = (tools: typeof small.bare) => () => tools.look.execute?.(input, options)

bench('AI SDK, a tool of 2 fields: execute', {
  run: execute(small.guarded.tools),
  peer: { name: 'bare', run: execute(small.bare) },
  mostOverPeer: 5,
})
bench('AI SDK, a tool of 200 fields: execute', {
  run: execute(large.guarded.tools),
  peer: {
    name: 'bare, and one parse by its schema',
    run: () => {
      large.bareSchema.parse(input)
      return large.bare.look.execute?.(input, options)
    },
  },
  mostOverPeer: 5,
})
bench('AI SDK: toolApproval, which asks the guard once before', {
  run: () => small.guarded.toolApproval.look(input, { toolCallId: 'call-1' }),
  peer: { name: 'nothing', run: async () => undefined },
  mostOverPeer: 5,
})

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}
const calling = new MockLanguageModelV4({
  doGenerate: async () => ({
    content: [{ type: 'tool-call', toolCallId: 'call-1', toolName: 'look', input: JSON.stringify(input) }],
    finishReason: { unified: 'tool-calls', raw: undefined },
    usage,
    warnings: [],
  }),
})
const generation = (tools: Partial<typeof small.guarded>) => () => {
  // The mock keeps every request.
  calling.doGenerateCalls.length = 0
  return generateText({ model: calling, prompt: 'x', ...tools, stopWhen: isStepCount(1) })
}

bench('AI SDK: a whole generateText of one call, preflight included', {
  run: generation(small.guarded),
  peer: { name: 'bare', run: generation({ tools: small.bare }) },
})
