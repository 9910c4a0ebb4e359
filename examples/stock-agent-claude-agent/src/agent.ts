import type { Options } from '@anthropic-ai/claude-agent-sdk'
import { interruptsOf, type PendingCall, queryWith, resumeWhenResolved, toClaudeTools } from '@behalf/claude-agent-sdk'
import type { Outcome, Slot } from '@behalf/core'
import { tools } from '@behalf/example-stock-agent'
import {
  type ResumableAgent,
  type StockAgentOptions,
  type ToolCall,
  type Turn,
  type WatchedGuard,
  watchGuard,
} from '@behalf/example-stock-agent/demo'
import type { Conversations } from './conversation-files.ts'
import { type Plan, repeating, scripted, serve } from './scripted-model.ts'

export interface ClaudeAgentOptions extends StockAgentOptions {
  readonly conversations: Conversations
  /** Name of a real model. @default the scripted planner */
  readonly modelId?: string | undefined
}

/** Parses the data of a result: the SDK takes it as text, and the demo checks it. */
function unwrapped(outcome: Outcome<unknown>): Outcome<unknown> {
  if (outcome.status !== 'done') return outcome
  const { content } = outcome.result as { readonly content: readonly { readonly text: string }[] }
  return { ...outcome, result: JSON.parse(content[0]?.text ?? 'null') }
}

/** Start of a turn: with the model, with a waiting session, or with a repeated call. */
type Beginning =
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'continue' }
  | { readonly kind: 'repeat'; readonly call: ToolCall }

/** A session of the CLI, in a folder. */
interface Session {
  readonly home: string
  readonly id: string
  readonly isNew: boolean
}

/** The stock agent on the Claude Agent SDK: only files are stored between two requests. */
export function createClaudeAgent(options: ClaudeAgentOptions): ResumableAgent {
  return {
    ask: (text) => converse(options, { kind: 'prompt', text }),
    goOn: () => converse(options, { kind: 'continue' }),
    retry: (call) => converse(options, { kind: 'repeat', call }),
  }
}

const idOf = (slot: Slot) => [slot].flat().at(-1) ?? ''

/** Begins, waits for the person, and continues, until no call waits or the agent leaves. */
async function converse(options: ClaudeAgentOptions, beginning: Beginning): Promise<Turn> {
  const { identity, threadId, conversations } = options
  // Each user has a separate conversation. In a shared one, the guard would keep users apart too.
  const name = `${threadId} of ${identity?.kind === 'user' ? identity.subject : 'no user'}`
  const trader = new Trader(options)
  if (beginning.kind === 'repeat') {
    // Repeats the call in a fresh home, as if the session were restored from an earlier backup.
    const { call } = beginning
    const session = { home: conversations.freshHome(), id: conversations.sessionOf(call.id) }
    const pending = await trader.run('(again)', { ...session, isNew: true }, [], repeating(call))
    await goOn(options, trader, session, pending)
    return trader.turn('')
  }
  const kept = conversations.read(name)
  const session = { home: conversations.home, id: kept.session ?? crypto.randomUUID() }
  const prompt = beginning.kind === 'prompt' ? beginning.text : ''
  // A session that waits is not given another prompt.
  const isAsked = prompt !== '' && kept.pending.length === 0
  const isNew = kept.session === undefined
  const waiting = isAsked ? await trader.run(prompt, { ...session, isNew }, []) : kept.pending
  const pending = await goOn(options, trader, session, waiting)
  conversations.save(name, { session: session.id, pending })
  const turn = trader.turn(prompt)
  if (turn.call !== undefined) conversations.keepSession(turn.call.id, session.id)
  return turn
}

/** Waits for the person, and returns the calls that wait when the agent leaves. */
async function goOn(
  { guard, identity, waitForPerson }: ClaudeAgentOptions,
  trader: Trader,
  session: Omit<Session, 'isNew'>,
  begun: readonly PendingCall[],
): Promise<readonly PendingCall[]> {
  let pending = begun
  for (let [waiting] = pending; waiting !== undefined; [waiting] = pending) {
    trader.answer = waiting.interrupt.message
    const isQuestion = waiting.interrupt.kind === 'approval_pending'
    if (!isQuestion || identity === undefined || (await waitForPerson(waiting.interrupt)) === 'leave') break
    const { status } = await resumeWhenResolved(pending, { guard, identity })
    if (status === 'resolved') pending = await trader.run('Go on.', { ...session, isNew: false }, pending)
  }
  return pending
}

/** The agent of one request. */
class Trader {
  answer = ''
  readonly #watched: WatchedGuard
  readonly #options: ClaudeAgentOptions

  constructor(options: ClaudeAgentOptions) {
    this.#options = options
    this.#watched = watchGuard(options.guard, idOf, options.onCall)
  }

  turn(prompt: string): Turn {
    const call = this.#watched.call()
    return { prompt, answer: this.answer, outcomes: this.#watched.outcomes.map(unwrapped), ...(call && { call }) }
  }

  /** Runs the CLI, notes the answer, and returns the calls that wait. */
  async run(prompt: string, session: Session, pending: readonly PendingCall[], plan?: Plan) {
    const { identity, modelId, planner, portfolio } = this.#options
    const model = modelId === undefined ? await serve(plan ?? scripted(planner, portfolio)) : undefined
    const guarded = toClaudeTools(this.#watched.guard, tools, { identity, pending })
    try {
      const options = this.#settings(session, model?.url)
      for await (const message of queryWith(guarded, { prompt, options })) {
        if (message.type === 'result' && message.subtype === 'success') this.answer = message.result
      }
    } finally {
      model?.close()
    }
    return interruptsOf(guarded)
  }

  #settings({ home, id, isNew }: Session, url: string | undefined): Options {
    const { modelId = 'claude-sonnet-4-5', portfolio } = this.#options
    const scriptedEnv = url !== undefined && { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'scripted', HOME: home }
    return {
      ...(isNew ? { sessionId: id } : { resume: id }),
      cwd: home,
      env: {
        ...process.env,
        ...scriptedEnv,
        CLAUDE_CONFIG_DIR: home,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
      },
      model: modelId,
      settingSources: [],
      systemPrompt: `You trade shares for the user. Their own portfolio is ${portfolio ?? 'unknown'}.`,
      tools: [],
    }
  }
}
