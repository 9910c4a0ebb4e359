import { createGuard, defineTool, type GuardOptions, may, object, resource } from '@behalf/core'
import { explainOutcome } from '@behalf/core/audit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { describeEvent } from '../../src/events/index.ts'
import { listen } from '../../src/http/listen.ts'
import { type Sandbox, type SandboxEvent, startSandbox } from '../../src/index.ts'
import { guardOptionsOf } from '../../src/start/index.ts'
import { processorSeconds } from '../processor-seconds.ts'
import { openConsole, report, reported, textOf } from './console-calls.ts'

let sandbox: Sandbox
const events: SandboxEvent[] = []
beforeAll(async () => {
  sandbox = await startSandbox({ answers: 'approve', onEvent: (event) => void events.push(event) })
})
afterAll(() => sandbox?.close())

/** Text of the newest call's page between "Why" and its trace. */
async function whyOf(tool: string): Promise<string> {
  const page = textOf(await (await openConsole(sandbox)).call(tool))
  return /Why .*?(?= Trace )/.exec(page)?.[0] ?? page
}

describe('a call that the condition of a relation refuses', () => {
  const trade = (name: string, context: Parameters<typeof may>[2]) =>
    defineTool({
      name,
      description: 'Trades.',
      input: z.strictObject({}),
      permission: () => may('can_trade', object('portfolio', 'p-ann'), context),
      run: () => 'traded',
    })
  const refuse = async (tool: ReturnType<typeof trade>, options: GuardOptions = sandbox.guardOptions) => {
    const identity = await sandbox.signIn('ann')
    const outcome = await createGuard(options).run(tool, { slot: crypto.randomUUID(), input: {}, identity })
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    return outcome
  }
  const goog = { context: { symbol: 'GOOG', side: 'buy', amount: 5 } }
  const tuple = 'portfolio:p-ann#agent_trader@agent:trader'
  const why = [
    'OpenFGA has a relation for this call, and its condition does not hold.',
    `agent:trader agent_can_trade portfolio:p-ann: no ${tuple}: its condition within_mandate does not hold: now <`,
    'symbol = "GOOG" of the question symbols = ["AAPL","MSFT"] of the tuple',
    `Change the input, or the limits of within_mandate on the tuple “${tuple}”.`,
  ]

  test('says in the printed trace and at the console which condition it is, with its values, and what to change', async () => {
    const outcome = await refuse(trade('trade_goog', goog))
    expect(explainOutcome(outcome)).toContain(
      `agent:trader agent_can_trade portfolio:p-ann: no (${tuple}: its condition within_mandate does not hold:`,
    )
    expect(explainOutcome(outcome)).toContain('symbol = "GOOG" of the question, symbols = ["AAPL","MSFT"] of the tuple')
    const shown = await whyOf('trade_goog')
    for (const text of why) expect(shown).toContain(text)
    expect(shown).not.toContain('Write a relation')
    const list = textOf(await (await openConsole(sandbox)).read('?tool=trade_goog'))
    expect(list).toContain(`portfolio:p-ann: no (${tuple}: its condition within_mandate does not hold) `)
  })

  test('says so at the console for a guard of another process, whose trace has no reasons', async () => {
    const outcome = await refuse(trade('trade_elsewhere', goog), guardOptionsOf(sandbox.settings))
    expect(explainOutcome(outcome)).not.toContain('within_mandate')
    const shown = await whyOf('trade_elsewhere')
    for (const text of why) expect(shown).toContain(text)
    expect(shown).not.toContain('Write a relation')
  })

  test('names the values that the permission does not give', async () => {
    await refuse(trade('trade_unknown', { context: { symbol: 'AAPL', side: 'buy' } }))
    expect(await whyOf('trade_unknown')).toContain(
      `Give amount in the context of the permission, or on the tuple “${tuple}”: its condition within_mandate needs it.`,
    )
  })
})

test.each(['#@'.repeat(3900), "'".repeat(7900), `${' and '.repeat(1500)}x`, ': its condition '.repeat(480)])(
  'a long reason is shown at once: %#',
  async (reason) => {
    const tool = crypto.randomUUID()
    const detail = `user:ann can_pay account:1: no (${reason})`
    await report(
      sandbox,
      reported({ tool, trace: { tool, steps: [{ step: 'permission', verdict: 'denied', detail }] } }),
    )
    let shown = ''
    const seconds = await processorSeconds(async () => {
      shown = await whyOf(tool)
    })
    expect(shown).toContain('user:ann can_pay account:1: no')
    expect(seconds).toBeLessThan(1)
  },
)

describe('a call whose body threw', () => {
  const failing = (name: string, requestOf: (access: { fetch: typeof fetch }) => Promise<unknown>, asks = false) =>
    defineTool({
      name,
      description: 'Fails.',
      input: z.strictObject({}),
      ...(asks && { approval: { message: () => 'Fail' }, wait: { maxSeconds: 20 } }),
      access: { trade: resource(sandbox.settings.api.resource, { scopes: ['trade:small'] }) },
      async run(_input, { access }) {
        await requestOf(access.trade as { fetch: typeof fetch })
        throw new Error('the-words-of-the-body')
      },
    })
  const run = async (tool: ReturnType<typeof failing>) => {
    const identity = await sandbox.signIn('ann')
    const outcome = createGuard(sandbox.guardOptions).run(tool, { slot: crypto.randomUUID(), input: {}, identity })
    await expect(outcome).rejects.toThrow()
    const list = textOf(await (await openConsole(sandbox)).read(`?tool=${tool.name}`))
    return { row: /(?<=failed ).*?(?= Requests and events)/.exec(list)?.[0], why: await whyOf(tool.name) }
  }

  test('says that it threw and names its last refused request, and no step that passed', async () => {
    const { api } = sandbox.settings
    const tool = failing('refused_order', async (access) => {
      await access.fetch(`${api.origin}/unknown`)
      await access.fetch(`${api.origin}/orders`, { method: 'POST', body: '{}' })
      await access.fetch(`${api.origin}/prices/AAPL`)
    })
    const { row, why } = await run(tool)
    expect(row).toMatch(/^the body of the tool threw; last refused request: POST \/orders -> 4\d\d$/)
    expect(why).toMatch(
      /^Why The body of the tool threw an error\. .* last refused request: POST \/orders -> 4\d\d What to do/,
    )
    expect(why).not.toContain('credentials are ready')
    const line = events.findLast((event) => event.type === 'audited' && event.event.type === 'call')
    expect(line && describeEvent(line)).toMatch(/refused_order for ann: threw: the body of the tool threw an error$/)
  })

  test('says only that it threw where the sandbox saw no refused request, also after an approval', async () => {
    for (const asks of [false, true]) {
      const { row, why } = await run(failing(`no_request_${asks}`, async () => undefined, asks))
      expect(row).toBe('the body of the tool threw')
      expect(why).toContain('the console does not. What to do')
      expect(why).not.toContain('the-words-of-the-body')
    }
  })

  test('does not name the refused request of a call that ended a moment before', async () => {
    const identity = await sandbox.signIn('ann')
    const guard = createGuard(sandbox.guardOptions)
    const refused = failing('refused_before', (access) =>
      access.fetch(`${sandbox.settings.api.origin}/orders`, { method: 'POST', body: '{}' }),
    )
    for (const tool of [refused, failing('begun_after', async () => undefined)]) {
      await expect(guard.run(tool, { slot: crypto.randomUUID(), input: {}, identity })).rejects.toThrow()
      // Clocks show whole milliseconds.
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    const list = textOf(await (await openConsole(sandbox)).read('?tool=begun_after'))
    expect(list).toContain('failed the body of the tool threw Requests and events')
  })

  test('names a request to another API that got no answer', async () => {
    const api = await listen(0)
    onTestFinished(() => api.close())
    await api.close()
    const { fetch: reporting } = sandbox.guardOptions
    const { row } = await run(failing('no_answer', () => Promise.resolve(reporting?.(`${api.origin}/notes`))))
    expect(row).toBe(`the body of the tool threw; last refused request: GET ${api.origin}/notes -> no answer`)
  })
})
