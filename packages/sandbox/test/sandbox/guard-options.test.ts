import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGuard, defineTool, may, object, resource } from '@behalf/core'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { type SandboxOptions, type SandboxProfile, startSandbox } from '../../src/index.ts'
import { openLogin } from './login-http.ts'

async function started(options: SandboxOptions = {}) {
  const sandbox = await startSandbox(options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

test.each<SandboxProfile>(['oidc', 'auth0', 'okta', 'entra', 'keycloak'])(
  'a guard with the options of a %s sandbox asks on the phone, checks role and permission, and gets a token of the API',
  { timeout: 30_000 },
  async (profile) => {
    const sandbox = await started({ profile, answers: 'approve' })
    const guard = createGuard(sandbox.guardOptions)
    const { api } = sandbox.settings
    const buy = defineTool({
      name: 'buy',
      description: 'Buys shares.',
      input: z.strictObject({ portfolio: z.string(), side: z.literal('buy'), symbol: z.string(), quantity: z.int() }),
      roles: ['trader'],
      permission: ({ input: { portfolio, symbol, side, quantity } }) =>
        may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
      approval: {
        message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
        details: ({ input }) => [{ ...input, type: 'stock_order' }],
      },
      wait: { maxSeconds: 20 },
      access: { trade: resource(api.resource, { scopes: ['trade:write'] }) },
      async run(order, { access, idempotencyKey }) {
        const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
        const request = { method: 'POST', headers, body: JSON.stringify(order) }
        return (await access.trade.fetch(`${api.origin}/orders`, request)).status
      },
    })
    const identity = await sandbox.signIn('ann')
    const input = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 } as const
    expect(await guard.run(buy, { slot: 'one', input, identity })).toMatchObject({ status: 'done', result: 201 })
    expect(await sandbox.target.api.controls.orders('p-ann')).toHaveLength(1)
  },
)

test('a question after a run in doubt is sent with a warning that fits the phone', async () => {
  const sandbox = await started()
  const guard = createGuard(sandbox.guardOptions)
  const buy = (maxSeconds: number) =>
    defineTool({
      name: 'buy',
      description: 'Buys shares.',
      input: z.strictObject({}),
      approval: { message: () => 'Buy 50 shares of AAPL' },
      wait: { maxSeconds },
      run: () => Promise.reject(new Error('the connection broke')),
    })
  const identity = await sandbox.signIn('ann')
  await sandbox.fault('approve')
  const broken = guard.run(buy(20), { slot: 'one', input: {}, identity })
  await expect(broken).rejects.toThrow('the connection broke')
  expect(await guard.run(buy(0.001), { slot: 'two', input: {}, identity })).toMatchObject({ status: 'interrupted' })
  const [asked] = await sandbox.target.authorizationServer.controls.pendingRequests('ann')
  expect(asked?.bindingMessage).toMatch(/^Repeat of .* UTC, result unknown: Buy 50 shares of AAPL$/)
})

test.each([
  ['Buy for $5', 'has $; give 1 to 64 letters, digits, spaces and +-_.,:#'],
  ['x'.repeat(65), 'has 65 characters; give 1 to 64 letters'],
])('the message %j is refused before it is sent, with what is wrong', async (message, problem) => {
  const sandbox = await started()
  const buy = defineTool({
    name: 'buy',
    description: 'Buys.',
    input: z.strictObject({}),
    approval: { message: () => message },
    run: () => 'bought',
  })
  const identity = await sandbox.signIn('ann')
  const outcome = await createGuard(sandbox.guardOptions).run(buy, { slot: 'one', input: {}, identity })
  expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
  expect(JSON.stringify(outcome.trace)).toContain(`approval.message: ${problem}`)
})

test('the program of the guide for local development places its orders at the API, and prints what its comments say', {
  timeout: 30_000,
}, async () => {
  const page = readFileSync(new URL('../../../../docs/guides/local-development.md', import.meta.url), 'utf8')
  const [, program = ''] = /```ts\n([\s\S]*?await sandbox\.close\(\)\n)```/.exec(page) ?? []
  const folder = mkdtempSync(join(import.meta.dirname, 'guide-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'app.ts'), program)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  onTestFinished(() => log.mockRestore())
  await import(join(folder, 'app.ts'))
  expect(log.mock.calls).toEqual([['done'], ['done'], ['not_permitted'], [2]])
})

test.each([
  ['without a side', { side: undefined }, {}, /^400 .*side/],
  ['with details without a side', {}, { side: undefined }, /^401 .*its details differ in side/],
  ['with details of another quantity', {}, { quantity: 49 }, /^401 .*its details differ in quantity/],
])('the API answers an order %s with what is wrong', async (_, inOrder, inDetails, answer) => {
  const sandbox = await started({ answers: 'approve' })
  const { api } = sandbox.settings
  const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }
  const buy = defineTool({
    name: 'buy',
    description: 'Buys shares.',
    input: z.strictObject({}),
    approval: { message: () => 'Buy', details: () => [{ ...order, ...inDetails, type: 'stock_order' }] },
    wait: { maxSeconds: 20 },
    access: { trade: resource(api.resource, { scopes: ['trade:write'] }) },
    async run(_input, { access, idempotencyKey }) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
      const request = { method: 'POST', headers, body: JSON.stringify({ ...order, ...inOrder }) }
      const response = await access.trade.fetch(`${api.origin}/orders`, request)
      return `${response.status} ${await response.text()}`
    },
  })
  const identity = await sandbox.signIn('ann')
  const outcome = await createGuard(sandbox.guardOptions).run(buy, { slot: 'one', input: {}, identity })
  expect(outcome).toMatchObject({ status: 'done', result: expect.stringMatching(answer) })
})

describe('signIn', () => {
  test('gives a verified identity of the person, and leaves the login page to ask the next browser', async () => {
    const sandbox = await started()
    expect(await sandbox.signIn('bob')).toMatchObject({ kind: 'user', subject: 'bob' })
    const { page } = await openLogin(sandbox.settings.issuer, sandbox.settings.clientId)
    expect(page).toContain('Ann Archer')
  })

  test('is the same user each time, so that an app without a login page may sign in for each request', async () => {
    const sandbox = await started()
    const guard = createGuard(sandbox.guardOptions)
    const identityOf = () => sandbox.signIn('ann')
    const buy = defineTool({
      name: 'buy',
      description: 'Buys.',
      input: z.strictObject({}),
      approval: { message: () => 'Buy' },
      run: () => 'bought',
    })
    const call = async () => guard.run(buy, { slot: ['chat', 'call'], input: {}, identity: await identityOf() })
    const asked = await call()
    const id = asked.status === 'interrupted' ? asked.interrupt.id : ''
    const view = await guard.approvals.get(id, { identity: await identityOf() })
    expect(view).toMatchObject({ state: 'open', message: 'Buy' })
    await sandbox.fault('approve')
    await vi.waitFor(async () => expect(await call()).toMatchObject({ status: 'done', result: 'bought' }), {
      timeout: 20_000,
      interval: 1_000,
    })
  })

  test('refuses an unknown person, and names those who can sign in', async () => {
    const sandbox = await started()
    await expect(sandbox.signIn('zoe')).rejects.toThrow('there is no zoe; there are ann, bob')
  })
})
