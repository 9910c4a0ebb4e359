import type { Identity } from '@behalf/core'
import type { AdapterReport, AdapterSubject, AdapterTurn, ContractTool } from '@behalf/testing/contract'
import { Document } from '@langchain/core/documents'
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { Annotation, Command, getWriter, interrupt, MessagesAnnotation, StateGraph } from '@langchain/langgraph'
import { ToolNode } from '@langchain/langgraph/prebuilt'
import { createAgent } from 'langchain'
import * as z from 'zod'
import { guardTools, parseInterrupt, resumeWhenResolved } from '../src/index.ts'
import { FileSaver } from './file-saver.ts'
import { ScriptedModel } from './scripted-model.ts'

/** Either way to run tools in LangChain, as far as it is used here. */
export interface Graph {
  getState(
    config: object,
  ): Promise<{ readonly tasks: readonly { readonly interrupts: readonly { id?: string; value?: unknown }[] }[] }>
  invoke(input: unknown, config: object): Promise<object>
  stream(input: unknown, config: object): Promise<AsyncIterable<unknown>>
}

export interface Parts {
  readonly model: ScriptedModel
  readonly tools: readonly StructuredToolInterface[]
  readonly checkpointer: FileSaver
}

const contextSchema = z.object({ identity: z.custom<Identity>().optional() })

/** The agent of `langchain`: each tool call is a task of its own. */
export function agentGraph({ model, tools, checkpointer }: Parts): Graph {
  return createAgent({ model, tools: [...tools], checkpointer, contextSchema }).graph as unknown as Graph
}

/** A graph by hand with LangGraph's prebuilt tool node: all calls of a step are one task. */
export function handBuiltGraph({ model, tools, checkpointer }: Parts): Graph {
  const bound = model.bindTools([...tools] as never)
  return new StateGraph(MessagesAnnotation, Annotation.Root({ identity: Annotation<Identity | undefined> }))
    .addNode('model', async ({ messages }) => ({ messages: [await bound.invoke(messages)] }))
    .addNode('tools', new ToolNode([...tools]))
    .addEdge('__start__', 'model')
    .addConditionalEdges('model', ({ messages }) => {
      const last = messages.at(-1)
      return AIMessage.isInstance(last) && last.tool_calls?.length ? 'tools' : '__end__'
    })
    .addEdge('tools', 'model')
    .compile({ checkpointer }) as unknown as Graph
}

/** LangChain's own types in which a tool may answer; `leak` is the only one that has something to hide there. */
const forms: Readonly<Record<string, (text: string, toolCallId: string, writer?: Runtime['writer']) => unknown>> = {
  message: (content, tool_call_id) => new ToolMessage({ content, tool_call_id }),
  blocks: (text, tool_call_id) => new ToolMessage({ content: [{ type: 'text', text }], artifact: text, tool_call_id }),
  command: (content, tool_call_id) =>
    new Command({ update: { messages: [new ToolMessage({ content, tool_call_id, additional_kwargs: { content } })] } }),
  'a chunk of a custom stream': (text, _, writer) => {
    writer?.({ text, message: new AIMessage(text) })
    getWriter()?.(text)
    return text
  },
  documents: (pageContent) => [new Document({ pageContent, metadata: { pageContent }, id: pageContent })],
}

interface Runtime {
  readonly signal?: AbortSignal
  readonly toolCallId: string
  readonly writer: ((chunk: unknown) => void) | null
}

/** Calls a guarded tool from the body of another one. */
type Call = (name: string, input: unknown, config: object) => Promise<unknown>

const toolOf = (
  { name, description, inputSchema, question, execute }: ContractTool,
  called: Call,
  form?: string | undefined,
): StructuredToolInterface =>
  tool(
    async (input: unknown, config: Runtime) => {
      if (question !== undefined && !interrupt(await question(input as never))) return 'refused' as never
      const call = (other: string, args: unknown) => called(other, args, { ...config })
      const result = await execute(input as never, { signal: config.signal, call })
      const dress = form === undefined ? undefined : forms[form]
      return (dress === undefined ? result : dress(JSON.stringify(result), config.toolCallId, config.writer)) as never
    },
    {
      name,
      description,
      schema: inputSchema as z.ZodObject,
    },
  ) as unknown as StructuredToolInterface

export const subjectWith = (build: (parts: Parts) => Graph): AdapterSubject => ({
  generators: true,
  forms: Object.keys(forms),
  questions: true,
  guardedQuestions: true,
  randomDefaults: true,
  nestedCalls: true,
  // `tool()` rejects at an abort, and drops what its function returns after that.
  losesResults: true,
  // LangGraph's prebuilt node leaves out a call whose id has an answer already.
  ...(build === agentGraph && { repeatedIds: 'steps' }),
  turn: (turn) => take(build, turn),
})

async function take(build: (parts: Parts) => Graph, turn: AdapterTurn): Promise<AdapterReport> {
  const { guard, identity, threadId, directory, onError, policies, signal } = turn
  const model = new ScriptedModel(turn.model)
  const called: Call = async (name, input, config) =>
    guarded.find((one) => one.name === name)?.invoke(input as never, config)
  const guarded: readonly StructuredToolInterface[] = guardTools(
    turn.tools.map((one) => toolOf(one, called, turn.form)),
    { guard, policies, onError } as never,
  )
  const graph = build({
    model,
    tools: [...guarded, ...turn.plainTools.map((one) => toolOf(one, called))],
    checkpointer: new FileSaver(directory).open(threadId),
  })
  const thread = { configurable: { thread_id: threadId } }
  const end = async (ended: AdapterReport['ended'], browser: unknown, error?: unknown): Promise<AdapterReport> => {
    // Tools that are not guarded ask too, and `interruptsOf` leaves out what they ask.
    const asked = (await graph.getState(thread)).tasks.flatMap((task) => task.interrupts)
    const interrupts = asked.map(({ value }) => parseInterrupt(value)).filter((one) => one !== undefined)
    return {
      ended: ended === 'answered' && interrupts.length > 0 ? 'paused' : ended,
      text: lastWords(browser),
      interrupts,
      model: { requests: model.callCount, saw: model.saw, offered: model.offered },
      browser: JSON.stringify(browser),
      replayed: replaysIn(messagesOf(browser)),
      ...(error !== undefined && { error }),
    }
  }
  const input = await inputOf(turn, graph, thread)
  if (input === undefined) return end('not_resumed', {})
  const config = { ...thread, context: { identity }, ...(signal !== undefined && { signal }) }
  try {
    if (!turn.stream) return await end('answered', await graph.invoke(input, config))
    const chunks: unknown[] = []
    const streamMode = ['updates', 'messages', 'tools', 'custom', 'values']
    for await (const chunk of await graph.stream(input, { ...config, streamMode })) chunks.push(chunk)
    return await end('answered', chunks)
  } catch (error) {
    return end('rejected', {}, error)
  }
}

async function inputOf({ start, guard, identity }: AdapterTurn, graph: Graph, thread: object): Promise<unknown> {
  if (start.kind === 'prompt') return { messages: [new HumanMessage(start.text)] }
  const state = await graph.getState(thread)
  if (start.kind === 'resume') {
    // No user is signed in, so there is no user whose questions could be polled.
    return identity === undefined ? undefined : (await resumeWhenResolved(state, { guard, identity })).command
  }
  const pauses = state.tasks.flatMap(({ interrupts }) => interrupts)
  return new Command({ resume: Object.fromEntries(pauses.map(({ id = '' }) => [id, { approved: true }])) })
}

function lastWords(browser: unknown): string {
  const last = messagesOf(browser).at(-1)
  return AIMessage.isInstance(last) ? last.text : ''
}

function messagesOf(browser: unknown): readonly unknown[] {
  const chunks = Array.isArray(browser) ? browser : [['values', browser]]
  return chunks.filter(([mode]) => mode === 'values').at(-1)?.[1]?.messages ?? []
}

const replaysIn = (messages: readonly unknown[]): number[] =>
  messages.flatMap((message) => {
    const replayed = ToolMessage.isInstance(message) ? message.metadata?.['behalf/replayed'] : undefined
    return replayed === undefined ? [] : [(replayed as { readonly ranAt: number }).ranAt]
  })
