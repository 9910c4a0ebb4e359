import { type Options, tool } from '@anthropic-ai/claude-agent-sdk'
import { policy } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, queryWith } from '../src/index.ts'
import { world } from './world.ts'

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
