import { tool } from '@anthropic-ai/claude-agent-sdk'
import { currentIdentity, defineTool, policy, publicTool, runAs } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type GuardedTools, guardTools, interruptsOf, resumeWhenResolved, toClaudeTools } from '../src/index.ts'
import { asked, called, extraOf, hookInput } from './without-cli.ts'
import { approved, questions, transfers, world } from './world.ts'

const Nothing = z.strictObject({})
const look = (text: () => string = () => 'seen', name = 'look') =>
  tool(name, 'Looks', {}, async () => ({ content: [{ type: 'text', text: text() }] }))

async function optionsFor(over: object = {}) {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  return { target, errors, options: { guard, identity, onError, policies: { look: policy(Nothing, {}) }, ...over } }
}

describe('what guardTools refuses', () => {
  test('a tool under another name, a tool twice, an unknown option, and a missing policy', async () => {
    const { options } = await optionsFor()
    expect(() => guardTools({ look: look(undefined, 'see') }, options)).toThrow('is "see" for the model')
    const [again = look()] = guardTools({ look: look() }, options).tools
    expect(() => guardTools({ look: again }, options)).toThrow('is guarded already')
    expect(() => guardTools({ look: look() }, { ...options, threadId: 'x' } as never)).toThrow('guardTools.threadId')
    expect(() => guardTools({ look: look() }, { ...options, policies: {} } as never)).toThrow(
      'guardTools.policies.look',
    )
    expect(() => interruptsOf({} as never)).toThrow(
      'interruptsOf.guarded: give what guardTools or toClaudeTools returned',
    )
  })

  test.each(['a__b', 'a.b', ''])('the name %j of a server, which Claude Code would change or split', async (server) => {
    const { options } = await optionsFor()
    expect(() => guardTools({ look: look() }, { ...options, server })).toThrow('must be letters, digits')
  })
})

describe('a call that no hook saw', () => {
  test('is refused with an error, and the app learns that the hooks are missing', async () => {
    const { options, errors } = await optionsFor()
    const [one = look()] = guardTools({ look: look() }, options).tools
    await expect(one.handler({} as never, extraOf('call-1'))).rejects.toMatchObject({ code: 'misconfigured' })
    await expect(one.handler({} as never, undefined)).rejects.toMatchObject({ code: 'misconfigured' })
    expect(String(errors[0])).toContain('guardTools.hooks: did not see this call')
  })

  test('of a server of the same name that is not of this process is left alone, or denied under builtIn', async () => {
    const { options } = await optionsFor()
    const foreign = hookInput('look', {}, { mcp_server: { name: 'behalf', source: 'project' } })
    expect(await asked(guardTools({ look: look() }, options), foreign)).toEqual({})
    const closed = guardTools({ look: look() }, { ...options, builtIn: { policies: {} } })
    expect(await asked(closed, foreign)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } })
  })

  test('of a tool that this server does not have is denied', async () => {
    const { options } = await optionsFor()
    expect(await called(guardTools({ look: look() }, options), 'peek', {})).toMatchObject({ decision: 'deny' })
  })
})

describe('the identity', () => {
  const who = () => look(() => JSON.stringify(currentIdentity()))

  test('is that of the request around it, for a function such as currentIdentity', async () => {
    const { target, options } = await optionsFor({ identity: currentIdentity })
    const users = { ann: await target.login('ann'), bob: await target.login('bob') }
    for (const user of ['ann', 'bob'] as const) {
      const guarded = guardTools({ look: who() }, options)
      const { told } = await runAs(users[user], () => called(guarded, 'look', {}, { tool_use_id: user }))
      expect(told).toContain(`\\"subject\\":\\"${user}\\"`)
    }
  })

  test('is missing where the function throws: the call waits for a login, and the app gets the error', async () => {
    const { options, errors } = await optionsFor({ identity: () => JSON.parse('{') })
    const guarded = guardTools({ look: who() }, options)
    expect(await called(guarded, 'look', {})).toMatchObject({ decision: 'defer' })
    expect(interruptsOf(guarded)).toMatchObject([{ callId: 'call-1', interrupt: { kind: 'login_required' } }])
    expect(String(errors[0])).toContain('SyntaxError')
  })

  test('is missing where the function is async: the app gets an error, and a rejection ends no process', async () => {
    const rejections: unknown[] = []
    const listener = (error: unknown) => void rejections.push(error)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const { options, errors } = await optionsFor()
    for (const identity of [async () => undefined, () => Promise.reject(new Error('the session is away'))]) {
      errors.length = 0
      const guarded = guardTools({ look: who() }, { ...options, identity: identity as never })
      expect(await called(guarded, 'look', {})).toMatchObject({ decision: 'defer' })
      expect(errors.map(String)).toContainEqual(expect.stringContaining('guardTools.identity: returned a promise'))
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(rejections).toEqual([])
  })
})

describe('calls that wait together', () => {
  async function two() {
    const { target, options } = await optionsFor()
    const { tools, policies, done } = transfers()
    const make = (pending: Parameters<typeof resumeWhenResolved>[0] = []) =>
      guardTools(tools, { ...options, policies, pending })
    const first = make()
    const decisions = [
      await called(first, 'transfer', { amount: 50 }),
      await called(first, 'transfer', { amount: 60 }, { tool_use_id: 'call-2' }),
    ]
    expect(decisions.map(({ decision }) => decision)).toEqual(['defer', 'deny'])
    const resumed = (pending: Parameters<typeof make>[0]) =>
      called(make(pending), 'transfer', { amount: 50 }, { prompt_id: undefined as never })
    return { target, options, done, pending: interruptsOf(first), make, resumed }
  }

  test('one is deferred, the other is told to wait, and both are carried out once both are answered', async () => {
    const { target, options, done, pending, make, resumed } = await two()
    expect((await questions(target)).toSorted()).toEqual(['Transfer 50', 'Transfer 60'])
    const { controls } = target.authorizationServer
    const first = (await controls.pendingRequests('ann')).find(({ bindingMessage }) => bindingMessage === 'Transfer 50')
    await controls.approve(first?.authReqId)
    target.clock.advance(10)
    expect(await resumeWhenResolved(pending, options)).toEqual({ status: 'open' })
    const half = make(pending)
    expect(await called(half, 'transfer', { amount: 50 })).toMatchObject({ decision: 'defer' })
    expect(interruptsOf(half)).toHaveLength(2)
    await approved(target)
    expect(await resumeWhenResolved(interruptsOf(half), options)).toEqual({ status: 'resolved' })
    const { told } = await resumed(interruptsOf(half))
    expect(told).toContain('transferred 50')
    expect(told).toContain('Result of the call call-2 of transfer, which had to wait:')
    expect(told).toContain('transferred 60')
    expect(done.toSorted()).toEqual([50, 60])
  })

  test(verifies('A3', 'a stored call whose arguments, session or id were changed is not carried out'), async () => {
    const { target, options, done, pending, resumed } = await two()
    await approved(target)
    await approved(target)
    const [carrier, other] = pending
    if (carrier === undefined || other === undefined) throw new Error('two calls were expected')
    for (const changed of [
      { ...other, input: { amount: 6 } },
      { ...other, callId: 'call-3' },
      { ...other, interrupt: { ...other.interrupt, tool: 'look' } },
    ]) {
      expect(await resumeWhenResolved([changed], options)).toEqual({ status: 'unknown' })
      expect((await resumed([carrier, changed])).told).not.toContain('which had to wait')
    }
    expect(done).toEqual([50])
  })

  test('a call of a later prompt is deferred again', async () => {
    const { options } = await optionsFor()
    const { tools, policies } = transfers()
    const guarded = guardTools(tools, { ...options, policies })
    await called(guarded, 'transfer', { amount: 50 })
    const later = { tool_use_id: 'call-2', prompt_id: 'prompt-2' }
    expect(await called(guarded, 'transfer', { amount: 60 }, later)).toMatchObject({ decision: 'defer' })
  })

  test('nothing waits: nothing to resume', async () => {
    const { options } = await optionsFor()
    expect(await resumeWhenResolved([], options)).toEqual({ status: 'nothing' })
  })
})

test(
  verifies(
    'A10',
    'the body gets what the policy parsed, whatever the tool was called with, and a changed field is refused',
  ),
  async () => {
    const { options, errors } = await optionsFor()
    const got: unknown[] = []
    const pay = tool('pay', 'Pays', { amount: z.number(), note: z.string().optional() }, async (input) => {
      got.push(input)
      return { content: [] }
    })
    const Payment = z.strictObject({ amount: z.number(), note: z.string().optional() })
    const policies = { pay: policy(Payment, { effect: 'write' }) }
    const guarded = guardTools({ pay }, { ...options, policies: policies as never })
    await called(guarded, 'pay', { amount: 1 }, { args: { amount: 1, note: 'added' } })
    expect(got).toEqual([{ amount: 1 }])
    const { told } = await called(guarded, 'pay', { amount: 1 }, { args: { amount: 1000 }, tool_use_id: 'call-2' })
    expect(told).toContain('This tool is not set up correctly.')
    expect(String(errors[0])).toContain('guardTools.tools.pay: got another "amount" than the model wrote')
    expect(got).toHaveLength(1)
  },
)

test('a policy of a built-in tool that opens a credential is refused when it is used', async () => {
  const { target, options, errors } = await optionsFor()
  const { connection } = await import('@behalf/core/vault')
  const rules = {
    access: {
      trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: ['https://api.stocktrade.example'] }),
    },
  }
  const builtIn = { policies: { Bash: policy(z.looseObject({}), rules) as never } }
  const guarded = guardTools({ look: look() }, { ...options, builtIn })
  const bash = hookInput('', { command: 'ls' }, { tool_name: 'Bash', mcp_server: undefined as never })
  expect(await asked(guarded, bash)).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } })
  expect(String(errors[0])).toContain('guardTools.builtIn.policies.Bash.access')
  expect(await questions(target)).toEqual([])
})

test('a call of a body that is refused is told to the model by its own sentence, and is no error for the app', async () => {
  const { options, errors } = await optionsFor({ identity: undefined })
  const outer = tool('outer', 'Calls look', {}, async (_, extra) => {
    const inner = guarded.tools.find(({ name }) => name === 'look')
    return inner?.handler({}, extra) ?? { content: [] }
  })
  const policies = { look: policy(Nothing, {}), outer: publicTool(Nothing) }
  const guarded: GuardedTools = guardTools({ look: look(), outer }, { ...options, policies })
  expect((await called(guarded, 'outer', {})).told).toContain('The user has to sign in before this action can be done.')
  expect(errors).toEqual([])
})

test('with builtIn, a shell command in the text of a skill is denied: no policy covers it', async () => {
  const { options } = await optionsFor()
  const hooksOf = (builtIn?: { readonly policies: Readonly<Record<string, never>> }) =>
    guardTools({ look: look() }, { ...options, ...(builtIn && { builtIn }) }).hooks.PreSkillShellCommand
  expect(hooksOf()).toBeUndefined()
  const decided = await hooksOf({ policies: {} })?.[0]?.hooks[0]?.({} as never, 'x', {
    signal: new AbortController().signal,
  })
  expect(decided).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } })
})

test('an option of builtIn that is unknown is refused', async () => {
  const { options } = await optionsFor()
  const builtIn = { policies: {}, unGuarded: ['Read'] }
  expect(() => guardTools({ look: look() }, { ...options, builtIn })).toThrow('unGuarded')
})

describe('toClaudeTools', () => {
  const order = defineTool({
    name: 'buy',
    description: 'Buys shares.',
    input: z.strictObject({ quantity: z.int().positive() }),
    approval: { when: ({ input }) => input.quantity > 10, message: ({ input }) => `Buy ${input.quantity}` },
    run: ({ quantity }) => {
      if (quantity === 3) throw new Error('no threes')
      return quantity === 4 ? { bought: 4 } : `bought ${quantity}`
    },
  })

  test('makes tools of defined tools: they run, wait for a person, and give their errors to the app', async () => {
    const { target, options, errors } = await optionsFor()
    const { guard, policies: _, ...context } = options
    const guarded = toClaudeTools(guard, [order], context)
    const buy = (quantity: number, id: string) => called(guarded, 'buy', { quantity }, { tool_use_id: id })
    expect((await buy(5, 'a')).result).toEqual({ content: [{ type: 'text', text: 'bought 5' }] })
    expect((await buy(4, 'b')).told).toContain('{\\"bought\\":4}')
    expect((await buy(3, 'c')).result).toMatchObject({ isError: true })
    expect(errors.map(String)).toEqual(['Error: no threes'])
    expect(await buy(50, 'd')).toMatchObject({ decision: 'defer' })
    expect(interruptsOf(guarded)).toMatchObject([{ interrupt: { message: 'Buy 50' } }])
    await approved(target)
    expect((await buy(50, 'd')).told).toContain('bought 50')
    expect(interruptsOf(guarded)).toEqual([])
  })

  test('refuses a schema that the SDK does not take', async () => {
    const { options } = await optionsFor()
    const { guard, policies: _, ...context } = options
    const schema = { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } } as const
    const other = defineTool({ name: 'x', description: 'x', input: schema as never, run: () => 'x' })
    expect(() => toClaudeTools(guard, [other], context)).toThrow('toClaudeTools.tools.x.input: give a z.object(…)')
  })
})

test('the tools that were passed in are not changed, and their own members stay', async () => {
  const { options } = await optionsFor()
  const own = tool('look', 'Looks', {}, async () => ({ content: [] }), { annotations: { readOnlyHint: true } })
  const { handler } = own
  const guarded = guardTools({ look: own }, options)
  expect(own.handler).toBe(handler)
  expect(guarded.tools).toMatchObject([{ name: 'look', annotations: { readOnlyHint: true } }])
  expect(Object.keys(guarded.mcpServers)).toEqual(['behalf'])
})
