import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { login } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import { type SandboxProfile, startSandbox } from '../src/index.ts'
import { settingsCode } from '../src/start/settings.ts'
import { openConsole, textOf } from './sandbox/console-calls.ts'

/** What an app adds to the settings: a login, a tool, and its call. */
const APP = `import * as z from 'zod'
import { currentCall, may, object, policy, resource, verifyAccessToken } from '@behalf/core'
import { API, AUDIENCE, authorizationServer, guard } from './settings.mjs'

const identity = await verifyAccessToken(process.env.TOKEN, { authorizationServer, audience: AUDIENCE })
const Order = z.strictObject({ portfolio: z.string(), side: z.literal('buy'), symbol: z.string(), quantity: z.int() })
const createOrder = policy(Order, {
  roles: ['trader'],
  permission: ({ input: { portfolio, symbol, side, quantity } }) =>
    may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
  approval: {
    message: ({ input }) => \`Buy \${input.quantity} shares of \${input.symbol}\`,
    details: ({ input }) => [{ ...input, type: 'stock_order' }],
  },
  access: { trade: resource(\`\${API}/\`, { scopes: ['trade:write'] }) },
})
const input = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }
const look = () =>
  guard.run(createOrder, { tool: 'create_order', slot: 'one', input, identity }, async (order) => {
    const { access, idempotencyKey } = currentCall(createOrder)
    const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
    return (await access.trade.fetch(\`\${API}/orders\`, { method: 'POST', headers, body: JSON.stringify(order) })).status
  })
let outcome = await look()
for (let left = 20; left > 0 && outcome.status === 'interrupted'; left--) {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  outcome = await look()
}
console.log(JSON.stringify({ status: outcome.status, result: outcome.result, trace: outcome.trace }))
const costly = policy(Order, { approval: { message: () => 'Buy for $5' } })
const { code } = await guard.run(costly, { tool: 'costly', slot: 'one', input, identity }, () => 'bought')
console.log('beyond the limits of a message:', code)
`

test.each<SandboxProfile>(['oidc', 'auth0', 'okta', 'entra', 'keycloak'])(
  'the settings that are printed for %s run as they are, and know the limits of a message',
  { timeout: 60_000 },
  async (profile) => {
    const sandbox = await startSandbox({ profile, answers: 'approve' })
    onTestFinished(() => sandbox.close())
    const { accessToken } = await login(sandbox.target, { user: 'ann' })
    // Beside this package, so that it finds what an app has installed.
    const folder = mkdtempSync(join(fileURLToPath(new URL('..', import.meta.url)), 'node_modules', '.settings-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'settings.mjs'), settingsCode(sandbox.settings))
    writeFileSync(join(folder, 'app.mjs'), APP)
    const output = await new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(folder, 'app.mjs')], {
        env: { ...process.env, TOKEN: accessToken },
      })
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => (text += chunk))
      child.stderr.on('data', (chunk: Buffer) => (text += chunk))
      child.on('close', () => resolve(text))
    })
    expect(output).toContain('"status":"done","result":201')
    expect(output).toContain('beyond the limits of a message: misconfigured')
    expect(await sandbox.target.api.controls.orders('p-ann')).toHaveLength(1)
    expect(textOf(await (await openConsole(sandbox)).call('create_order'))).toContain('done For ann')
  },
)
