import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAuthorizationServer } from '@behalf/sandbox'
import { expect, onTestFinished, test, vi } from 'vitest'
import { namesOf, providers } from '../src/choices.ts'
import { start } from './apps/running.ts'
import { command, workshop } from './sources.ts'

/** An authorization server that knows the app, and an app of a provider that is set to it. */
async function appAt(folder: string) {
  const server = await startAuthorizationServer({
    clients: [{ clientId: 'agent' }],
    users: [{ subject: 'zoe' }],
    resources: [{ identifier: 'https://agent.example.com', scopes: ['chat'] }],
    interval: 1,
  })
  onTestFinished(() => server.close())
  await command(folder, '--framework', 'plain', '--provider', 'oidc')
  // A real provider has https; this one is on this machine.
  const guard = readFileSync(join(folder, 'guard.ts'), 'utf8')
  const local = guard
    .replace('import { createGuard }', 'import { allowInsecureLoopback, createGuard }')
    .replace('oidc({', 'oidc({\n  [allowInsecureLoopback]: true,')
  writeFileSync(join(folder, 'guard.ts'), local)
  return { server, settings: { ISSUER: server.issuer, CLIENT_ID: 'agent', AUDIENCE: 'https://agent.example.com' } }
}

function run(folder: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['app.ts'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, XDG_CONFIG_HOME: join(folder, 'config'), ...env },
  })
  onTestFinished(() => void child.kill())
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const prints = (text: string | RegExp) =>
    vi.waitFor(() => expect(output).toMatch(text), { timeout: 150_000 }).then(() => output)
  return { prints, type: (line: string) => child.stdin.write(`${line}\n`), ended, output: () => output }
}

test.each([
  ['yes', 'bought 50 AAPL'],
  ['no', 'denied'],
])(
  'an app of a provider signs its user in by a code, asks in its terminal, and takes %j',
  { timeout: 180_000 },
  async (typed, end) => {
    const folder = join(workshop(), 'my-app')
    const { server, settings } = await appAt(folder)
    const app = run(folder, settings)
    const code = /enter (\S+)/.exec(await app.prints(/enter \S+/))?.[1] ?? ''
    await server.controls.approveDevice(code, 'zoe')
    await app.prints('Buy 50 shares of AAPL? Type yes or no:')
    app.type(typed)
    await app.prints(end)
    expect(await app.ended).toBe(0)
  },
)

test('an app of a provider names the setting that is missing', { timeout: 180_000 }, async () => {
  const folder = join(workshop(), 'my-app')
  const { settings } = await appAt(folder)
  const app = run(folder, { ...settings, AUDIENCE: '' })
  expect(await app.ended).toBe(1)
  expect(app.output()).toBe('AUDIENCE is missing: set it in .env\n')
})

const madeUp = {
  AUTH0_DOMAIN: 'tenant.eu.auth0.com',
  OKTA_DOMAIN: 'example.okta.com',
  OKTA_AUTHORIZATION_SERVER: 'default',
  KEYCLOAK_URL: 'https://id.example.com',
  KEYCLOAK_REALM: 'staff',
  ENTRA_TENANT_ID: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
  ENTRA_SCOPE: 'api://11112222-bbbb-3333-cccc-4444dddd5555/Chat',
  ISSUER: 'https://login.example.com',
  CLIENT_ID: '11112222-bbbb-3333-cccc-4444dddd5555',
  AUDIENCE: 'https://agent.example.com',
}

test.each(namesOf(providers).filter((name) => name !== 'sandbox'))(
  'the guard of a new app for %s is made from its settings alone, without a request',
  { timeout: 180_000 },
  async (provider) => {
    for (const framework of ['plain', 'mcp']) {
      const app = join(workshop(), 'my-app')
      await command(app, '--framework', framework, '--provider', provider)
      const load =
        "globalThis.fetch = () => { throw new Error('a request') }; await import('./guard.ts'); console.log('made')"
      const program = start([process.execPath, '--input-type=module', '--eval', load], app, madeUp)
      expect(await program.finishes()).toBe('made\n')
    }
  },
)
