import { scriptedPlanner, tools } from '@behalf/example-stock-agent'
import { scriptedModel } from '@behalf/example-stock-agent-openai-agents/scripted-model'
import {
  interruptsOf,
  type PendingCall,
  restoreRun,
  resumeWhenResolved,
  saveRun,
  toOpenAiTools,
} from '@behalf/openai-agents'
import { Agent, type AgentInputItem, Runner, type RunState, user } from '@openai/agents'
import type { ChatMaker, Turn } from './chat.ts'

/** A conversation between two requests. */
interface Kept {
  readonly history: AgentInputItem[]
  readonly pending: readonly PendingCall[]
  /** The run that waits, as `saveRun` wrote it. */
  readonly saved?: string
}

const runner = new Runner({ tracingDisabled: true })

/** Makes chats on OpenAI Agents. @param kept - conversations, by the name of user and thread */
export const openAiChats =
  (kept = new Map<string, Kept>()): ChatMaker =>
  ({ guard, identity, threadId, portfolio }) => {
    const name = JSON.stringify([identity.subject, threadId])
    const { history, pending, saved } = kept.get(name) ?? { history: [], pending: [] }
    const agent = new Agent({
      name: 'trader',
      instructions: `You trade shares for the user. Their own portfolio is ${portfolio}.`,
      model: scriptedModel(scriptedPlanner, portfolio),
      tools: toOpenAiTools(guard, tools, { identity, threadId }),
    })
    const turn = async (input: AgentInputItem[] | RunState<unknown, typeof agent>): Promise<Turn> => {
      const result = await runner.run(agent, input)
      const waiting = interruptsOf(result)
      kept.set(
        name,
        waiting.length > 0
          ? { history, pending: waiting, saved: saveRun(result) }
          : { history: result.history, pending: [] },
      )
      return { text: waiting.length > 0 ? '' : String(result.finalOutput ?? ''), pending: waiting }
    }
    return {
      pending: () => pending,
      ask: (prompt) => turn([...history, user(prompt)]),
      async goOn() {
        const restored = await restoreRun(agent, saved ?? '')
        const { status, state } = await resumeWhenResolved(restored, { guard, identity, threadId })
        // A call whose question is no longer stored is decided again.
        return status === 'open' ? { text: '', pending } : turn(state)
      },
    }
  }
