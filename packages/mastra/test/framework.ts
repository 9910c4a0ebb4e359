import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AdapterReport, AdapterSubject, AdapterTurn, ContractTool } from '@behalf/testing/contract'
import { Agent, MessageList } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { LibSQLStore } from '@mastra/libsql'
import { type AnyTool, guardTools, interruptsOf, type Replay, resumeWhenResolved } from '../src/index.ts'
import { ScriptedModel } from './scripted-model.ts'

const teller = (text: string) =>
  new Agent({
    id: 'teller',
    name: 'teller',
    instructions: 'You tell.',
    model: new ScriptedModel(text) as unknown as MastraModelConfig,
  })

/** Mastra's own types in which a tool may answer, such as one that asks another agent. */
const forms: Readonly<Record<string, (text: string) => unknown>> = {
  messages: (text) => new MessageList().add({ role: 'assistant', content: text }, 'response').get.all.db(),
  'a list of messages': (text) => new MessageList().add({ role: 'assistant', content: text }, 'response'),
  'a result of an agent': (text) => teller(text).generate('Go'),
  'the text of an agent': async (text) => (await teller(text).generate('Go')).text,
  'an instance of a class': (text) =>
    new (class {
      toJSON() {
        return { text }
      }
    })(),
}

/** Mastra as an app uses it, with its own storage in a file. One request makes everything again. */
export const subject: AdapterSubject = {
  forms: Object.keys(forms),
  questions: true,
  guardedQuestions: true,
  randomDefaults: true,
  nestedCalls: true,
  repeatedIds: 'turns',
  async turn(turn) {
    const model = new ScriptedModel(...turn.model)
    const replayed: number[] = []
    const agent = agentOf(turn, model, ({ ranAt }) => replayed.push(ranAt))
    const chunks: unknown[] = []
    const read = async (stream: { readonly fullStream: AsyncIterable<unknown> }) => {
      for await (const chunk of stream.fullStream) chunks.push(chunk)
    }
    let ended: AdapterReport['ended'] | undefined
    let text = ''
    let error: unknown
    const waiting = () => agent.listSuspendedRuns({ threadId: turn.threadId })
    const { signal } = turn
    const options = {
      memory: { thread: turn.threadId, resource: 'everybody' },
      ...(signal !== undefined && { abortSignal: signal }),
    }
    try {
      switch (turn.start.kind) {
        case 'prompt': {
          if (turn.stream) {
            const stream = await agent.stream(turn.start.text, options)
            await read(stream)
            text = await stream.text
          } else {
            const result = await agent.generate(turn.start.text, options)
            chunks.push(result)
            text = result.text
            error = result.error
          }
          break
        }
        case 'resume': {
          const { identity, guard } = turn
          const resumptions =
            identity === undefined ? [] : (await resumeWhenResolved(await waiting(), { guard, identity })).resumptions
          if (resumptions.length === 0) ended = 'not_resumed'
          for (const { resumeData, ...which } of resumptions) {
            const stream = await agent.resumeStream(resumeData, { ...options, ...which })
            await read(stream)
            text = await stream.text
          }
          break
        }
        case 'forge': {
          for (const { interrupt: _, ...which } of interruptsOf(await waiting())) {
            const stream = await agent.resumeStream({ approved: true }, { ...options, ...which })
            await read(stream)
            text = await stream.text
          }
          break
        }
        default:
          turn.start satisfies never
      }
    } catch (thrown) {
      error = thrown
    }
    const interrupts = interruptsOf(await waiting()).map(({ interrupt }) => interrupt)
    const outcome = error !== undefined ? 'rejected' : interrupts.length > 0 ? 'paused' : 'answered'
    return {
      ended: ended ?? outcome,
      text,
      interrupts,
      model: { requests: model.requests, saw: model.saw, offered: model.offered },
      browser: JSON.stringify(chunks),
      replayed,
      ...(error !== undefined && { error }),
    }
  },
}

function agentOf(turn: AdapterTurn, model: ScriptedModel, onReplayed: (replay: Replay) => void): Agent {
  const { guard, identity, policies, onError } = turn
  const called: Call = async (name, input, context) => guarded[name]?.execute?.(input, context)
  const guarded: Record<string, AnyTool> = guardTools(recordOf(turn.tools, called, turn.form), {
    guard,
    identity,
    policies,
    onError,
    onReplayed,
  })
  const agent = new Agent({
    id: 'trader',
    name: 'trader',
    instructions: 'You trade shares.',
    // Mastra's own mock does not fit its own type under exactOptionalPropertyTypes.
    model: model as unknown as MastraModelConfig,
    tools: { ...guarded, ...recordOf(turn.plainTools, called) },
  })
  mkdirSync(turn.directory, { recursive: true })
  const storage = new LibSQLStore({ id: 'storage', url: `file:${join(turn.directory, 'mastra.db')}` })
  const mastra = new Mastra({ agents: { agent }, storage, logger: false })
  return mastra.getAgent('agent')
}

/** Calls a guarded tool from the body of another one. */
type Call = (name: string, input: unknown, context: never) => Promise<unknown>

const recordOf = (tools: readonly ContractTool[], called: Call, form?: string | undefined): Record<string, AnyTool> =>
  Object.fromEntries(tools.map((tool) => [tool.name, toolOf(tool, called, form)]))

function toolOf(
  { name, description, inputSchema, question, execute }: ContractTool,
  called: Call,
  form?: string | undefined,
): AnyTool {
  return createTool({
    id: name,
    description,
    inputSchema,
    execute: async (input: unknown, context) => {
      const { abortSignal, agent } = context
      if (question !== undefined && agent?.resumeData === undefined) {
        return agent?.suspend(await question(input as never))
      }
      // A copy, as code hands it on that has more to say.
      const call = (other: string, args: unknown) =>
        called(other, args, { ...context, ...(agent !== undefined && { agent: { ...agent } }) } as never)
      const result = await execute(input as never, { signal: abortSignal, call })
      return form === undefined ? result : forms[form]?.(JSON.stringify(result))
    },
  })
}
