import { policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import { RunContext, tool } from '@openai/agents'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { manyFields } from '../../../scripts/bench/many-fields.ts'
import { type AnyTool, guardTools } from '../src/index.ts'

// The way that most calls go: allowed, and the token is cached.

const app = await startMockApp()
const guard = app.guard()
const identity = await app.login()
const access = {
  trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: ['https://api.stocktrade.example'] }),
}

/** A tool whose schema has this many fields, bare and guarded. */
function pair(fields: number) {
  const schemaOf = () => z.object(manyFields(fields, () => z.nullish(z.string())))
  const [schema, guardedSchema] = [schemaOf(), schemaOf()]
  const toolOf = (parameters: z.ZodType): AnyTool =>
    tool({
      name: 'look',
      description: 'x',
      parameters: parameters as never,
      errorFunction: null,
      execute: async () => '1',
    })
  const look = toolOf(guardedSchema)
  const policies = { look: policy(guardedSchema, { access }) }
  const guarded = guardTools({ look }, { guard, policies: policies as never, identity, threadId: 'thread-1' })
  return { schema, bare: toolOf(schema), guarded: guarded.look }
}

const runContext = new RunContext<unknown>({})
/** As the runner makes them. */
const callback = Symbol('openai.agents.functionToolParsedInputCallback')
const small = pair(2)
const large = pair(200)

const input = { field_0: 'a', field_1: 'b' }
const text = JSON.stringify(input)

function invoke(one: typeof small, which: 'bare' | 'guarded') {
  const toolCall = { type: 'function_call', name: 'look', callId: 'call-1', arguments: text } as const
  const details = { toolCall, [callback]: () => {} } as object
  return () => one[which].invoke(runContext, text, { ...details })
}

if ((await invoke(small, 'guarded')()) !== '1') throw new Error('the benchmark is not set up right')
app.close()

bench('OpenAI Agents, a tool of 2 fields: invoke', {
  run: invoke(small, 'guarded'),
  peer: { name: 'bare', run: invoke(small, 'bare') },
  mostOverPeer: 5,
})
const bareLarge = invoke(large, 'bare')
bench('OpenAI Agents, a tool of 200 fields: invoke', {
  run: invoke(large, 'guarded'),
  peer: {
    name: 'bare, and one more parse by its schema',
    run: () => {
      large.schema.parse(input)
      return bareLarge()
    },
  },
  mostOverPeer: 5,
})
