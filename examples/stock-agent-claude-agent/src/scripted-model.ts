import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answersIn, type Planner, promptIn } from '@behalf/example-stock-agent'
import type { ToolCall } from '@behalf/example-stock-agent/demo'

/** The next step of a scripted model: a text, or a call of a tool. */
type Step =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }

/** Chooses the step by the messages of a request. */
export type Plan = (messages: readonly Message[]) => Step

interface Message {
  readonly role: string
  readonly content: string | readonly Block[]
}

interface Block {
  readonly type: string
  readonly text?: string
  readonly id?: string
  readonly name?: string
  readonly tool_use_id?: string
  readonly content?: string | readonly Block[]
}

const PREFIX = 'mcp__behalf__'

/** Makes a model from the scripted planner. It turns results into sentences. */
export const scripted = (planner: Planner, portfolio: string | undefined): Plan =>
  planOf((messages) => {
    const plan = planner(promptIn([{ role: 'user', content: promptOf(messages) }]), { portfolio })
    return plan.kind === 'say'
      ? { type: 'text', text: plan.text }
      : { type: 'tool_use', id: `toolu_${crypto.randomUUID()}`, name: `${PREFIX}${plan.tool}`, input: plan.input }
  })

/** Repeats a call, with its id. */
export const repeating = ({ id, tool, input }: ToolCall): Plan =>
  planOf(() => ({ type: 'tool_use', id, name: `${PREFIX}${tool}`, input }))

const planOf =
  (first: Plan): Plan =>
  (messages) => {
    const content = resultsIn(messages)
    const said = answersIn({ role: 'tool', content })?.join(' ')
    return content.length > 0 && said !== undefined ? { type: 'text', text: said } : first(messages)
  }

const blocksOf = (message: Message | undefined): readonly Block[] => {
  const content = message?.content ?? []
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** Removes the reminders that the CLI adds for the model, as separate texts or after another one. */
const withoutReminders = (text: string): string => (text.split('<system-reminder>')[0] ?? '').trim()

const promptOf = (messages: readonly Message[]): string =>
  blocksOf(messages.at(-1))
    .map(({ text = '' }) => withoutReminders(text))
    .join(' ')
    .trim()

/** Results in the last message. Those of the stock tools are JSON, and a refusal is a sentence. */
function resultsIn(messages: readonly Message[]) {
  const all = messages.flatMap(blocksOf)
  return blocksOf(messages.at(-1))
    .filter(({ type }) => type === 'tool_result')
    .map(({ tool_use_id, content = '' }) => {
      const name = all.find(({ id }) => id === tool_use_id)?.name ?? ''
      const parts = typeof content === 'string' ? [content] : content.map(({ text = '' }) => text)
      const text = parts
        .map(withoutReminders)
        .join('')
        .replace(/^PreToolUse:\S+ hook error: /, '')
      return { type: 'tool-result', toolName: name.slice(PREFIX.length), output: outputOf(text) }
    })
}

function outputOf(text: string) {
  try {
    return { type: 'json', value: JSON.parse(text) as unknown }
  } catch {
    return { type: 'error-text', value: text }
  }
}

/** Serves a plan on a loopback address, in the stream of the Messages API. */
export async function serve(plan: Plan): Promise<{ readonly url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (!/^\/v1\/messages(\?|$)/.test(request.url ?? '')) {
      response.writeHead(404).end('{}')
      return
    }
    const { messages }: { readonly messages: readonly Message[] } = JSON.parse(body)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of eventsOf(plan(messages))) {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    response.end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

function* eventsOf(step: Step) {
  const usage = { input_tokens: 1, output_tokens: 1 }
  const isText = step.type === 'text'
  const message = {
    id: `msg_${crypto.randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content: [],
  }
  yield { type: 'message_start', message: { ...message, usage, stop_reason: null, stop_sequence: null } }
  yield {
    type: 'content_block_start',
    index: 0,
    content_block: isText ? { ...step, text: '' } : { ...step, input: {} },
  }
  const delta = isText
    ? { type: 'text_delta', text: step.text }
    : { type: 'input_json_delta', partial_json: JSON.stringify(step.input) }
  yield { type: 'content_block_delta', index: 0, delta }
  yield { type: 'content_block_stop', index: 0 }
  yield { type: 'message_delta', delta: { stop_reason: isText ? 'end_turn' : 'tool_use', stop_sequence: null }, usage }
  yield { type: 'message_stop' }
}
