// Tools that Claude Code runs itself, and calls of subagents: what a hook can hold, and what not.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HookCallback, Options } from '@anthropic-ai/claude-agent-sdk'
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type BuiltInOptions, guardTools, interruptsOf, type PendingCall } from '../src/index.ts'
import { call, missingCli, type Step } from './model-server.ts'
import { approved, backupOf, home, questions, transfers, turn, world } from './world.ts'

const missing = missingCli()
if (missing !== undefined) console.error(missing)

const Bash = z.looseObject({ command: z.string() })
const isEcho = ({ input }: { readonly input: z.infer<typeof Bash> }) => /^echo \w+$/.test(input.command)
const builtIn: BuiltInOptions = {
  policies: {
    Bash: policy(Bash, {
      approval: { when: (call) => !isEcho(call), message: ({ input }) => `Run ${input.command}` },
      access: {},
    }),
  },
  // Bash has a policy, which decides.
  unguarded: ['Agent', 'Read', 'Skill', 'Bash'],
}

const touch = (name: string) => ({ command: `touch ${name}`, description: 'Makes a file' })
const ran = (at: string, name: string): boolean => existsSync(join(at, 'work', name))

async function guarded() {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const { tools, policies, done } = transfers()
  const at = home()
  const errors: unknown[] = []
  const go = async (
    model: readonly Step[],
    options: Options = {},
    pending: readonly PendingCall[] = [],
    prompt?: string,
  ) => {
    const onError = (error: unknown) => void errors.push(error)
    const made = guardTools(tools, { guard, policies, identity, builtIn, pending, onError })
    const given = { tools: ['Bash', 'Write', 'Read', 'Agent'], ...options }
    const went = await turn({ at, model, options: given, guarded: made, ...(prompt !== undefined && { prompt }) })
    return { ...went, pending: interruptsOf(made) }
  }
  return { target, at, done, errors, go }
}

describe.skipIf(missing !== undefined)(missing ?? 'with the CLI', () => {
  test(
    verifies(
      'A3',
      'a command that needs an approval is deferred, and runs once after it, also from a backup of the session',
    ),
    async () => {
      const { target, at, go } = await guarded()
      const asked = await go([[call('call-1', 'Bash', touch('a.txt'))]])
      expect(asked.pending).toMatchObject([{ callId: 'call-1', interrupt: { tool: 'Bash' } }])
      expect(await questions(target)).toEqual(['Run touch a.txt'])
      expect(ran(at, 'a.txt')).toBe(false)
      await approved(target)
      const backup = backupOf(join(at, 'config'))
      const answered = await go([], { resume: asked.session }, asked.pending)
      expect([ran(at, 'a.txt'), answered.pending]).toEqual([true, []])
      rmSync(join(at, 'work/a.txt'))
      backup.restore()
      const again = await go([], { resume: asked.session }, asked.pending)
      expect(ran(at, 'a.txt')).toBe(false)
      expect(again.model.saw).toContain('This action was started before and its result is not known.')
    },
  )

  test('after a deferred command, the turn of the prompt is guarded as well: its call is heard, and waits', async () => {
    const { target, at, go } = await guarded()
    const asked = await go([[call('call-1', 'Bash', touch('a.txt'))]])
    await approved(target)
    const script = ['Made it.', [call('call-2', 'mcp__behalf__transfer', { amount: 50 })]]
    const answered = await go(script, { resume: asked.session }, asked.pending)
    expect(ran(at, 'a.txt')).toBe(true)
    expect(answered.pending).toMatchObject([{ callId: 'call-2', interrupt: { message: 'Transfer 50' } }])
  })

  test('CANNOT be held: a command that is resumed before its answer is dropped by Claude Code, and does not run after it', async () => {
    const { target, at, go } = await guarded()
    const asked = await go([[call('call-1', 'Bash', touch('a.txt'))]])
    const early = await go(['It waits.'], { resume: asked.session }, asked.pending)
    expect(early.model.saw).toContain('Tool result missing')
    expect(early.pending).toMatchObject([{ callId: 'call-1' }])
    await approved(target)
    await go([], { resume: asked.session }, early.pending)
    expect(ran(at, 'a.txt')).toBe(false)
  })

  test('a tool without a policy is denied, a tool under unguarded is left to Claude Code, and a policy may allow', async () => {
    const { at, go } = await guarded()
    writeFileSync(join(at, 'work/r.txt'), 'what is read')
    const step = [
      call('call-1', 'Write', { file_path: join(at, 'work/w.txt'), content: 'written' }),
      call('call-2', 'Read', { file_path: join(at, 'work/r.txt') }),
      call('call-3', 'Bash', { command: 'echo allowed', description: 'Says it' }),
    ]
    const { model } = await go([step], { permissionMode: 'acceptEdits' })
    expect(model.saw).toContain('This tool is not available.')
    expect(model.saw).toContain('what is read')
    expect(model.saw).toContain('"content":"allowed')
    expect(ran(at, 'w.txt')).toBe(false)
  })

  test('CANNOT be held: another hook changes an approved command, it runs, and the app learns it afterwards', async () => {
    const { at, errors, go } = await guarded()
    const changing: HookCallback = async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      const updatedInput = touch('changed.txt')
      return { hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', updatedInput } }
    }
    await go([[call('call-1', 'Bash', { command: 'echo asked', description: 'x' })]], {
      hooks: { PreToolUse: [{ hooks: [changing] }] },
    })
    expect(ran(at, 'changed.txt')).toBe(true)
    expect(errors.map(String)).toEqual([
      expect.stringContaining('guardTools.builtIn.policies.Bash: ran with other arguments than the guard checked'),
    ])
  })

  test('hooks of a settings file, a plugin and a skill run no command, and the hooks of the app are called', async () => {
    const { at, go } = await guarded()
    const write = (path: string, text: string) => {
      mkdirSync(join(at, path, '..'), { recursive: true })
      writeFileSync(join(at, path), text)
    }
    const hooks = (name: string) => ({ PreToolUse: [{ hooks: [{ type: 'command', command: `touch ${name}` }] }] })
    write('work/.claude/settings.json', JSON.stringify({ hooks: hooks('settings.txt') }))
    write('plugin/.claude-plugin/plugin.json', JSON.stringify({ name: 'plugin', version: '1.0.0' }))
    write('plugin/hooks/hooks.json', JSON.stringify({ hooks: hooks('plugin.txt') }))
    const head = { name: 'deploy', description: 'Deploys', hooks: hooks('skill.txt') }
    write('work/.claude/skills/deploy/SKILL.md', `---\n${JSON.stringify(head)}\n---\nDeploy.\n`)
    const heard: string[] = []
    const hear: HookCallback = async (given) => {
      if (given.hook_event_name === 'PreToolUse') heard.push(given.tool_use_id)
      return {}
    }
    const skill = [call('call-1', 'Skill', { skill: 'deploy' })]
    const { model } = await go([skill, [call('call-2', 'Bash', { command: 'echo x', description: 'x' })]], {
      tools: ['Bash', 'Skill'],
      allowedTools: ['Skill'],
      settingSources: ['project'],
      settings: { disableAllHooks: undefined as never },
      plugins: [{ type: 'local', path: join(at, 'plugin') }],
      hooks: { PreToolUse: [{ hooks: [hear] }] },
    })
    expect(model.saw).toContain('Deploy.')
    expect(['settings.txt', 'plugin.txt', 'skill.txt'].filter((name) => ran(at, name))).toEqual([])
    expect(heard).toEqual(['call-1', 'call-2'])
  })

  test('without settingSources, no file of the folder is read, so that .mcp.json and a helper for keys start no process', async () => {
    const { at, go } = await guarded()
    const started = (name: string) => join(at, 'work', name)
    mkdirSync(join(at, 'work/.claude'))
    const server = { command: 'touch', args: [started('server.txt')] }
    writeFileSync(join(at, 'work/.mcp.json'), JSON.stringify({ mcpServers: { files: server } }))
    const settings = { enableAllProjectMcpServers: true, apiKeyHelper: `touch ${started('helper.txt')}; echo key` }
    writeFileSync(join(at, 'work/.claude/settings.json'), JSON.stringify(settings))
    const step = [call('call-1', 'Bash', { command: 'echo x', description: 'x' })]
    const { results } = await go([step], { settingSources: undefined as never })
    expect(results).toMatchObject([{ terminal_reason: 'completed' }])
    expect(['server.txt', 'helper.txt'].filter((name) => ran(at, name))).toEqual([])
  })

  test('a settings file that asks for the mode without hooks does not get it, so the policy decides', async () => {
    const { target, at, go } = await guarded()
    mkdirSync(join(at, 'config'))
    writeFileSync(join(at, 'config/settings.json'), JSON.stringify({ env: { CLAUDE_CODE_SIMPLE: '1' } }))
    const step = [call('call-1', 'Bash', touch('a.txt'))]
    const { pending } = await go([step], { settingSources: ['user'], allowedTools: ['Bash'] })
    expect(pending).toMatchObject([{ callId: 'call-1' }])
    expect([ran(at, 'a.txt'), await questions(target)]).toEqual([false, ['Run touch a.txt']])
  })

  test('settings that Claude Code drops for one value are refused before a prompt is sent, and hooks of files stay off', async () => {
    const { at, go } = await guarded()
    mkdirSync(join(at, 'config'))
    const hooks = { SessionStart: [{ hooks: [{ type: 'command', command: `touch ${join(at, 'work/start.txt')}` }] }] }
    writeFileSync(join(at, 'config/settings.json'), JSON.stringify({ hooks, env: { CLAUDE_CODE_SIMPLE: '1' } }))
    const options: Options = { settingSources: ['user'], allowedTools: ['Bash'], settings: { cleanupPeriodDays: -1 } }
    const step = [call('call-1', 'Bash', touch('a.txt'))]
    await expect(go([step], options)).rejects.toThrow(/queryWith.options.settings: are refused .*cleanupPeriodDays/s)
    expect(['a.txt', 'start.txt'].filter((name) => ran(at, name))).toEqual([])
  })

  test('CANNOT be held: a path in a prompt is read without a call of a tool, if settings do not deny it', async () => {
    const { at, go } = await guarded()
    writeFileSync(join(at, 'work/secret.txt'), 'what is kept')
    const prompt = `Look at @${join(at, 'work/secret.txt')}`
    const saw = async (settings: Options['settings'] & object) => {
      const { model } = await go(['Done.'], { tools: [], settings }, [], prompt)
      return model.saw.includes('what is kept')
    }
    expect(await saw({})).toBe(true)
    expect(await saw({ permissions: { deny: ['Read'] } })).toBe(false)
    expect(await saw({ env: { CLAUDE_CODE_DISABLE_ATTACHMENTS: '1' } })).toBe(false)
  })

  test("a subagent's call is guarded under its own id, and one that has to wait is told so: its deferral would be lost", async () => {
    const { target, done, go } = await guarded()
    const agents = { trader: { description: 'Trades', prompt: 'You trade.', tools: ['mcp__behalf__transfer'] } }
    const hand = { description: 'Trade', prompt: 'Transfer 50', subagent_type: 'trader', run_in_background: false }
    const delegate = (id: string) => [call(id, 'Agent', hand)]
    const transfer = (id: string) => [call(id, 'mcp__behalf__transfer', { amount: 50 })]
    const asked = await go([delegate('agent-1'), transfer('call-1'), 'It waits.', 'It waits.'], { agents })
    expect(asked.pending).toMatchObject([{ callId: 'call-1', agentId: expect.any(String) }])
    expect(asked.model.saw).toContain('The user was asked to approve this action and has not answered.')
    await approved(target)
    // The model calls again, under another id, and finds the question that was answered.
    const script = [delegate('agent-2'), transfer('call-2'), 'Done.', 'Done.']
    const answered = await go(script, { agents, resume: asked.session }, asked.pending)
    expect(answered.model.saw).toContain('transferred 50')
    expect([done, answered.pending, await questions(target)]).toEqual([[50], [], []])
  })

  test('a command that waits beside a tool of ours is told to wait, and does not run', async () => {
    const { target, at, done, go } = await guarded()
    const step = [call('call-1', 'mcp__behalf__transfer', { amount: 50 }), call('call-2', 'Bash', touch('c.txt'))]
    const asked = await go([step])
    expect(asked.pending.map(({ interrupt }) => interrupt.tool)).toEqual(['transfer', 'Bash'])
    expect(asked.results).toMatchObject([{ deferred_tool_use: { id: 'call-1' } }])
    await approved(target)
    await approved(target)
    const answered = await go([], { resume: asked.session }, asked.pending)
    expect([done, ran(at, 'c.txt'), answered.pending]).toEqual([[50], false, []])
  })
})
