import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createEventHub } from '../../src/events/index.ts'
import { type Sandbox, type SandboxEvent, startSandbox } from '../../src/index.ts'
import { streamChanges } from '../../src/pages/index.ts'
import { callsOf, openConsole, report, reported, textOf } from './console-calls.ts'

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

  test.each(['oidc', 'okta', 'keycloak'] as const)(
    'with the table that lacks a scope, for a user of a %s sandbox',
    async (profile) => {
      const own = await started({ profile, seed: { users: [{ subject: 'ina', roles: ['intern'] }] } })
      expect(await callsOf(own).view('ina')).toMatchObject({ status: 'denied', code: 'role_missing' })
      const page = textOf(await (await openConsole(own)).call('get_portfolio'))
      expect(page).toContain(
        'read: portfolio:read is not within the roles With the roles and the ceiling of the sandbox portfolio:read',
      )
      expect(page).toMatch(/roles: has .*intern; it needs trader/)
      expect(page).toContain('ceiling: within it delegation: the user is present')
      // Another issuer's user of this name is not hers.
      const step = { step: 'roles', verdict: 'denied', detail: 'read: portfolio:read is not within the roles' }
      const other = { tool: 'elsewhere', principal: { issuer: 'https://other.example', subject: 'ina' } }
      await report(own, reported({ ...other, code: 'role_missing', trace: { tool: 'elsewhere', steps: [step] } }))
      expect(textOf(await (await openConsole(own)).call('elsewhere'))).not.toContain('With the roles and the ceiling')
    },
  )

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
    const browser = await openConsole(sandbox)
    expect(textOf(await browser.read(`?tool=${tool}`))).toContain(`${tool} ${word} `)
    const isOpen = ['running', 'waiting', 'needs login', 'needs account'].includes(word)
    if (event.type === undefined) expect(textOf(await browser.call(tool))).toContain(isOpen ? ', so far ' : ', took ')
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
