import { currentCall, policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import { asSchema, generateText, isStepCount, type ToolExecutionOptions, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { manyFields } from '../../../scripts/bench/many-fields.ts'
import { guardTools } from '../src/index.ts'

// The way that most calls go: allowed, and the token is cached. What is promised is the guard's own time; the rows of bodies that
// take the token stand beside those of other packages, which give a token and nothing else.

const app = await startMockApp()
const guard = app.guard()
const identity = await app.login()
const access = {
  trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: ['https://api.stocktrade.example'] }),
}

/** A tool whose schema has this many fields, bare and guarded. */
function pair(fields: number) {
  const schemaOf = () => z.object(manyFields(fields, () => z.optional(z.string())))
  const toolsOf = (inputSchema: ReturnType<typeof schemaOf>, execute = async () => 1) => ({
    look: tool({ inputSchema, execute }),
  })
  const guardedTools = (takesToken: boolean) => {
    const inputSchema = schemaOf()
    const look = policy(inputSchema, { access })
    const execute = takesToken ? () => currentCall(look).access.trade.withToken(({ length }) => length) : undefined
    return guardTools(toolsOf(inputSchema, execute), { guard, policies: { look }, identity, threadId: 'thread-1' })
  }
  const bareSchema = schemaOf()
  return { bareSchema, bare: toolsOf(bareSchema), guarded: guardedTools(false), taking: guardedTools(true) }
}

const input = { field_0: 'a', field_1: 'b' }
const options: ToolExecutionOptions<Record<string, unknown>> = { toolCallId: 'call-1', messages: [], context: {} }
/** The input as the AI SDK hands over that of a model's call, which it parsed just now. */
async function parsedBy({ tools }: { readonly tools: ReturnType<typeof pair>['bare'] }): Promise<typeof input> {
  const parsed = await asSchema(tools.look.inputSchema).validate?.(input)
  if (parsed?.success !== true) throw new Error('the benchmark is not set up right')
  return parsed.value as typeof input
}
const small = pair(2)
const large = pair(200)

const first = await small.guarded.tools.look.execute?.(await parsedBy(small.guarded), options)
const length = await small.taking.tools.look.execute?.(await parsedBy(small.taking), options)
if (first !== 1 || !(Number(length) > 1)) throw new Error('the benchmark is not set up right')
app.close()

const execute = (tools: typeof small.bare) => () => tools.look.execute?.(input, options)
/** What a call costs in a loop of the AI SDK, which asks before it executes. */
async function whole(one: typeof small.guarded) {
  const parsed = await parsedBy(one)
  return async () => {
    await one.toolApproval.look(parsed, { toolCallId: 'call-1' })
    return one.tools.look.execute?.(parsed, options)
  }
}

bench('AI SDK, a tool of 2 fields: toolApproval and execute', {
  run: await whole(small.guarded),
  peer: { name: 'bare execute', run: execute(small.bare) },
  mostOverPeer: 10,
})
bench('AI SDK, a tool of 200 fields: toolApproval and execute, beside the time of its schema', {
  run: await whole(large.guarded),
  peer: {
    name: 'bare execute, and two parses by its schema',
    run: () => {
      large.bareSchema.parse(input)
      large.bareSchema.parse(input)
      return large.bare.look.execute?.(input, options)
    },
  },
  mostOverPeer: 10,
})
for (const [fields, { taking, bare }] of [
  [2, small],
  [200, large],
] as const) {
  bench(`AI SDK, a tool of ${fields} fields that takes its token: toolApproval and execute`, {
    run: await whole(taking),
    peer: { name: 'bare execute', run: execute(bare) },
  })
}

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
