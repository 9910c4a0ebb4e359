import { createGuard, defineTool } from '@behalf/core'
import { login } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { listen } from '../../src/http/listen.ts'
import { startSandbox } from '../../src/index.ts'
import { guardOptionsOf } from '../../src/start/index.ts'
import { callsOf, openConsole, report, reported, textOf } from './console-calls.ts'
import { askBy, redeem } from './phone-http.ts'

const started = async () => {
  const sandbox = await startSandbox()
  onTestFinished(() => sandbox.close())
  return sandbox
}

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
  await onFault({ kind: 'effect_not_named', tool: 'elsewhere', step: 'access', message: 'trade sent POST', callId })
  const page = textOf(await (await openConsole(own)).call('elsewhere'))
  expect(page).toContain('Faults permission port threw no answer at port 1 access effect not named trade sent POST')
  await own.close()
  await expect(audit.write(reported())).rejects.toThrow('a line of the audit was not accepted')
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

test('a token that the API refused says nothing about its request', async () => {
  const own = await started()
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged = `${part({ alg: 'none' })}.${part({ sub: 'a-forged-name', act: null })}.`
  const url = `${own.settings.api.origin}/portfolios/p-ann`
  expect((await fetch(url, { headers: { authorization: `Bearer ${forged}` } })).status).toBe(401)
  const page = textOf(await (await openConsole(own)).read())
  expect(page).toContain('api GET /portfolios/p-ann -> 401')
  expect(page).not.toContain('a-forged-name')
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
