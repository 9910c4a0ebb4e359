import { interruptsOf, type PendingCall, queryWith, resumeWhenResolved, toClaudeTools } from '@behalf/claude-agent-sdk'
import { scriptedPlanner, tools } from '@behalf/example-stock-agent'
import { scripted, serve } from '@behalf/example-stock-agent-claude-agent/scripted-model'
import type { ChatMaker, Turn } from './chat.ts'

/** A conversation between two requests. */
interface Kept {
  readonly session: string
  readonly pending: readonly PendingCall[]
}

/**
 * Makes chats on the Claude Agent SDK.
 *
 * @param home - Folder of the CLI's sessions.
 * @param kept - Conversations, by the name of user and thread.
 */
export const claudeChats =
  (home: string, kept = new Map<string, Kept>()): ChatMaker =>
  ({ guard, identity, threadId, portfolio }) => {
    const name = JSON.stringify([identity.subject, threadId])
    const { session, pending } = kept.get(name) ?? { pending: [] }
    const turn = async (prompt: string): Promise<Turn> => {
      const model = await serve(scripted(scriptedPlanner, portfolio))
      const guarded = toClaudeTools(guard, tools, { identity, pending })
      const sessionId = session ?? crypto.randomUUID()
      let text = ''
      const options = {
        ...(session === undefined ? { sessionId } : { resume: session }),
        cwd: home,
        env: {
          ...process.env,
          ANTHROPIC_BASE_URL: model.url,
          ANTHROPIC_API_KEY: 'scripted',
          HOME: home,
          CLAUDE_CONFIG_DIR: home,
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          DISABLE_AUTOUPDATER: '1',
          DISABLE_TELEMETRY: '1',
        },
        model: 'claude-sonnet-4-5',
        settingSources: [],
        systemPrompt: `You trade shares for the user. Their own portfolio is ${portfolio}.`,
        tools: [],
      }
      try {
        for await (const message of queryWith(guarded, { prompt, options })) {
          if (message.type === 'result' && message.subtype === 'success') text = message.result
        }
      } finally {
        model.close()
      }
      const waiting = interruptsOf(guarded)
      kept.set(name, { session: sessionId, pending: waiting })
      return { text, pending: waiting }
    }
    return {
      pending: () => pending,
      ask: turn,
      async goOn() {
        const { status } = await resumeWhenResolved(pending, { guard, identity })
        // A call whose question is no longer stored is decided again.
        return status === 'open' ? { text: '', pending } : turn('Go on.')
      },
    }
  }
