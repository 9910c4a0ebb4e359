import { createGuard, defineTool } from '@behalf/core'
import { login } from '@behalf/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { createEventHub } from '../../src/events/index.ts'
import { listen } from '../../src/http/listen.ts'
import { type Sandbox, type SandboxEvent, startSandbox } from '../../src/index.ts'
import { streamChanges } from '../../src/pages/index.ts'
import { guardOptionsOf } from '../../src/sandbox/index.ts'
import { callsOf, openConsole, report, reported, textOf } from './console-calls.ts'
import { askBy, redeem } from './phone-http.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ answers: 'approve' })
})
afterAll(() => sandbox?.close())

const started = async (options = {}) => {
  const other = await startSandbox(options)
  onTestFinished(() => other.close())
  return other
}
describe('a call is shown', () => {
  test('with its trace, its question and answer, its tokens by name, scopes and lifetime, and the requests that arrived', {
    timeout: 30_000,
  }, async () => {
    const outcome = await callsOf(sandbox).buy('ann', 50)
    expect(outcome).toMatchObject({ status: 'done', result: 201 })
    const page = textOf(await (await openConsole(sandbox)).call('create_order'))
    for (const text of [
      'For ann',
      'agent:trader',
      'done',
      'Buy 50 shares of AAPL',
      'To ann . The API checks the approval in its token.',
      'user:ann user_can_trade portfolio:p-ann: yes',
      'within roles and ceiling',
      'trade:write',
      'from the approval at',
      'POST /orders -> 201, sub ann',
      'scope trade:write, act agent:trader',
      'approved “Buy 50 shares of AAPL” by ann',
    ]) {
      expect(page).toContain(text)
    }
    expect(page).toMatch(/ asked .* approved .* done /)
    expect(page).toMatch(/lives \d+ (s|min|h), until \d\d:\d\d:\d\d/)
    expect(page).not.toContain('What to do')
  })

  test('with the reason of a denial and what to do, for a permission and for a role', async () => {
    const calls = callsOf(sandbox)
    expect(await calls.view('bob', 'p-ann')).toMatchObject({ status: 'denied', code: 'not_permitted' })
    const browser = await openConsole(sandbox)
    const denied = textOf(await browser.call('get_portfolio'))
    expect(denied).toContain('not_permitted')
    expect(denied).toContain('user:bob user_can_view portfolio:p-ann: no')
    expect(denied).toContain('Write a relation to OpenFGA from which “user:bob user_can_view portfolio:p-ann” follows')
    expect(await calls.close('ann')).toMatchObject({ status: 'denied', code: 'role_missing' })
    const lacking = textOf(await browser.call('close_account'))
    expect(lacking).toContain('needs one of manager; has trader'.split('; ')[0])
    expect(lacking).toContain('explainAccess({ "close_account": policy }')
  })

  test('in the list with time, user, tool, outcome and reason, and by user and tool', async () => {
    for (const [subject, tool] of [
      ['cleo', 'sell'],
      ['dora', 'sell'],
      ['cleo', 'lend'],
    ]) {
      await report(sandbox, reported({ tool, principal: { issuer: 'https://login.example', subject } }))
    }
    const browser = await openConsole(sandbox)
    const rows = async (query: string) =>
      textOf(/<ol class="rows">[\s\S]*?<\/ol>/.exec(await browser.read(query))?.[0] ?? '')
    expect(await rows('')).toMatch(
      /\d\d:\d\d:\d\d cleo lend denied user:ann can_pay account:1: no .* dora sell denied .* cleo sell denied/,
    )
    expect(await rows('?user=cleo')).not.toContain('dora')
    expect(await rows('?user=cleo&tool=sell')).toMatch(/^ \d\d:\d\d:\d\d cleo sell denied \S+ can_pay account:1: no $/)
    expect(textOf(await browser.read('?user=zoe'))).toContain('No call of this user and tool.')
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ['checked', { phase: 'preflight', status: 'ready' }],
    ['running', { phase: 'run', status: 'ready' }],
    ['done before', { status: 'replayed' }],
    ['unavailable', { status: 'unavailable' }],
    ['aborted', { status: 'aborted' }],
    ['needs login', { status: 'interrupted', step: 'identity' }],
    ['needs account', { status: 'interrupted', step: 'connection' }],
    ['waiting', { status: 'interrupted', step: 'approval' }],
    ['in doubt', { type: 'approval', state: 'crashed' }],
    ['expired', { type: 'approval', state: 'expired' }],
    ['running', { type: 'approval', state: 'a state of later' }],
  ])('as %s where the guard reports %j', async (word, { step = 'permission', ...event }) => {
    const tool = crypto.randomUUID()
    const steps = [{ step, verdict: 'passed', detail: 'a detail' }]
    const ids = { approvalId: crypto.randomUUID() }
    await report(sandbox, reported({ tool, code: undefined, trace: { tool, steps }, ...ids, ...event }))
    expect(textOf(await (await openConsole(sandbox)).read(`?tool=${tool}`))).toContain(`${tool} ${word} `)
  })

  test('once for all its tries, under the last outcome', async () => {
    const approvalId = 'an-approval-of-a-call'
    const call = { tool: 'tried', approvalId }
    const waits = { steps: [{ step: 'approval', verdict: 'interrupted', detail: 'pending' }], tool: 'tried' }
    // A token may come before the approval is known.
    const callId = crypto.randomUUID()
    const token = { type: 'token', source: 'exchange', audience: 'https://api.example/', scopes: ['pay'] }
    await report(sandbox, reported({ ...token, tool: 'tried', callId }))
    await report(sandbox, reported({ ...call, callId, status: 'interrupted', code: undefined, trace: waits }))
    await report(
      sandbox,
      reported({ ...call, type: 'approval', state: 'pending', message: 'Pay 5 EUR', callId: undefined }),
    )
    for (let tries = 0; tries < 80; tries++) {
      await report(sandbox, reported({ ...call, status: 'interrupted', code: undefined, trace: waits }))
    }
    const browser = await openConsole(sandbox)
    expect(textOf(await browser.read('?tool=tried')).match(/tried waiting/g)).toHaveLength(1)
    await report(sandbox, reported({ ...call, status: 'done', code: undefined, trace: { tool: 'tried', steps: [] } }))
    const page = textOf(await browser.call('tried'))
    expect(page).toContain('82 tries')
    // Tries that waited leave first.
    expect(page).toContain('“ Pay 5 EUR ”')
    expect(page).toContain('https://api.example/')
  })
})

test('events of guards without a call, and of servers, stand beside the calls: a revocation, a fault, a request', async () => {
  const own = await started()
  const { guard } = callsOf(own)
  await guard.asOperator({ name: 'support' }).revoke({ issuer: own.settings.issuer, subject: 'bob' })
  await own.fault('503')
  await fetch(`${own.settings.issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'none' }),
  })
  const page = textOf(await (await openConsole(own)).read())
  expect(page).toContain('operator support: revoke bob')
  expect(page).toContain('fault 503: the next token request is answered 503')
  expect(page).toContain("refused app's issuer: token 503")
})

test('a rule that throws stands once at its call, with its message and its stack', async () => {
  const own = await started()
  const tool = defineTool({
    name: 'wrong_rule',
    description: 'Has a rule that throws.',
    input: z.strictObject({}),
    permission: () => {
      throw new TypeError('the rule is wrong')
    },
    run: () => 'done',
  })
  const identity = await own.signIn('ann')
  const guard = createGuard(own.guardOptions)
  expect(await guard.run(tool, { slot: 'one', input: {}, identity })).toMatchObject({ code: 'misconfigured' })
  const page = textOf(await (await openConsole(own)).call('wrong_rule'))
  expect(page).toMatch(
    /permission the rule permission threw TypeError: the rule is wrong Stack TypeError: .* at permission \(/,
  )
  expect(page.match(/Stack/g)).toHaveLength(1)
  expect(page).toContain('A rule of the policy threw an error.')
})

test('the relations that decided are shown, however deep they are', async () => {
  const own = await started()
  const treeOf = (depth: number): object => ({
    step: 'relation',
    subject: `folder:${depth}#viewer`,
    verdict: depth === 2 ? 'cycle' : 'denied',
    ...(depth === 2 && { reason: 'leads back' }),
    children: depth === 100 ? [] : [treeOf(depth + 1)],
  })
  const steps = [{ step: 'permission', verdict: 'denied', detail: 'no', explanations: [treeOf(0)] }]
  expect((await report(own, reported({ tool: 'deep', trace: { tool: 'deep', steps } }))).status).toBe(204)
  const page = textOf(await (await openConsole(own)).call('deep'))
  expect(page).toContain(
    'Relations that decided folder:0#viewer folder:1#viewer folder:2#viewer leads back folder:3#viewer',
  )
})

test('a guard of another process reports calls and faults by the settings alone', async () => {
  const own = await started()
  const { audit, onFault } = guardOptionsOf(own.settings) as unknown as {
    readonly audit: { write(event: unknown): Promise<void> }
    readonly onFault: (fault: unknown) => Promise<void>
  }
  const callId = crypto.randomUUID()
  await audit.write(reported({ tool: 'elsewhere', callId }))
  await onFault({ kind: 'port_threw', tool: 'elsewhere', step: 'permission', message: 'no answer at port 1', callId })
  const page = textOf(await (await openConsole(own)).call('elsewhere'))
  expect(page).toContain('Faults permission port threw no answer at port 1')
  await own.close()
  await expect(audit.write(reported())).rejects.toThrow('a line of the audit was not taken')
})

test('a request to another API is shown by method, address, status, user and scopes, and by nothing else', async () => {
  const own = await started()
  const api = await listen(0)
  onTestFinished(() => api.close())
  api.serve((request, response) => void response.writeHead(request.url === '/lost' ? 418 : 204).end())
  const { fetch: reporting } = own.guardOptions
  if (reporting === undefined) throw new TypeError('the options have no fetch')
  const { accessToken } = await login(own.target, { user: 'ann' })
  const headers = { authorization: `Bearer ${accessToken}` }
  expect((await reporting(`${api.origin}/notes/1?secret=query`, { headers })).status).toBe(204)
  expect((await reporting(new Request(`${api.origin}/lost`, { method: 'PUT', headers, body: 'a body' }))).status).toBe(
    418,
  )
  await api.close()
  await expect(reporting(new URL(`${api.origin}/gone`))).rejects.toThrow('fetch failed')
  await expect(reporting('no address')).rejects.toThrow()
  await reporting(`${own.settings.api.origin}/prices/AAPL`)
  const page = textOf(await (await openConsole(own)).read())
  expect(page).toContain(`request GET ${api.origin}/notes/1 -> 204, sub ann, scope chat`)
  expect(page).toContain(`request PUT ${api.origin}/lost -> 418, sub ann`)
  expect(page).toContain(`request GET ${api.origin}/gone -> no answer`)
  expect(page).not.toMatch(/secret=query|a body|request GET \S+\/prices/)
  expect(page).toContain('api GET /prices/AAPL -> 200')
})

test('a lost answer of a server is said', async () => {
  const own = await started()
  const authReqId = await askBy(own, 'ann')
  await own.fault('lost-answer')
  await own.fault('approve')
  await expect(redeem(own, authReqId)).rejects.toThrow()
  expect(textOf(await (await openConsole(own)).read())).toContain(
    'lost-answer: the answer of the endpoint token was lost',
  )
})

test('an old call leaves for a new one, and so does a long one', { timeout: 60_000 }, async () => {
  const own = await started()
  const { sink } = { sink: own.guardOptions.audit as { write(event: unknown): void } }
  const first = reported({ tool: 'first' })
  sink.write(first)
  const browser = await openConsole(own)
  const name = /data-key="([\w-]+)"/.exec(await browser.read())?.[1]
  for (let count = 0; count < 200; count++) sink.write(reported({ tool: `later_${count}` }))
  expect(textOf(await browser.read())).not.toContain(' first ')
  expect(textOf(await browser.read(`?call=${name}`))).toContain('This call is gone')
  const long = {
    tool: 'long',
    steps: Array.from({ length: 30 }, () => ({ step: 'permission', verdict: 'denied', detail: 'x '.repeat(4000) })),
  }
  for (let count = 0; count < 60; count++) sink.write(reported({ tool: `long_${count}`, trace: long }))
  const rows = (await browser.read()).match(/class="tool"/g) ?? []
  expect(rows.length).toBeGreaterThan(10)
  expect(rows.length).toBeLessThan(30)
})

test('a page that reads no changes has no more than 100 of them ahead', async () => {
  const events = createEventHub()
  const changes = streamChanges(events, () => '', new AbortController().signal)
  for (let count = 0; count < 1000; count++) events.emit({ type: 'fault', fault: 'off', effect: 'none' })
  events.end()
  const reader = (changes.body as ReadableStream<Uint8Array>).getReader()
  let chunks = 0
  while (await Promise.race([reader.read(), new Promise((resolve) => setTimeout(resolve, 200, undefined))])) chunks++
  await reader.cancel()
  expect(chunks).toBeGreaterThan(90)
  expect(chunks).toBeLessThan(110)
})

test('a guard whose options replace the audit works as before, and the console shows no call of it', async () => {
  const own = await started()
  const events: unknown[] = []
  const mine = callsOf(own, { audit: { write: (event) => void events.push(event) } })
  expect(await mine.view('ann')).toMatchObject({ status: 'done' })
  expect(events.length).toBeGreaterThan(0)
  expect(textOf(await (await openConsole(own)).read())).toContain('No call yet.')
})

test('an audit event reaches the listeners of the sandbox', async () => {
  const events: SandboxEvent[] = []
  const own = await started({ onEvent: (event: SandboxEvent) => void events.push(event) })
  await callsOf(own).view('bob', 'p-ann')
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'audited',
      event: expect.objectContaining({ type: 'call', tool: 'get_portfolio', status: 'denied', code: 'not_permitted' }),
    }),
  )
})
