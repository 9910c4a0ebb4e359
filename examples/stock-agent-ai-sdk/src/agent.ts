import { interruptsOf, resumeWhenResolved, toAiTools } from '@behalf/ai-sdk'
import { policies, tools } from '@behalf/example-stock-agent'
import {
  type ResumableAgent,
  type StockAgentOptions,
  type ToolCall,
  type Turn,
  watchGuard,
} from '@behalf/example-stock-agent/demo'
import { generateText, isStepCount, type ModelMessage } from 'ai'
import type { Conversations } from './conversation-file.ts'
import { type Model, repeatingModel, scriptedModel } from './scripted-model.ts'

export interface AiSdkAgentOptions extends StockAgentOptions {
  readonly conversations: Conversations
  /** A real model. @default the scripted planner */
  readonly model?: Model | undefined
}

/** The stock agent on the Vercel AI SDK: only messages are stored between two requests. */
export function createAiSdkAgent(options: AiSdkAgentOptions): ResumableAgent {
  const { conversations, identity, threadId, planner, portfolio } = options
  const model = options.model ?? scriptedModel(planner, portfolio)
  // Each user has a separate conversation. In a shared one, the guard would keep users apart too.
  const name = `${threadId} of ${identity?.kind === 'user' ? identity.subject : 'no user'}`
  const goOn = async (prompt: string, before: readonly ModelMessage[]) => {
    const { turn, messages } = await converse(options, prompt, before, model)
    conversations.save(name, messages)
    return turn
  }
  return {
    async ask(prompt) {
      const saved = conversations.read(name)
      // A conversation that waits is not sent to the model with something else: the AI SDK refuses it.
      return goOn(prompt, interruptsOf(saved).length > 0 ? saved : [...saved, userSays(prompt)])
    },
    goOn: () => goOn('', conversations.read(name)),
    // A replayed backup of the messages has the same effect: it contains the call again, with its id.
    retry: async (call: ToolCall) => (await converse(options, '', [userSays('(again)')], repeatingModel(call))).turn,
  }
}

const userSays = (content: string): ModelMessage => ({ role: 'user', content })

/** Generates, waits for the person, and continues, until no call waits or the agent leaves. */
async function converse(
  { guard, identity, threadId, onCall, waitForPerson, portfolio }: AiSdkAgentOptions,
  prompt: string,
  before: readonly ModelMessage[],
  model: Model,
): Promise<{ readonly turn: Turn; readonly messages: readonly ModelMessage[] }> {
  const watched = watchGuard(guard, (slot) => (typeof slot === 'string' ? slot : slot[1]), onCall)
  let messages = [...before]
  let answer = ''
  if (messages.at(-1)?.role === 'user') await generate()
  for (;;) {
    const [waiting] = interruptsOf(messages)
    if (waiting === undefined) break
    answer = waiting.interrupt.message
    const isQuestion = waiting.interrupt.kind === 'approval_pending'
    if (!isQuestion || identity === undefined || (await waitForPerson(waiting.interrupt)) === 'leave') break
    const resumed = await resumeWhenResolved(messages, { guard, identity, threadId })
    if (resumed.status !== 'resolved') continue
    messages = resumed.messages
    await noteRefusal(waiting.toolCallId)
    await generate()
  }
  const call = watched.call()
  return { turn: { prompt, answer, outcomes: watched.outcomes, ...(call && { call }) }, messages }

  async function generate(): Promise<void> {
    const result = await generateText({
      model,
      instructions: `You trade shares for the user. Their own portfolio is ${portfolio ?? 'unknown'}.`,
      messages,
      ...toAiTools(watched.guard, tools, { identity, threadId }),
      stopWhen: isStepCount(5),
    })
    messages = [...messages, ...result.responseMessages]
    answer = result.text
  }

  /**
   * Calls the guard again after a denial, to show its trace: the AI SDK reports a denial to the model without the
   * guard.
   */
  async function noteRefusal(toolCallId: string): Promise<void> {
    const last = messages.at(-1)
    const isRefused =
      last?.role === 'tool' && last.content.some((part) => part.type === 'tool-approval-response' && !part.approved)
    const call = watched.call()
    if (!isRefused || call === undefined || identity === undefined) return
    const { tool, input } = call
    await watched.guard.preflight(policies[tool], { tool, slot: [threadId, toolCallId], input, identity })
  }
}
