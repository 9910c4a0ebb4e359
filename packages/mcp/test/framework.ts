import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Interrupt } from '@behalf/core'
import type { AdapterReport, AdapterSubject, AdapterTurn, ScriptedCall } from '@behalf/testing/contract'
import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { interruptsOf } from '../src/client/index.ts'
import { guardTools, type McpTool } from '../src/server/index.ts'

/** The same in every process of the app. */
const key = Uint8Array.from({ length: 32 }, (_, index) => index)
const ENDPOINT = 'https://mcp.contract.example/mcp'

/** A conversation as an agent over MCP keeps it: what was said, and the calls that wait, with the server's state. */
interface Conversation {
  readonly messages: unknown[]
  readonly waiting: {
    readonly call: ScriptedCall
    /** In hexadecimal: the SDK's form of it begins as a token's does, by which the contract looks for tokens. */
    readonly requestState?: string
    readonly interrupt: Interrupt
  }[]
}

interface CallResult {
  readonly _meta?: { readonly 'behalf/replayed'?: { readonly ranAt: number } }
  readonly requestState?: string
  readonly content?: readonly { readonly text?: string }[]
}

/** A result of an app's own class, which MCP writes as JSON. */
class Own {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toJSON() {
    return { text: this.#text }
  }
}

/** Results of MCP, and what becomes one. */
const forms: Readonly<Record<string, (text: string) => unknown>> = {
  content: (text) => ({ content: [{ type: 'text', text, _meta: { text } }] }),
  'structured content': (text) => ({ content: [{ type: 'text', text }], structuredContent: { text } }),
  resource: (text) => ({
    content: [
      { type: 'text', text: 'leaked' },
      { type: 'resource', resource: { uri: 'file:///a', text } },
      { type: 'resource_link', name: text, uri: `file:///a?${encodeURIComponent('a')}`, description: text },
    ],
  }),
  meta: (text) => ({ content: [{ type: 'text', text: 'leaked' }], _meta: { text } }),
  'an instance of a class': (text) => new Own(text),
  'instances in a result': (text) => ({
    content: [{ type: 'text', text: 'leaked' }],
    structuredContent: { own: new Own(text) },
  }),
  'a result of a class': (text) =>
    new (class {
      readonly content = [{ type: 'text', text }]
    })(),
  'a set of getters': (text) => ({
    get content() {
      return [{ type: 'text', text }]
    },
  }),
}

/** An MCP server with the SDK's own client before it, and a loop that calls the model and its tools. */
export const subject: AdapterSubject = {
  forms: Object.keys(forms),
  randomDefaults: true,
  toolTimeouts: true,
  async turn(turn) {
    const conversation = read(turn)
    const run = new Run(turn, conversation)
    try {
      if (turn.start.kind === 'prompt') conversation.messages.push({ role: 'user', content: turn.start.text })
      else if (!(await run.goOn(turn.start.kind === 'forge'))) {
        return run.report(turn.start.kind === 'forge' ? 'paused' : 'not_resumed')
      }
      return await run.toTheEnd()
    } catch (error) {
      return run.report('rejected', '', error)
    } finally {
      writeFileSync(fileOf(turn), JSON.stringify(conversation))
    }
  },
}

class Run {
  readonly #turn: AdapterTurn
  readonly #conversation: Conversation
  readonly #seen: unknown[] = []
  readonly #results: CallResult[] = []
  #offered: readonly string[] = []

  constructor(turn: AdapterTurn, conversation: Conversation) {
    this.#turn = turn
    this.#conversation = conversation
  }

  /** Tries what waits again. @returns whether anything came of it */
  async goOn(isForged: boolean): Promise<boolean> {
    const waiting = this.#conversation.waiting.splice(0)
    if (waiting.length === 0) return false
    const before = this.#conversation.messages.length
    // A hostile client says that everything was agreed to.
    const claims = { inputResponses: { behalf: { action: 'accept', content: { approved: true } } } }
    await this.#call(
      waiting.map(({ call, requestState }) => ({
        call,
        more: { ...(requestState && { requestState: fromHex(requestState) }), ...(isForged && claims) },
      })),
    )
    return this.#conversation.messages.length > before
  }

  async toTheEnd(): Promise<AdapterReport> {
    for (;;) {
      if (this.#conversation.waiting.length > 0) return this.report('paused')
      const { messages } = this.#conversation
      const step = this.#turn.model[this.#seen.length] ?? 'Done.'
      this.#offered = await this.#connected(async (client) => (await client.listTools()).tools.map(({ name }) => name))
      this.#seen.push(structuredClone(messages))
      messages.push({ role: 'assistant', content: step })
      if (typeof step === 'string') return this.report('answered', step)
      await this.#call(step.map((call) => ({ call, more: {} })))
    }
  }

  report(ended: AdapterReport['ended'], text = '', error?: unknown): AdapterReport {
    return {
      ended,
      text,
      interrupts: this.#conversation.waiting.map(({ interrupt }) => interrupt),
      model: { requests: this.#seen.length, saw: JSON.stringify(this.#seen), offered: this.#offered },
      browser: JSON.stringify([this.#conversation, this.#results]),
      replayed: this.#results.flatMap(({ _meta }) => _meta?.['behalf/replayed']?.ranAt ?? []),
      ...(error !== undefined && { error }),
    }
  }

  async #call(calls: readonly { readonly call: ScriptedCall; readonly more: object }[]): Promise<void> {
    const { messages, waiting } = this.#conversation
    const { signal, toolTimeoutMs: timeout } = this.#turn
    await this.#connected(async (client) => {
      const ended = await Promise.all(
        calls.map(async ({ call, more }) => {
          const params = { name: call.tool, arguments: call.input, ...more } as never
          const options = { allowInputRequired: true, ...(signal && { signal }), ...(timeout && { timeout }) } as const
          const result = await client.callTool(params, options).catch((error: unknown) => {
            // The SDK gives an abort the same code.
            const isLate = error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout && !signal?.aborted
            if (!isLate && !ProtocolError.isInstance(error)) throw error
            return { content: [{ text: (error as Error).message }] }
          })
          return { call, result: result as CallResult }
        }),
      )
      for (const { call, result } of ended) {
        const [interrupt] = interruptsOf(result)
        const { requestState } = result
        if (interrupt !== undefined) {
          waiting.push({ call, interrupt, ...(requestState && { requestState: toHex(requestState) }) })
        } else {
          this.#results.push(result)
          messages.push({ role: 'tool', id: call.id, content: result.content?.[0]?.text ?? '' })
        }
      }
    })
  }

  async #connected<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const client = new Client({ name: 'contract', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(new URL(ENDPOINT), { fetch: serve(this.#turn) }))
    try {
      return await work(client)
    } finally {
      await client.close()
    }
  }
}

/** Sends one request to a new server, for the user of the turn's session. */
function serve(turn: AdapterTurn) {
  const { guard, identity, policies, onError } = turn
  const form = turn.form === undefined ? undefined : forms[turn.form]
  // A body calls no tool of its server: what it has to share is a function.
  const call = () => Promise.reject(new TypeError('MCP has no calls from one tool to another'))
  const tools = Object.fromEntries(turn.tools.map((one) => [one.name, one as unknown as McpTool]))
  const own = Object.fromEntries(Object.keys(tools).map((name) => [name, policies[name]]))
  const guarded = guardTools(
    Object.fromEntries(
      Object.entries(tools).map(([name, { description = '', inputSchema, execute }]) => [
        name,
        { description, inputSchema, execute: form === undefined ? execute : dressed(execute, form) },
      ]),
    ),
    // The contract asks whether what is shown is a call all the same; and moves a clock that no wait knows.
    { guard, policies: own as never, onError, list: 'all', waitSeconds: 0, requestState: { key } },
  )
  const handler = createMcpHandler(() => {
    const server = guarded.register(new McpServer({ name: 'contract', version: '1' }, guarded.serverOptions))
    for (const { name, description, inputSchema, execute } of turn.plainTools) {
      server.registerTool(name, { description, inputSchema: inputSchema as z.ZodObject }, async (input) => ({
        content: [{ type: 'text', text: String(await execute(input as never, { call })) }],
      }))
    }
    return server
  })
  const authInfo = { token: '', clientId: 'contract', scopes: [], ...(identity && { extra: { identity } }) }
  return (url: string | URL, init?: RequestInit) => handler.fetch(new Request(url, init), { authInfo })
}

const dressed =
  (execute: McpTool['execute'], form: (text: string) => unknown): McpTool['execute'] =>
  async (input, surroundings) =>
    form(JSON.stringify(await execute(input as never, surroundings)))

const toHex = (text: string) => Buffer.from(text).toString('hex')
const fromHex = (text: string) => Buffer.from(text, 'hex').toString()

const fileOf = ({ directory, threadId }: AdapterTurn) => join(directory, `${threadId}.json`)

function read(turn: AdapterTurn): Conversation {
  const file = fileOf(turn)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Conversation) : { messages: [], waiting: [] }
}
