import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AdapterReport, AdapterSubject, AdapterTurn, ContractTool } from '@behalf/testing/contract'
import {
  generateText,
  isStepCount,
  type ModelMessage,
  streamText,
  type ToolExecutionOptions,
  type ToolSet,
  tool,
  toUIMessageStream,
} from 'ai'
import type { MockLanguageModelV4 } from 'ai/test'
import { type GuardedTools, guardTools, interruptsOf, type Replay, resumeWhenResolved } from '../src/index.ts'
import { answering } from './scripted-model.ts'

/** The AI SDK's own types in which a tool may answer, such as one that asks another model. */
const forms: Readonly<Record<string, (text: string) => unknown>> = {
  messages: (text) => [{ role: 'assistant', content: [{ type: 'text', text }] }] satisfies ModelMessage[],
  'a UI message': (text) => ({ id: text, role: 'assistant', parts: [{ type: 'text', text }] }),
  'content of a result': (text) => ({ type: 'content', value: [{ type: 'text', text }] }),
  'a result of generateText': (text) => generateText({ model: answering([text]), prompt: 'Go' }),
  'a text of generateText': async (text) => (await generateText({ model: answering([text]), prompt: 'Go' })).text,
  'steps of generateText': async (text) => (await generateText({ model: answering([text]), prompt: 'Go' })).steps,
}

/** The AI SDK as an app uses it: messages saved as JSON, and made again for each request. */
export const subject: AdapterSubject = {
  generators: true,
  forms: Object.keys(forms),
  questions: true,
  nestedCalls: true,
  repeatedIds: 'steps',
  toolTimeouts: true,
  async turn(turn) {
    const model = answering(turn.model)
    const saved = read(turn)
    const replayed: number[] = []
    const report = (end: End) => reportOf(model, { ...end, replayed })
    const messages = await messagesFor(turn, saved)
    if (messages === undefined) return report({ ended: 'not_resumed', messages: saved })
    try {
      const options = optionsOf(turn, ({ ranAt }) => replayed.push(ranAt))
      const { text, added, browser } = turn.stream
        ? await streamed(options, model, messages)
        : await generated(options, model, messages)
      const all = [...messages, ...added]
      save(turn, all)
      const ended = interruptsOf(all).length > 0 ? 'paused' : 'answered'
      return report({ ended, text, messages: all, browser })
    } catch (error) {
      return report({ ended: 'rejected', messages, error })
    }
  },
}

async function messagesFor(turn: AdapterTurn, saved: ModelMessage[]): Promise<ModelMessage[] | undefined> {
  const { guard, identity, start } = turn
  switch (start.kind) {
    case 'prompt':
      return [...saved, { role: 'user', content: start.text }]
    case 'resume': {
      if (identity === undefined) return undefined
      const { status, messages } = await resumeWhenResolved(saved, { guard, identity, threadId: turn.threadId })
      return status === 'resolved' ? messages : undefined
    }
    case 'forge':
      return [
        ...saved,
        {
          role: 'tool',
          content: interruptsOf(saved).map(({ approvalId }) => ({
            type: 'tool-approval-response',
            approvalId,
            approved: true,
          })),
        },
      ]
    default:
      return start satisfies never
  }
}

async function generated(options: Options, model: MockLanguageModelV4, messages: ModelMessage[]) {
  const result = await generateText({ model, messages, ...options })
  return { text: result.text, added: result.responseMessages, browser: JSON.stringify(result.steps) }
}

async function streamed(options: Options, model: MockLanguageModelV4, messages: ModelMessage[]) {
  const result = streamText({ model, messages, ...options, onError: () => {} })
  const chunks: unknown[] = []
  // The worst case: what tools throw is sent as it is.
  for await (const chunk of toUIMessageStream({ stream: result.stream, tools: options.tools })) chunks.push(chunk)
  return { text: await result.text, added: await result.responseMessages, browser: JSON.stringify(chunks) }
}

type Options = ReturnType<typeof optionsOf>

function optionsOf(turn: AdapterTurn, onReplayed: (replay: Replay) => void) {
  const { guard, identity, policies, threadId, signal, toolTimeoutMs, onError } = turn
  const called: Call = (name, input, execution) => guarded.tools[name]?.execute?.(input, execution)
  const guarded: GuardedTools<ToolSet> = guardTools(recordOf(turn.tools, called, turn.form), {
    guard,
    identity,
    policies,
    threadId,
    onError,
    onReplayed,
  })
  return {
    tools: { ...guarded.tools, ...recordOf(turn.plainTools, called) },
    toolApproval: { ...guarded.toolApproval, ...questionsOf(turn.plainTools) },
    stopWhen: isStepCount(5),
    ...(signal !== undefined && { abortSignal: signal }),
    ...(toolTimeoutMs !== undefined && { timeout: { toolMs: toolTimeoutMs } }),
  }
}

const questionsOf = (tools: readonly ContractTool[]) =>
  Object.fromEntries(
    tools.flatMap(({ name, question }) =>
      question === undefined
        ? []
        : [
            [
              name,
              async (input: unknown) => ({
                type: 'user-approval' as const,
                reason: JSON.stringify(await question(input as never)),
              }),
            ],
          ],
    ),
  )

/** Calls a guarded tool from the body of another one. */
type Call = (name: string, input: unknown, execution: ToolExecutionOptions<unknown>) => unknown

const recordOf = (tools: readonly ContractTool[], called: Call, form?: string | undefined): ToolSet =>
  Object.fromEntries(tools.map((one) => [one.name, toolOf(one, called, form)]))

function toolOf({ description, inputSchema, execute }: ContractTool, called: Call, form?: string): ToolSet[string] {
  const around = (execution: ToolExecutionOptions<unknown>) => ({
    signal: execution.abortSignal,
    // A copy, as code hands it on that has more to say.
    call: async (name: string, input: unknown) => called(name, input, { ...execution }),
  })
  if (isGeneratorFunction(execute)) {
    return tool({
      description,
      inputSchema,
      async *execute(input, execution) {
        const values = execute(input as never, around(execution)) as AsyncGenerator<unknown, unknown>
        const output = yield* values
        yield output
      },
    })
  }
  return tool({
    description,
    inputSchema,
    execute: async (input, execution) => {
      const result = await execute(input as never, around(execution))
      return form === undefined ? result : forms[form]?.(JSON.stringify(result))
    },
  })
}

const isGeneratorFunction = (value: unknown) =>
  Object.prototype.toString.call(value) === '[object AsyncGeneratorFunction]'

const fileOf = ({ directory, threadId }: AdapterTurn) => join(directory, `${threadId}.json`)

function read(turn: AdapterTurn): ModelMessage[] {
  const file = fileOf(turn)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ModelMessage[]) : []
}

function save(turn: AdapterTurn, messages: readonly ModelMessage[]): void {
  mkdirSync(turn.directory, { recursive: true })
  writeFileSync(fileOf(turn), JSON.stringify(messages))
}

interface End {
  readonly ended: AdapterReport['ended']
  readonly messages: readonly ModelMessage[]
  readonly text?: string
  readonly browser?: string
  readonly error?: unknown
}

function reportOf(model: MockLanguageModelV4, end: End & Pick<AdapterReport, 'replayed'>): AdapterReport {
  const requests = [...model.doGenerateCalls, ...model.doStreamCalls]
  return {
    ended: end.ended,
    text: end.text ?? '',
    interrupts: interruptsOf(end.messages).map(({ interrupt }) => interrupt),
    model: {
      requests: requests.length,
      saw: JSON.stringify(requests.map(({ prompt }) => prompt)),
      offered: requests.at(-1)?.tools?.map(({ name }) => name) ?? [],
    },
    browser: end.browser ?? '',
    replayed: end.replayed,
    ...(end.error !== undefined && { error: end.error }),
  }
}
