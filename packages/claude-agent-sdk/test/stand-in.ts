// Stands in for the CLI, in this process: speaks its side of the SDK's protocol over streams, so that everything else is
// real. A start of the CLI takes most of a second. The nightly gate `floors` runs the same suite with the CLI itself.
import { EventEmitter } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import type { SpawnedProcess, SpawnOptions } from '@anthropic-ai/claude-agent-sdk'
import { type Block, modelAt } from './model-server.ts'

type Fields = Readonly<Record<string, unknown>>
type ToolUse = Extract<Block, { readonly type: 'tool_use' }>

/** What the SDK says first: ids of the hooks' callbacks, and the tools of the servers in this process. */
interface Initialize {
  readonly hooks?: Readonly<Record<string, readonly { readonly hookCallbackIds: readonly string[] }[]>>
  readonly sdkMcpServerManifests?: Readonly<
    Record<string, { readonly toolsListResult: { readonly tools: readonly { readonly name: string }[] } }>
  >
}

/** What a session's file holds. */
interface Session {
  readonly messages: { readonly role: string; readonly content: unknown }[]
  /** The call of the last message that was deferred. */
  readonly deferred?: ToolUse
}

/** A line of the SDK. */
interface FromSdk {
  readonly type: string
  readonly request_id?: string
  readonly request?: Fields
  readonly response?: Fields
  readonly message?: Session['messages'][number]
}

/** As `spawnClaudeCodeProcess` of the SDK's options. */
export const standIn = (options: SpawnOptions): SpawnedProcess => new StandIn(options) as unknown as SpawnedProcess

class StandIn extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  killed = false
  exitCode: number | null = null
  readonly #model: ReturnType<typeof modelAt>
  readonly #id: string
  readonly #file: string
  readonly #streams: boolean
  readonly #allowed: readonly string[]
  readonly #toolTimeoutMs: number | undefined
  readonly #answers = new Map<string, (answer: Fields) => void>()
  #session: Session = { messages: [] }
  #initialize: Initialize = {}
  #underWay: Promise<void> = Promise.resolve()
  readonly #closed = new AbortController()
  readonly #stop = new AbortController()

  constructor({ args, env, signal }: SpawnOptions) {
    super()
    const option = (name: string) => args.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3)
    this.#model = modelAt(env.ANTHROPIC_BASE_URL ?? '')
    this.#id = option('resume') ?? option('session-id') ?? crypto.randomUUID()
    const folder = join(env.CLAUDE_CONFIG_DIR ?? '', 'sessions')
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, `${this.#id}.json`)
    this.#streams = args.includes('--include-partial-messages')
    this.#allowed = (option('allowedTools') ?? args[args.indexOf('--allowedTools') + 1] ?? '').split(',')
    this.#toolTimeoutMs = env.MCP_TOOL_TIMEOUT === undefined ? undefined : Number(env.MCP_TOOL_TIMEOUT)
    if (existsSync(this.#file)) this.#session = JSON.parse(readFileSync(this.#file, 'utf8'))
    signal?.addEventListener('abort', () => this.kill())
    const lines = createInterface({ input: this.stdin })
    lines.on('line', (line) => this.#heard(JSON.parse(line)))
    lines.on('close', () => {
      // What is asked now gets no answer.
      this.#closed.abort()
      void this.#underWay.then(() => this.#exit(0))
    })
  }

  kill(): boolean {
    this.killed = true
    this.#exit(143)
    return true
  }

  #exit(code: number): void {
    if (this.exitCode !== null) return
    this.exitCode = code
    this.stdout.end()
    setImmediate(() => this.emit('exit', code, null))
  }

  #heard({ type, request_id: id, request, response, message }: FromSdk): void {
    if (response !== undefined) this.#answers.get(String(response.request_id))?.(response.response as Fields)
    if (request !== undefined) {
      const { subtype } = request
      if (subtype === 'initialize') this.#initialize = request as Initialize
      if (subtype === 'interrupt') this.#stop.abort()
      const own = { commands: [], models: [], account: {}, hooks_applied: true, hook_on_failure_supported: true }
      this.#say({ type: 'control_response', response: { subtype: 'success', request_id: id, response: own } })
    }
    if (type === 'user' && message !== undefined) {
      this.#underWay = this.#underWay.then(() => this.#turn(message)).catch((error: unknown) => this.#failed(error))
    }
  }

  #say(message: Fields): void {
    if (this.exitCode === null) this.stdout.write(`${JSON.stringify(message)}\n`)
  }

  #tell(message: Fields): void {
    this.#say({ ...message, parent_tool_use_id: null, session_id: this.#id, uuid: crypto.randomUUID() })
  }

  #result(terminalReason: string, over: Fields = {}): void {
    const counts = { duration_ms: 1, duration_api_ms: 1, num_turns: 1, total_cost_usd: 0, usage: {}, modelUsage: {} }
    const result = { subtype: 'success', is_error: false, result: '', terminal_reason: terminalReason, ...over }
    this.#tell({ type: 'result', ...counts, permission_denials: [], ...result })
  }

  #failed(error: unknown): void {
    this.#result('aborted', { subtype: 'error_during_execution', is_error: true, errors: [String(error)] })
  }

  /** Asks the SDK. */
  async #ask(request: Fields): Promise<Fields> {
    const id = crypto.randomUUID()
    const answer = new Promise<Fields>((resolve, reject) => {
      const { signal } = this.#closed
      const isLost = () => reject(new Error('the input is closed'))
      if (signal.aborted) isLost()
      signal.addEventListener('abort', isLost)
      this.#answers.set(id, resolve)
    })
    this.#say({ type: 'control_request', request_id: id, request })
    return answer
  }

  #keep(session: Session): void {
    this.#session = session
    writeFileSync(this.#file, JSON.stringify(session))
  }

  async #turn(prompt: Session['messages'][number]): Promise<void> {
    const { messages, deferred } = this.#session
    const promptId = crypto.randomUUID()
    if (deferred !== undefined) {
      this.#result('tool_deferred_unavailable', { is_error: true })
      if (await this.#runAll([deferred], undefined)) return
    }
    messages.push(prompt)
    for (;;) {
      const { content } = this.#model.next({ model: 'm', messages: this.#session.messages, tools: this.#tools() })
      messages.push({ role: 'assistant', content })
      this.#tell({ type: 'assistant', message: { role: 'assistant', content } })
      const calls = content.filter((block) => block.type === 'tool_use')
      if (calls.length === 0) {
        const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
        const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
        if (this.#streams) this.#tell({ type: 'stream_event', event: delta })
        this.#keep({ messages })
        this.#result('completed', { result: text })
        return
      }
      if (await this.#runAll(calls, promptId)) return
    }
  }

  #tools(): { readonly name: string }[] {
    return Object.entries(this.#initialize.sdkMcpServerManifests ?? {}).flatMap(([server, { toolsListResult }]) =>
      toolsListResult.tools.map(({ name }) => ({ name: `mcp__${server}__${name}` })),
    )
  }

  /** Carries out the calls of a step. @returns whether the turn ends here, since one was deferred */
  async #runAll(calls: readonly ToolUse[], promptId: string | undefined): Promise<boolean> {
    const { messages } = this.#session
    const results: Fields[] = []
    let deferred: ToolUse | undefined
    for (const call of calls) {
      const result = await this.#run(call, promptId)
      if (result === 'deferred') deferred = call
      else {
        const { whole, ...block } = result
        const content = { type: 'tool_result', tool_use_id: call.id, ...block }
        results.push(content)
        this.#tell({ type: 'user', message: { role: 'user', content: [content] }, tool_use_result: whole })
      }
    }
    if (results.length > 0) messages.push({ role: 'user', content: results })
    this.#keep({ messages, ...(deferred !== undefined && { deferred }) })
    if (deferred === undefined) return false
    const { id, name, input } = deferred
    this.#result('tool_deferred', { deferred_tool_use: { id, name, input } })
    return true
  }

  async #run({ id, name, input }: ToolUse, promptId: string | undefined): Promise<'deferred' | Fields> {
    const [, server = '', tool = ''] = name.split('__')
    if (!this.#tools().some((one) => one.name === name)) return { content: `No such tool: ${name}`, is_error: true }
    const hookInput = {
      session_id: this.#id,
      ...(promptId !== undefined && { prompt_id: promptId }),
      tool_name: name,
      tool_input: input,
      tool_use_id: id,
      mcp_server: { name: server, source: 'sdk' },
    }
    const decisions = await this.#hook('PreToolUse', hookInput)
    const by = (wanted: string) => decisions.find(({ permissionDecision }) => permissionDecision === wanted)
    const denied = by('deny')
    if (denied !== undefined) {
      const content = `PreToolUse:${name} hook error: ${String(denied.permissionDecisionReason)}`
      return { content, is_error: true }
    }
    if (by('defer') !== undefined) return 'deferred'
    if (by('allow') === undefined && !this.#allowed.includes(`mcp__${server}`))
      return { content: 'denied', is_error: true }
    const { result } = await this.#call(server, tool, input, id)
    const { content, isError, structuredContent, _meta } = result as Fields
    await this.#hook(isError === true ? 'PostToolUseFailure' : 'PostToolUse', hookInput)
    const structured = structuredContent && [{ type: 'text', text: JSON.stringify(structuredContent) }]
    const whole = {
      content,
      ...(structuredContent !== undefined && { structuredContent }),
      ...(_meta !== undefined && { _meta }),
    }
    return { content: structured ?? content, is_error: isError === true, whole }
  }

  async #hook(event: string, input: Fields): Promise<readonly Fields[]> {
    const ids = (this.#initialize.hooks?.[event] ?? []).flatMap(({ hookCallbackIds }) => hookCallbackIds)
    const answers = await Promise.all(
      ids.map((id) =>
        this.#ask({
          subtype: 'hook_callback',
          callback_id: id,
          input: { hook_event_name: event, transcript_path: this.#file, cwd: '/', ...input },
          tool_use_id: input.tool_use_id,
        }),
      ),
    )
    return answers.map(({ hookSpecificOutput }) => (hookSpecificOutput ?? {}) as Fields)
  }

  /** Calls a tool of a server in this process. An interrupt of the turn, and its time limit, cancel it. */
  async #call(server: string, tool: string, input: unknown, callId: string): Promise<Fields> {
    const post = (message: Fields) =>
      this.#ask({ subtype: 'mcp_message', server_name: server, message: { jsonrpc: '2.0', ...message } })
    const _meta = { 'claudecode/toolUseId': callId }
    const { signal } = this.#stop
    const cancel = () => post({ method: 'notifications/cancelled', params: { requestId: callId } }).catch(() => {})
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        void cancel()
        reject(new Error('interrupted'))
      })
    })
    const called = post({ id: callId, method: 'tools/call', params: { name: tool, arguments: input, _meta } })
    const limit = this.#toolTimeoutMs
    const over = new Promise<Fields>((resolve) => {
      if (limit === undefined) return
      const text = `MCP server "${server}" tool "${tool}" timed out after ${limit / 1000}s`
      setTimeout(() => {
        void cancel()
        resolve({ mcp_response: { result: { content: text, isError: true } } })
      }, limit).unref()
    })
    const { mcp_response: answer } = await Promise.race([called, stopped, over])
    return answer as Fields
  }
}
