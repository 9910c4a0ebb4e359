// What `late-reads` of core holds: an entry point reads the app's objects before its first wait.
import { tool } from '@anthropic-ai/claude-agent-sdk'
import { defineTool, policy } from '@behalf/core'
import { coversEachEntryPoint, type Entries, port, readsInTime } from '@behalf/testing/late-reads'
import * as z from 'zod'
import * as adapter from '../src/index.ts'
import { guardTools, interruptsOf, resumeWhenResolved, toClaudeTools } from '../src/index.ts'
import { asked, called, extraOf, hookInput } from './without-cli.ts'
import { approved, transfers, world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const note = tool('note', 'Notes', { amount: z.number() }, async ({ amount }, extra) => {
  const { _meta } = extra as ReturnType<typeof extraOf>
  return { content: [{ type: 'text', text: `noted ${amount} ${_meta['claudecode/toolUseId']}` }] }
})
const policies = { note: policy(Amount, { effect: 'write' }) }

async function optionsOf() {
  const target = await world()
  return { guard: port(target.guard()), policies, identity: await target.login(), onError: () => {} }
}

/** Calls that wait for Ann, who has said yes. */
async function answered() {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const { tools, policies: rules } = transfers()
  const make = (pending: Parameters<typeof resumeWhenResolved>[0]) =>
    guardTools(tools, { guard, policies: rules, identity, pending })
  const guarded = make([])
  await called(guarded, 'transfer', { amount: 50 })
  await approved(target)
  return { guard, identity, guarded, pending: interruptsOf(guarded).map((one) => structuredClone(one)) }
}

const noted = { content: [{ type: 'text', text: 'noted 1 call-1' }] }

const entries: Entries = {
  guardTools: [
    async (watch) => {
      const options = watch.given({
        ...(await optionsOf()),
        builtIn: { policies: {}, unguarded: ['Read'] },
        pending: [],
      })
      const guarded = watch.call(() => guardTools(watch.given({ note }), options))
      return (await called(guarded, 'note', { amount: 1 })).result
    },
    noted,
  ],
  toClaudeTools: [
    async (watch) => {
      const { guard, policies: _, ...context } = await optionsOf()
      const definition = { name: 'note', description: 'Notes', input: Amount, effect: 'write' } as const
      const defined = defineTool({ ...definition, run: ({ amount }) => `noted ${amount}` })
      const guarded = watch.call(() => toClaudeTools(guard, watch.given([defined]), watch.given(context)))
      return (await called(guarded, 'note', { amount: 1 })).result
    },
    { content: [{ text: 'noted 1' }] },
  ],
  resumeWhenResolved: [
    async (watch) => {
      const { guard, identity, pending } = await answered()
      const signal = new AbortController().signal
      const options = watch.given({ guard: { pauses: port(guard.pauses) }, identity, signal })
      return watch.call(() => resumeWhenResolved(watch.given(pending), options))
    },
    { status: 'resolved' },
  ],
  'tool.handler': [
    async (watch) => {
      const guarded = guardTools({ note }, await optionsOf())
      await asked(guarded, hookInput('note', { amount: 1 }))
      const [one = note] = guarded.tools
      return watch.call(() => one.handler(watch.given({ amount: 1 }) as never, watch.given(extraOf('call-1'))))
    },
    noted,
  ],
  'hook.PreToolUse': [
    async (watch) => {
      const guarded = guardTools({ note }, await optionsOf())
      return watch.call(() => asked(guarded, watch.given(hookInput('note', { amount: 1 }))))
    },
    { hookSpecificOutput: { permissionDecision: 'allow' } },
  ],
}

readsInTime(entries)

coversEachEntryPoint({
  modules: [adapter],
  objects: async () => {
    const { tools, hooks } = guardTools({ note }, await optionsOf())
    const [one = note] = tools
    return { tool: { handler: one.handler }, hook: { PreToolUse: hooks.PreToolUse?.[0]?.hooks[0] ?? (() => {}) } }
  },
  tables: [entries],
  // One reads what guardTools made, and one starts a process with what it read.
  exempt: ['interruptsOf', 'queryWith'],
})
