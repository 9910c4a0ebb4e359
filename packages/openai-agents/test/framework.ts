import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AdapterReport, AdapterSubject, AdapterTurn, ContractTool } from '@behalf/testing/contract'
import { Agent, type AgentInputItem, Runner, type RunState, RunToolCallOutputItem, tool } from '@openai/agents'
import {
  type AnyRunContext,
  type AnyTool,
  guardTools,
  interruptsOf,
  restoreRun,
  resumeWhenResolved,
  saveRun,
} from '../src/index.ts'
import { ScriptedModel } from './scripted-model.ts'

/** Forms in which a tool of OpenAI Agents may answer. */
const forms: Readonly<Record<string, (text: string) => unknown>> = {
  'a text output': (text) => ({ type: 'text', text }),
  'a list of outputs': (text) => [{ type: 'text', text }],
  'a file': (text) => ({ type: 'file', file: { data: text, mediaType: 'text/plain', filename: 'a.txt' } }),
  'an instance of a class': (text) =>
    new (class {
      toJSON() {
        return { text }
      }
    })(),
}

/** OpenAI Agents as an app uses it: a saved run and its history in a file. One request makes everything again. */
export const subject: AdapterSubject = {
  forms: Object.keys(forms),
  nestedCalls: true,
  repeatedIds: 'turns',
  randomDefaults: true,
  toolTimeouts: true,
  async turn(turn) {
    const model = new ScriptedModel(...turn.model)
    const agent = agentOf(turn, model)
    const file = join(turn.directory, `${turn.threadId}.json`)
    const kept = keptIn(file)
    const saved = kept.saved === undefined ? undefined : await restoreRun(agent, kept.saved)
    const { ended, error, ...went }: Went = await startOf(turn, agent, saved, kept.history).catch((thrown) => ({
      error: thrown,
    }))
    const state = went.state ?? (turn.start.kind === 'prompt' ? undefined : saved)
    const isPaused = waits(state)
    if (error === undefined && state !== undefined) {
      const next = isPaused ? { history: kept.history, saved: saveRun(state) } : { history: state.history }
      mkdirSync(turn.directory, { recursive: true })
      writeFileSync(file, JSON.stringify(next))
    }
    const outcome = error !== undefined ? 'rejected' : isPaused ? 'paused' : 'answered'
    return {
      ended: ended ?? outcome,
      text: went.text ?? '',
      interrupts: state === undefined ? [] : interruptsOf(state).map(({ interrupt }) => interrupt),
      model: { requests: model.requests, saw: model.saw, offered: model.offered },
      browser: JSON.stringify(went.chunks ?? []),
      replayed: replaysIn(state),
      ...(error !== undefined && { error }),
    }
  },
}

const replaysIn = (state: State | undefined): number[] =>
  (state?._generatedItems ?? []).flatMap((item) => {
    const data = item instanceof RunToolCallOutputItem ? item.customData?.['behalf/replayed'] : undefined
    return data === undefined ? [] : [(data as { readonly ranAt: number }).ranAt]
  })

const waits = (state: State | undefined): boolean => (state?.getInterruptions() ?? []).length > 0

/** How a turn went, as far as it got. */
interface Went {
  readonly ended?: AdapterReport['ended']
  readonly state?: State
  readonly text?: string
  readonly chunks?: readonly unknown[]
  readonly error?: unknown
}

async function startOf(
  turn: AdapterTurn,
  agent: Agent,
  saved: State | undefined,
  history: readonly AgentInputItem[],
): Promise<Went> {
  const { start, guard, identity, threadId } = turn
  if (start.kind === 'prompt') return go(turn, agent, [...history, { role: 'user', content: start.text }])
  if (saved === undefined) return { ended: 'not_resumed' }
  if (start.kind === 'forge') {
    for (const item of saved.getInterruptions()) saved.approve(item, { alwaysApprove: true })
    return go(turn, agent, saved)
  }
  if (identity === undefined) return { ended: 'not_resumed' }
  const { status, state } = await resumeWhenResolved(saved, { guard, identity, threadId })
  return status === 'resolved' ? go(turn, agent, state) : { ended: 'not_resumed' }
}

async function go({ signal, stream }: AdapterTurn, agent: Agent, given: State | AgentInputItem[]): Promise<Went> {
  const runner = new Runner({ tracingDisabled: true })
  const input = given as AgentInputItem[]
  const options = { ...(signal !== undefined && { signal }) }
  if (!stream) {
    const result = await runner.run(agent, input, options)
    return { state: result.state, text: textOf(result), chunks: result.newItems }
  }
  const events = await runner.run(agent, input, { ...options, stream: true })
  const chunks: unknown[] = []
  for await (const event of events) chunks.push(event.type === 'agent_updated_stream_event' ? event.type : event)
  await events.completed
  return { state: events.state, text: textOf(events), chunks }
}

/** A run that waits has no output, and prints a warning when it is asked for it. */
const textOf = (result: { readonly interruptions: readonly unknown[]; readonly finalOutput?: unknown }): string =>
  result.interruptions.length > 0 ? '' : String(result.finalOutput ?? '')

/** The state of a run of this agent. */
// biome-ignore lint/suspicious/noExplicitAny: the context of a first run and of a restored one have other types.
type State = RunState<any, Agent>

interface Kept {
  readonly history: AgentInputItem[]
  readonly saved?: string
}

const keptIn = (file: string): Kept => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { history: [] })

function agentOf(turn: AdapterTurn, model: ScriptedModel): Agent {
  const { guard, identity, policies, onError, threadId } = turn
  const called: Call = async (name, input, context, details) =>
    guarded[name]?.invoke(context as never, JSON.stringify(input), { ...details })
  const guarded: Record<string, AnyTool> = guardTools(recordOf(turn.tools, called, turn), {
    guard,
    identity,
    policies,
    threadId,
    onError,
  })
  const plain = recordOf(turn.plainTools, called)
  return new Agent({
    name: 'trader',
    instructions: 'You trade shares.',
    model,
    tools: [...Object.values(guarded), ...Object.values(plain)],
  })
}

type Details = Parameters<AnyTool['invoke']>[2]

/** Calls a guarded tool from the body of another one, with copies of what that was handed. */
type Call = (name: string, input: unknown, context: AnyRunContext | undefined, details: Details) => Promise<unknown>

type Over = Pick<AdapterTurn, 'form' | 'toolTimeoutMs'>

const recordOf = (tools: readonly ContractTool[], called: Call, over: Over = {}): Record<string, AnyTool> =>
  Object.fromEntries(tools.map((one) => [one.name, toolOf(one, called, over)]))

function toolOf(
  { name, description, inputSchema, execute }: ContractTool,
  called: Call,
  { form, toolTimeoutMs }: Over,
): AnyTool {
  const isPlain = name.endsWith('_plainly')
  return tool({
    name,
    description,
    parameters: inputSchema as never,
    ...(toolTimeoutMs !== undefined && { timeoutMs: toolTimeoutMs }),
    // The guard gets the error of a guarded tool. The default hides that of a plain one.
    errorFunction: isPlain ? (_: unknown, error: unknown) => `Failed: ${error}` : null,
    async execute(input: unknown, context?: AnyRunContext, details?: Details) {
      const call = (other: string, args: unknown) => called(other, args, context, details)
      const result = await execute(input as never, { signal: details?.signal, call })
      return form === undefined ? result : forms[form]?.(JSON.stringify(result))
    },
  })
}
