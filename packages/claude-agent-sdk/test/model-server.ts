import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ModelStep, ScriptedCall } from '@behalf/testing/contract'

export type Step = ModelStep

export const call = (id: string, tool: string, input: unknown): ScriptedCall => ({ id, tool, input })

/** Does these steps, one a request, and says `Done.` after them. Remembers what it was sent. */
export class ScriptedModel {
  readonly #left: Step[]
  readonly #requests: { readonly messages: unknown; readonly tools: readonly string[] }[] = []
  /** Names under which the CLI offers the tools. */
  readonly #nameOf: (tool: string) => string

  constructor(steps: readonly Step[], nameOf: (tool: string) => string = (tool) => tool) {
    this.#left = [...steps]
    this.#nameOf = nameOf
  }

  /** How often it was asked. */
  get requests(): number {
    return this.#requests.length
  }

  /** All that it was sent, as text: what it may have learnt. */
  get saw(): string {
    return JSON.stringify(this.#requests.map(({ messages }) => messages))
  }

  /** The tools that it was offered last. */
  get offered(): readonly string[] {
    return this.#requests.at(-1)?.tools ?? []
  }

  next({ messages, tools = [] }: MessagesRequest): { readonly content: readonly Block[]; readonly stop: string } {
    this.#requests.push({ messages, tools: tools.map(({ name }) => name) })
    const step = this.#left.shift() ?? 'Done.'
    if (typeof step === 'string') return { content: [{ type: 'text', text: step }], stop: 'end_turn' }
    const content = step.map(
      ({ id, tool, input }) => ({ type: 'tool_use', id, name: this.#nameOf(tool), input }) as const,
    )
    return { content, stop: 'tool_use' }
  }
}

interface MessagesRequest {
  readonly model: string
  readonly messages: unknown
  readonly tools?: readonly { readonly name: string }[]
}

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }

const models = new Map<string, ScriptedModel>()
let base: Promise<string> | undefined

/** The model at an address of {@link serve}, for a stand-in of this process. */
export function modelAt(url: string): ScriptedModel {
  const model = models.get(new URL(url).pathname)
  if (model === undefined) throw new TypeError(`no model is served at ${url}`)
  return model
}

/** Serves a model on a loopback address, in the Messages API's stream. One server for all models of this process. */
export async function serve(model: ScriptedModel): Promise<{ readonly url: string; close(): void }> {
  base ??= listen()
  const path = `/${crypto.randomUUID()}`
  models.set(path, model)
  return { url: `${await base}${path}`, close: () => void models.delete(path) }
}

function listen(): Promise<string> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      server.unref()
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, path, rest = ''] = /^(\/[\w-]+)(\/.*)$/.exec(request.url ?? '') ?? []
  const model = models.get(path ?? '')
  if (model === undefined || !/^\/v1\/messages(\?|$)/.test(rest)) {
    response.writeHead(404).end('{}')
    return
  }
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const asked: MessagesRequest = JSON.parse(body)
  const { content, stop } = model.next(asked)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of eventsOf(asked.model, content, stop)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  response.end()
}

/** A message, as the Messages API streams it. */
function* eventsOf(model: string, content: readonly Block[], stop: string) {
  const usage = { input_tokens: 1, output_tokens: 1 }
  const message = { id: `msg_${crypto.randomUUID()}`, type: 'message', role: 'assistant', model, content: [], usage }
  yield { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } }
  for (const [index, block] of content.entries()) {
    const isText = block.type === 'text'
    yield {
      type: 'content_block_start',
      index,
      content_block: isText ? { ...block, text: '' } : { ...block, input: {} },
    }
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    yield { type: 'content_block_delta', index, delta }
    yield { type: 'content_block_stop', index }
  }
  yield { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 1 } }
  yield { type: 'message_stop' }
}

/** Settings for a CLI that reaches the model alone, and keeps all its files in this folder. */
export const isolated = (url: string, home: string): Record<string, string | undefined> => ({
  PATH: process.env.PATH,
  HOME: home,
  TMPDIR: home,
  CLAUDE_CONFIG_DIR: join(home, 'config'),
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: 'not-a-key',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_TELEMETRY: '1',
})

/** Says why the CLI cannot run here. `undefined`: it can. It is in an optional package for each platform. */
export function missingCli(): string | undefined {
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@anthropic-ai/claude-agent-sdk'))
  const name = `@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}`
  for (const kind of ['', '-musl']) {
    try {
      resolve(`${name}${kind}/package.json`)
      return undefined
    } catch {
      // The next one.
    }
  }
  return `NOT RUN: the Claude Code CLI is not installed (no ${name})`
}
