import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Options,
  query,
  type SDKMessage,
  type SDKResultMessage,
  type SDKUserMessage,
  tool,
} from '@anthropic-ai/claude-agent-sdk'
import { policy } from '@behalf/core'
import { type MockApp, startMockApp } from '@behalf/testing'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { type GuardedTools, queryWith } from '../src/index.ts'
import { isolated, ScriptedModel, type Step, serve } from './model-server.ts'

/** All servers, one store, and a clock that the test moves. Ends with the test. */
export async function world(): Promise<MockApp> {
  const app = await startMockApp()
  onTestFinished(() => app.close())
  return app
}

/** The person says yes, and the time passes until a poll is due. */
export async function approved({ authorizationServer, clock }: MockApp): Promise<void> {
  await authorizationServer.controls.approve()
  clock.advance(10)
}

/** The open questions of Ann. */
export const questions = async ({ authorizationServer }: MockApp): Promise<readonly (string | undefined)[]> =>
  (await authorizationServer.controls.pendingRequests('ann')).map(({ bindingMessage }) => bindingMessage)

const Transfer = z.strictObject({ amount: z.number() })
const shape = { amount: z.number() }

/** A tool that counts what it transfers. */
export function transfers() {
  const done: number[] = []
  const transfer = tool('transfer', 'Transfers an amount', shape, async ({ amount }) => {
    done.push(amount)
    return { content: [{ type: 'text', text: `transferred ${amount}` }] }
  })
  return {
    done,
    tools: { transfer },
    policies: { transfer: policy(Transfer, { approval: { message: ({ input }) => `Transfer ${input.amount}` } }) },
  }
}

/** An empty folder for the CLI. Is removed with the test. */
export function home(): string {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-claude-'))
  mkdirSync(join(directory, 'work'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

/** Keeps the files as they are now, and brings them back: the CLI finds a session by the path of its folder. */
export function backupOf(directory: string): { restore(): void } {
  const backup = `${directory}-backup`
  cpSync(directory, backup, { recursive: true })
  onTestFinished(() => rmSync(backup, { recursive: true, force: true }))
  return { restore: () => cpSync(backup, directory, { recursive: true }) }
}

/** All that the CLI keeps, as text. */
export function files(directory: string): readonly string[] {
  const all = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return all.map(({ parentPath, name }) => join(parentPath, name))
}

export const kept = (directory: string): string =>
  files(directory)
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n')

export interface Conversation {
  readonly at: string
  readonly model: readonly Step[]
  readonly options?: Options
  readonly guarded?: GuardedTools
  /** @default 'Go on.' */
  readonly prompt?: string
  /** Whether the app sends the prompt itself, and ends its input with the first result. */
  readonly isSent?: boolean
}

/** One turn of the CLI, bare or guarded. */
export async function turn({ at, model: steps, options, guarded, prompt = goOn, isSent = false }: Conversation) {
  const model = new ScriptedModel(steps)
  const served = await serve(model)
  const all: Options = {
    cwd: join(at, 'work'),
    env: isolated(served.url, at),
    settingSources: [],
    tools: [],
    model: 'claude-sonnet-4-5',
    stderr: () => {},
    ...options,
  }
  const results: SDKResultMessage[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const input = isSent ? sending(prompt, ended) : prompt
  try {
    for await (const message of guarded === undefined
      ? bare(all)
      : queryWith(guarded, { prompt: input, options: all })) {
      if (message.type !== 'result') continue
      results.push(message)
      end()
    }
  } finally {
    served.close()
  }
  return { model, results, session: results.at(-1)?.session_id ?? '' }
}

const goOn = 'Go on.'

async function* sending(content: string, ended: Promise<void>): AsyncGenerator<SDKUserMessage> {
  yield { type: 'user', message: { role: 'user', content }, parent_tool_use_id: null }
  await ended
}

/** The framework's own `query`, with its input held open until the last result. */
async function* bare(options: Options): AsyncGenerator<SDKMessage> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for await (const message of query({ prompt: sending(goOn, ended), options })) {
    if (message.type === 'result' && message.terminal_reason !== 'tool_deferred_unavailable') end()
    yield message
  }
}
