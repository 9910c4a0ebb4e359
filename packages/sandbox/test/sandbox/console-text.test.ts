import { createGuard, defineTool, resource } from '@behalf/core'
import { login } from '@behalf/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type Sandbox, type SandboxEvent, startSandbox } from '../../src/index.ts'
import { openSandbox } from '../../src/start/start-sandbox.ts'
import { processorSeconds } from '../processor-seconds.ts'
import { callsOf, openConsole, report, reported, textOf } from './console-calls.ts'
import { askBy } from './phone-http.ts'

const CONTROL_KEY = 'short-key'

let sandbox: Sandbox
const events: SandboxEvent[] = []
beforeAll(async () => {
  sandbox = await openSandbox({ answers: 'approve', onEvent: (event) => void events.push(event) }, CONTROL_KEY)
})
afterAll(() => sandbox?.close())

/** All pages of the console: the list, and each call. */
async function allPages(): Promise<string> {
  const browser = await openConsole(sandbox)
  const first = await browser.read()
  const names = [...first.matchAll(/data-key="([\w-]+)"/g)].map(([, name]) => name)
  const calls = await Promise.all(names.map((name) => browser.read(`?call=${name}`)))
  return [first, ...calls].join('\n')
}

test('no page, change or event shows a token or a secret, wherever a tool, a model or a server puts one', {
  timeout: 30_000,
}, async () => {
  const { settings, target } = sandbox
  const { accessToken } = await login(target, { user: 'ann' })
  const seen: string[] = [accessToken]
  const calls = callsOf(sandbox, {
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      const body = (await response
        .clone()
        .json()
        .catch(() => ({}))) as Record<string, unknown>
      for (const name of ['access_token', 'auth_req_id', 'id_token', 'refresh_token']) {
        if (typeof body[name] === 'string') seen.push(body[name])
      }
      return response
    },
  })
  expect(await calls.buy('ann', 60)).toMatchObject({ status: 'done' })
  expect(await calls.view('ann')).toMatchObject({ status: 'done' })
  expect(seen.length).toBeGreaterThan(3)
  const opaque = 'Zk3'.padEnd(43, 'aB9_-')
  const secrets = [
    ...seen,
    opaque,
    CONTROL_KEY,
    settings.clientSecret,
    settings.openFga.credentials.token,
    settings.accountsClient.clientSecret,
    settings.reports.key,
    new URL(sandbox.consoleUrl).searchParams.get('key') ?? '',
    new URL(sandbox.phone.urlOf('ann')).searchParams.get('key') ?? '',
  ]
  const { audit } = sandbox.guardOptions as { readonly audit: { write(event: unknown): void } }
  for (const secret of secrets) {
    const step = {
      step: 'permission',
      verdict: 'denied',
      detail: `no: ${secret}`,
      stack: `Error: ${secret}\n at x`,
      explanations: [{ step: secret, subject: secret, verdict: 'denied', reason: secret, children: [] }],
    }
    const hostile = reported({
      tool: `tool ${secret}`,
      agent: secret,
      code: secret,
      principal: { issuer: secret, subject: secret, actor: { subject: secret } },
      trace: { tool: secret, steps: [step] },
    })
    audit.write(hostile)
    expect((await report(sandbox, { ...hostile, callId: crypto.randomUUID(), [secret]: secret })).status).toBe(204)
    audit.write(reported({ type: 'token', source: 'exchange', audience: secret, scopes: [secret], token: secret }))
    audit.write(
      reported({
        type: 'approval',
        approvalId: crypto.randomUUID(),
        state: secret,
        message: secret,
        approver: { issuer: secret, subject: secret },
      }),
    )
    audit.write(reported({ type: 'raw_token', credential: secret }))
    const facts = { subject: secret, audience: [secret], scopes: [secret], actors: [secret] }
    await report(sandbox, { method: secret, url: `https://api.example/${secret}`, status: 200, token: facts })
    await report(sandbox, {
      kind: 'port_threw',
      tool: secret,
      step: secret,
      rule: secret,
      message: secret,
      stack: secret,
    })
    audit.write(
      reported({
        type: 'operator',
        tool: '',
        callId: undefined,
        operator: secret,
        action: 'revoke',
        revoked: { issuer: secret, subject: secret },
      }),
    )
  }
  await askBy(sandbox, 'ann', `Pay ${opaque}`)
  const audited = events.filter(({ type }) => ['audited', 'guard_fault', 'request'].includes(type))
  const told = `${await allPages()}\n${JSON.stringify(audited)}`
  expect(audited.length).toBeGreaterThan(secrets.length * 7)
  expect(secrets.filter((secret) => told.includes(secret))).toEqual([])
  expect(told).toContain('[hidden]')
})

test('text that looks like a page, is turned around, or is very long is text, whole and in its place', async () => {
  const markup = `"><img src=x onerror=alert(1)><script>alert(1)</script>&amp;'`
  const turned = 'pay\u202Eann\u200B'
  const long = 'a_tool_with_a_very_long_name_'.repeat(20)
  for (const text of [markup, turned, long]) {
    const step = { step: text, verdict: 'denied', detail: `${text}: no`, stack: text }
    const principal = { issuer: 'https://login.example', subject: text }
    expect(
      (
        await report(
          sandbox,
          reported({ tool: text, agent: text, code: text, principal, trace: { tool: text, steps: [step] } }),
        )
      ).status,
    ).toBe(204)
  }
  const approval = { type: 'approval', approvalId: crypto.randomUUID(), state: markup, message: markup }
  await report(sandbox, reported({ ...approval, approver: { issuer: 'x', subject: markup } }))
  const page = await allPages()
  expect(page).not.toMatch(/<img|<script>alert|onerror=alert\(1\)>[^&]*<script>/)
  const text = textOf(page)
  expect(text).not.toContain(turned)
  expect(text).toContain('<img src=x onerror=alert(1)>')
  expect(text).toContain('pay[U+202E]ann[U+200B]')
  expect(text).toContain(long)
})

test('a token at the end of a long text is hidden whole', async () => {
  const token = 'Qx7'.padEnd(43, 'bC4_-')
  await report(sandbox, reported({ tool: 'long_detail', code: `${'no '.repeat(2660)}${token}` }))
  expect(await allPages()).not.toContain(token.slice(0, 10))
})

test('a token without scopes says so', async () => {
  const token = { subject: 'ann', audience: [], scopes: [], actors: [] }
  await report(sandbox, { method: 'GET', url: 'https://api.example/bare', status: 200, token })
  expect(textOf(await (await openConsole(sandbox)).read())).toContain('/bare -> 200, sub ann, no scope')
})

test('a report of long names is read at once', async () => {
  const names = Array.from({ length: 30 }, (_, index) => [`${'a'.repeat(8000)}${index}`, 1])
  const long = reported({ tool: 'a'.repeat(8000), ...Object.fromEntries(names) })
  let status: number | undefined
  const seconds = await processorSeconds(async () => {
    status = (await report(sandbox, long)).status
  })
  expect(status).toBe(204)
  expect(seconds).toBeLessThan(1)
})

test('long events leave the page small', async () => {
  const own = await startSandbox()
  onTestFinished(() => own.close())
  const fault = { kind: 'port_threw', tool: 'pay', step: 'permission', message: 'no answer '.repeat(800) }
  for (let count = 0; count < 20; count++) await report(own, fault)
  const page = await (await openConsole(own)).read()
  expect(page.match(/class="label bad"/g)).toHaveLength(20)
  expect(page.length).toBeLessThan(60_000)
})

test('an address that asks for what is not there is text too', async () => {
  const browser = await openConsole(sandbox)
  const page = await browser.read(
    `?user=${encodeURIComponent('"><b>x')}&tool=${encodeURIComponent('</select><b>y')}&call=__proto__`,
  )
  expect(page).not.toMatch(/<b>/)
  expect(textOf(page)).toContain('This call is gone')
})

test('a body that throws shows that it threw, and not its error', async () => {
  const guard = createGuard(sandbox.guardOptions)
  const tool = defineTool({
    name: 'throws',
    description: 'Throws.',
    input: z.strictObject({}),
    access: { read: resource(sandbox.settings.api.resource, { scopes: ['portfolio:read'] }) },
    run: () => {
      throw new Error('the-words-of-the-body')
    },
  })
  const identity = await sandbox.signIn('ann')
  await expect(guard.run(tool, { slot: 'one', input: {}, identity })).rejects.toThrow('the-words')
  const page = await (await openConsole(sandbox)).call('throws')
  expect(textOf(page)).toContain('failed')
  expect(page).not.toContain('the-words-of-the-body')
})
