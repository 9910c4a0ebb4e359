import { type Event, EventType } from '@ag-ui/core'
import { RunAgentInputSchema } from '@ag-ui/core/schemas'
import type { Guard, Identity, UserIdentity } from '@behalf/core'
import { agUiInterrupts, takeAgUiResume } from '@behalf/core/interrupts'
import type { ChatMaker } from './chat.ts'

type Input = ReturnType<typeof RunAgentInputSchema.parse>

/** Options of {@link agUiHandler}. */
export interface AgUiHandlerOptions {
  readonly guard: Guard
  /** Returns the verified user of a request. `undefined`: no user is signed in. */
  readonly identityOf: (request: Request) => Promise<Identity | undefined>
  readonly chatOf: ChatMaker
  readonly portfolioOf: (identity: UserIdentity) => string
}

/**
 * Serves an agent to clients of AG-UI 1.0, such as CopilotKit's runtime.
 *
 * The server stores the conversations. Of a request, it reads the thread, the last message of the user, and `resume` as
 * a wake-up: not the history, and no answer.
 */
export const agUiHandler =
  (options: AgUiHandlerOptions) =>
  async (request: Request): Promise<Response> => {
    const identity = await options.identityOf(request)
    if (identity?.kind !== 'user') return new Response(null, { status: 401 })
    const { success, data: input } = RunAgentInputSchema.safeParse(await request.json().catch(() => undefined))
    if (!success) return new Response(null, { status: 400 })
    const body = new ReadableStream<string>({
      async start(controller) {
        for await (const event of run(input, identity, options)) {
          controller.enqueue(`data: ${JSON.stringify(event)}\n\n`)
        }
        controller.close()
      },
    })
    return new Response(body.pipeThrough(new TextEncoderStream()), {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    })
  }

async function* run(
  { threadId, runId, messages, resume }: Input,
  identity: UserIdentity,
  { guard, chatOf, portfolioOf }: AgUiHandlerOptions,
): AsyncGenerator<Event, void> {
  yield { type: EventType.RUN_STARTED, threadId, runId }
  try {
    const chat = chatOf({ guard, identity, threadId, portfolio: portfolioOf(identity) })
    const waiting = chat.pending()
    if (!(await takeAgUiResume(resume, waiting, { guard, identity }))) {
      yield { type: EventType.RUN_ERROR, message: 'resume does not name the calls that wait in this thread' }
      return
    }
    const { text, pending } = waiting.length > 0 ? await chat.goOn() : await chat.ask(promptIn(messages))
    if (text !== '') {
      const messageId = crypto.randomUUID()
      yield { type: EventType.TEXT_MESSAGE_START, messageId, role: 'assistant' }
      yield { type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta: text }
      yield { type: EventType.TEXT_MESSAGE_END, messageId }
    }
    const interrupts = agUiInterrupts(pending)
    const outcome =
      interrupts.length > 0 ? ({ type: 'interrupt', interrupts } as const) : ({ type: 'success' } as const)
    yield { type: EventType.RUN_FINISHED, threadId, runId, outcome }
  } catch {
    // The text of an error may hold secrets.
    yield { type: EventType.RUN_ERROR, message: 'the agent failed' }
  }
}

function promptIn(messages: Input['messages']): string {
  const message = messages.findLast(({ role }) => role === 'user')
  return typeof message?.content === 'string' ? message.content : ''
}
