import type { Planner, ToolName } from '@behalf/example-stock-agent'
import { answerOf, type ToolCall } from '@behalf/example-stock-agent/demo'
import { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'

export interface PlannerModelOptions {
  /** Portfolio that "my portfolio" means. A real model reads it in its system prompt. */
  readonly portfolio: string | undefined
  /** First call of the model, whatever the prompt is: a repeated call, as after a crash. */
  readonly begin?: ToolCall | undefined
  readonly planner: Planner
}

/** The scripted planner as a chat model: a prompt becomes a tool call, and a tool's answer becomes words. */
export class PlannerModel extends BaseChatModel {
  readonly #options: PlannerModelOptions

  constructor(options: PlannerModelOptions) {
    super({})
    this.#options = options
  }

  override _llmType(): string {
    return 'scripted-planner'
  }

  override bindTools(): this {
    return this
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const message = this.#next(messages.at(-1))
    return { generations: [{ text: message.text, message }] }
  }

  #next(last: BaseMessage | undefined): AIMessage {
    if (ToolMessage.isInstance(last)) return new AIMessage(wordsFor(last))
    const { begin, portfolio, planner } = this.#options
    if (begin !== undefined) return calling(begin.id, begin.tool, begin.input)
    const plan = planner(HumanMessage.isInstance(last) ? last.text : '', { portfolio })
    if (plan.kind === 'say') return new AIMessage(plan.text)
    return calling(`call-${crypto.randomUUID()}`, plan.tool, plan.input)
  }
}

/** Returns a message with a call. A repeated message keeps its id, since the slot of a call contains it. */
const calling = (id: string, name: ToolName, input: unknown): AIMessage =>
  new AIMessage({
    id: `turn of ${id}`,
    content: '',
    tool_calls: [{ id, name, args: input as Record<string, unknown> }],
  })

/** Returns a sentence about a result. A model sees only the text of the tool. */
function wordsFor({ name, text, status }: ToolMessage): string {
  if (status === 'error') return `That was not done. ${text}`
  return answerOf(name as ToolName, {
    status: 'done',
    result: JSON.parse(text),
    trace: { tool: name ?? '', steps: [] },
  })
}
