import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buy } from '@behalf/testing/contract'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { LibSQLStore } from '@mastra/libsql'
import { onTestFinished } from 'vitest'
import { type AnyTool, type GuardToolsOptions, guardTools } from '../src/index.ts'
import { call, ScriptedModel, type Step } from './scripted-model.ts'
import { makeTools, policies, type World, world } from './world.ts'

/** A conversation of an app: storage in a file, everything else made again for each request. */
export function conversation() {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-mastra-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'mastra.db')
  const agent = (tools: Record<string, AnyTool>, model: ScriptedModel, over: object = {}): Agent => {
    const trader = new Agent({
      id: 'trader',
      name: 'trader',
      instructions: 'You trade.',
      model: model as unknown as MastraModelConfig,
      tools,
      ...over,
    })
    const storage = new LibSQLStore({ id: 'storage', url: `file:${file}` })
    return new Mastra({ agents: { trader }, storage, logger: false }).getAgent('trader')
  }
  const persisted = () => readFileSync(file, 'latin1') + readFileSync(`${file}-wal`, 'latin1')
  return { file, agent, persisted, memory: { thread: 'thread-1', resource: 'ann' } }
}

/** All that a stream gives. */
export const read = async (stream: { readonly fullStream: AsyncIterable<unknown> }) => {
  const chunks: unknown[] = []
  for await (const chunk of stream.fullStream) chunks.push(chunk)
  return chunks
}

/** All tools of the world, guarded. */
export const guarded = (target: World, identity: GuardToolsOptions<unknown>['identity'], guard = target.guard()) =>
  guardTools(makeTools(), { guard, policies, identity })

/** Asked to buy 50, and suspended. */
export async function asked(step: Step = [call('call-1', 'create_order', buy(50))]) {
  const target = await world()
  const identity = await target.login()
  const talk = conversation()
  const agent = talk.agent(guarded(target, identity), new ScriptedModel(step))
  const result = await agent.generate('Buy 50', { memory: talk.memory })
  return { target, identity, talk, agent, result }
}
