import { currentCall, policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import { tool } from '@langchain/core/tools'
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
  const named = { name: 'look', description: 'Looks' }
  const toolOf = (schema: ReturnType<typeof schemaOf>, body = async () => 'x') => tool(body, { ...named, schema })
  const bareSchema = schemaOf()
  // What the guard does with what LangChain hands over, and nothing else of it.
  const parsing = tool(
    async (parsed) => {
      bareSchema.parse(parsed)
      return 'x'
    },
    { ...named, schema: bareSchema },
  )
  const guardedTool = (takesToken: boolean) => {
    const schema = schemaOf()
    const look = policy(schema, { access })
    const body = takesToken ? () => currentCall(look).access.trade.withToken(async () => 'a-token') : undefined
    return guardTools([toolOf(schema, body)], { guard, policies: { look } })[0]
  }
  return { bare: toolOf(bareSchema), parsing, guarded: guardedTool(false), taking: guardedTool(true) }
}

const input = { field_0: 'a', field_1: 'b' }
const toolCall = { type: 'tool_call', id: 'call-1', name: 'look', args: input } as const
// What the tool nodes hand to a tool, as far as the guard reads it.
const config = { context: { identity }, configurable: { thread_id: 'thread-1' } }
const small = pair(2)
const large = pair(200)

const first = await small.guarded.invoke(toolCall, config)
const second = await small.taking.invoke(toolCall, config)
const texts = `${first.text} ${second.text}`
if (texts !== 'x a-token') throw new Error(`the benchmark is not set up right: ${texts}`)
app.close()

const missed =
  'the guard does the same at 2 fields and at 200. What zod runs for 200 fields is larger than the nearest cache of a processor, so ' +
  'that the guard’s own code is loaded again at each call, which takes up to twice as long on a busy machine.'

bench('LangChain, a tool of 2 fields: invoke', {
  run: () => small.guarded.invoke(toolCall, config),
  peer: { name: 'bare', run: () => small.bare.invoke(toolCall, config) },
  mostOverPeer: 5,
})
bench('LangChain, a tool of 200 fields: invoke, beside the time of its schema', {
  run: () => large.guarded.invoke(toolCall, config),
  peer: { name: 'bare, and one parse by its schema', run: () => large.parsing.invoke(toolCall, config) },
  mostOverPeer: 5,
  missed,
})
for (const [fields, { taking, bare }] of [
  [2, small],
  [200, large],
] as const) {
  bench(`LangChain, a tool of ${fields} fields that takes its token: invoke`, {
    run: () => taking.invoke(toolCall, config),
    peer: { name: 'bare', run: () => bare.invoke(toolCall, config) },
  })
}
