import { type HookInput, tool } from '@anthropic-ai/claude-agent-sdk'
import { policy } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { startMockApp } from '@behalf/testing'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { manyFields } from '../../../scripts/bench/many-fields.ts'
import { guardTools } from '../src/index.ts'

// The way that most calls go: allowed, and the token is cached. The hook and the tool, without the CLI between them.

const app = await startMockApp()
const guard = app.guard()
const identity = await app.login()
const access = {
  trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: ['https://api.stocktrade.example'] }),
}
const input = { field_0: 'a', field_1: 'b' }
const extra = { _meta: { 'claudecode/toolUseId': 'call-1' } }
const signal = new AbortController().signal
const given = {
  session_id: 'session-1',
  transcript_path: '/x',
  cwd: '/x',
  tool_name: 'mcp__behalf__look',
  tool_input: input,
  tool_use_id: 'call-1',
  mcp_server: { name: 'behalf', source: 'sdk' },
}
const hookInput: HookInput = { ...given, hook_event_name: 'PreToolUse' }

/** A tool whose schema has this many fields, bare and guarded. */
function pair(fields: number) {
  const shape = manyFields(fields, () => z.nullish(z.string()))
  const look = tool('look', 'x', shape, async () => ({ content: [{ type: 'text', text: '1' }] }))
  const policies = { look: policy(z.object(shape), { access }) }
  const guarded = guardTools({ look }, { guard, policies: policies as never, identity })
  const [hook] = guarded.hooks.PreToolUse?.[0]?.hooks ?? []
  const [one] = guarded.tools
  const schema = z.object(shape)
  return {
    bare: async () => look.handler(schema.parse(input) as never, extra),
    guarded: async () => {
      await hook?.(hookInput, 'call-1', { signal })
      return one?.handler(schema.parse(input), extra)
    },
  }
}

const small = pair(2)
const large = pair(200)
if ((await small.guarded())?.isError === true) throw new Error('the benchmark is not set up right')
app.close()

bench('Claude Agent SDK, a tool of 2 fields: hook and handler', {
  run: small.guarded,
  peer: { name: 'bare handler', run: small.bare },
  mostOverPeer: 20,
})
bench('Claude Agent SDK, a tool of 200 fields: hook and handler', {
  run: large.guarded,
  peer: { name: 'bare handler', run: large.bare },
  mostOverPeer: 60,
})
