import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Options, type Query, tool } from '@anthropic-ai/claude-agent-sdk'
import { policy } from '@behalf/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, queryWith } from '../src/index.ts'
import { isolated, missingCli, ScriptedModel, serve } from './model-server.ts'
import { home, world } from './world.ts'

const missing = missingCli()
if (missing !== undefined) console.error(missing)

const look = () => tool('look', 'Looks', {}, async () => ({ content: [{ type: 'text', text: 'seen' }] }))

async function optionsFor() {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  return { options: { guard, identity, policies: { look: policy(z.strictObject({}), {}) } } }
}

describe('queryWith refuses, before Claude Code is started,', () => {
  const builtIn = { policies: {} }
  test.each<[string, Options, string]>([
    ['a flag for the mode that calls no hooks', { extraArgs: { bare: null } }, 'queryWith.options: has --bare'],
    ['the flag without a value', { extraArgs: { bare: undefined as never } }, 'queryWith.options: has --bare'],
    ['the flag for the executable', { executableArgs: ['--bare'] }, 'queryWith.options: has --bare'],
    ['an environment for it', { env: { CLAUDE_CODE_SIMPLE: '1' } }, 'queryWith.options: has --bare'],
    ['settings for it', { settings: { env: { CLAUDE_CODE_SIMPLE: '1' } } }, 'queryWith.options: has --bare'],
    ['a settings file that could bring hooks', { settings: '/x.json' }, 'queryWith.options.settings: is a text'],
  ])('%s', async (_, given, problem) => {
    const { options } = await optionsFor()
    const guarded = guardTools({ look: look() }, { ...options, builtIn })
    expect(() => queryWith(guarded, { prompt: 'x', options: given })).toThrow(problem)
  })

  test('tools of an earlier query, whose waiting calls may be of another user', async () => {
    const { options } = await optionsFor()
    const guarded = guardTools({ look: look() }, options)
    const spawnClaudeCodeProcess = () => {
      throw new Error('not started')
    }
    const start = () => queryWith(guarded, { prompt: 'x', options: { spawnClaudeCodeProcess } })
    expect(start).toThrow('not started')
    expect(start).toThrow('queryWith.guarded: served a query before')
  })
})

describe.skipIf(missing !== undefined)(missing ?? 'with the CLI', () => {
  test.each<[string, (query: Query) => Promise<unknown>]>([
    ['return', (query) => query.return()],
    ['throw', (query) => query.throw(new Error('not read')).catch(() => {})],
    ['await using', async (query) => query[Symbol.asyncDispose]()],
  ])('a query that the app ends before it reads leaves no process: %s', async (_, end) => {
    const { options } = await optionsFor()
    const [at, model] = [home(), await serve(new ScriptedModel([]))]
    onTestFinished(model.close)
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    const started = queryWith(guardTools({ look: look() }, options), {
      prompt: 'x',
      options: {
        cwd: join(at, 'work'),
        env: isolated(model.url, at),
        settingSources: [],
        tools: [],
        spawnClaudeCodeProcess: ({ command, args, ...given }) =>
          spawn(command, args, given).once('exit', () => resolve()),
      },
    })
    onTestFinished(() => started.close())
    await end(started)
    await exited
  })
})
