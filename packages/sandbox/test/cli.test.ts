import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const runtime = mkdtempSync(join(tmpdir(), 'behalf-cli-'))
/** Below the ports that systems give out by themselves: a busy machine has many of those in use. */
const PORT = 20_000 + (process.pid % 60) * 200

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
  output(): string
}

function run(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Running {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...process.env, NODE_ENV: undefined, XDG_RUNTIME_DIR: runtime, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk))
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }))
  })
  return { child, ended, output: () => output }
}

let sandbox: Running
beforeAll(async () => {
  sandbox = run(['--port', String(PORT)])
  await vi.waitFor(() => expect(sandbox.output()).toContain('What happens'), { timeout: 60_000 })
}, 70_000)
afterAll(async () => {
  sandbox?.child.kill('SIGTERM')
  await sandbox?.ended
  rmSync(runtime, { recursive: true, force: true })
})

test('from what is printed to an approved order', { timeout: 120_000 }, async () => {
  const printed = sandbox.output()
  const link = /phone of ann\s+(http:\S+)/.exec(printed)?.[1] ?? ''
  expect(printed).toContain('npm run sandbox -- try')
  const trying = run(['try', '--port', String(PORT)])
  await vi.waitFor(() => expect(trying.output()).toContain("waits for ann's phone"), { timeout: 60_000 })

  const paired = await fetch(link, { redirect: 'manual' })
  const cookie = paired.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { origin } = new URL(link)
  const page = await (await fetch(`${origin}/phones/ann`, { headers: { cookie } })).text()
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
  expect(page).toContain('Buy 50 shares of AAPL')
  await fetch(`${origin}/phones/ann/answers`, {
    method: 'POST',
    headers: { cookie, origin },
    body: new URLSearchParams({ csrf: field('csrf'), question: field('question'), answer: 'approve' }),
  })
  expect(await trying.ended).toMatchObject({ code: 0, output: expect.stringMatching(/Done: order [\w-]+, 50 AAPL/) })

  const lines = sandbox.output().slice(printed.length)
  expect(lines).toMatch(/asked {5}agent:trader \(stock-agent\) asks ann: “Buy 50 shares of AAPL”/)
  expect(lines).toMatch(/approved {2}“Buy 50 shares of AAPL” by ann/)
  expect(lines).toMatch(/token {5}.*aud http:\S+\/, scope trade:write, act agent:trader/)
  expect(lines).toMatch(/api {7}POST \/orders -> 201/)
  expect(lines).not.toMatch(/eyJ[\w-]{8,}/)
})

test('a fault from another terminal', { timeout: 120_000 }, async () => {
  const set = { code: 0, output: 'the next question of ann is denied\n' }
  expect(await run(['fault', 'deny', '--as', 'ann', '--port', String(PORT)]).ended).toEqual(set)
  const denied = await run(['try', 'sell', '20', 'msft', '--as', 'ann']).ended
  expect(denied).toMatchObject({ code: 1, output: expect.stringContaining('approval_denied') })
  expect(await run(['fault']).ended).toMatchObject({
    code: 2,
    output: expect.stringContaining('fault: name one of 503'),
  })
  const strange = await run(['fault', 'earthquake']).ended
  expect(strange).toMatchObject({ code: 1, output: expect.stringContaining('there are 503, approve') })
})

test('its owner alone can read what controls it, and a page cannot use it', async () => {
  const folder = join(runtime, 'behalf-sandbox')
  expect(readdirSync(folder)).toEqual([`${PORT}.json`])
  expect(statSync(folder).mode & 0o077).toBe(0)
  expect(statSync(join(folder, `${PORT}.json`)).mode & 0o077).toBe(0)
  const { origin, key } = JSON.parse(readFileSync(join(folder, `${PORT}.json`), 'utf8')) as Record<string, string>
  const control = async (headers: Readonly<Record<string, string>>) =>
    (
      await fetch(`${origin}/control`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, ...headers },
        body: JSON.stringify({ command: 'fault', name: 'approve' }),
      })
    ).status
  expect(await control({ authorization: 'Bearer wrong' })).toBe(403)
  expect(await control({ origin: origin ?? '' })).toBe(403)
  expect(await control({ 'sec-fetch-site': 'same-origin' })).toBe(403)
})

test('the doctor line that is printed works as it is', { timeout: 120_000 }, async () => {
  const line = /^ +BEHALF_CLIENT_SECRET='([^']+)' npm run sandbox -- (doctor .*)$/m.exec(sandbox.output()) ?? []
  const [, secret = '', args = ''] = line
  const { code, output } = await run(args.split(' '), { BEHALF_CLIENT_SECRET: secret }).ended
  expect(output).toContain('its secret is right')
  expect(output).toContain('a login for openid is accepted')
  expect(output).not.toContain(secret)
  expect(code).toBe(0)
})

/** A folder of control files of its own, for sandboxes beside the one of the other tests. */
function elsewhere() {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { XDG_RUNTIME_DIR: folder }
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

test('token prints an access token of a user, and nothing else', { timeout: 120_000 }, async () => {
  const { code, output } = await run(['token', 'bob', '--port', String(PORT)]).ended
  expect({ code, lines: output.split('\n').length }).toEqual({ code: 0, lines: 2 })
  expect(claimsOf(output)).toMatchObject({
    sub: 'bob',
    iss: `http://127.0.0.1:${PORT + 1}`,
    scope: expect.stringContaining('chat'),
  })
  const refused = await run(['token', 'zoe', '--port', String(PORT)]).ended
  expect(refused).toMatchObject({ code: 1, output: 'there is no zoe; there are ann, bob\n' })
  const unknown = await run(['token', 'ann', '--scopes', 'chat fly', '--port', String(PORT)]).ended
  expect(unknown).toMatchObject({ code: 1, output: expect.stringMatching(/^login: invalid_scope.*fly\n$/) })
  expect(await run(['token']).ended).toMatchObject({ code: 2, output: expect.stringContaining('name one user') })
})

test('settings prints the code that the running sandbox printed at its start', { timeout: 120_000 }, async () => {
  const { code, output } = await run(['settings', '--port', String(PORT)]).ended
  expect(code).toBe(0)
  const unindented = sandbox.output().replaceAll(/^ {2}/gm, '')
  expect(unindented).toContain(output)
  expect(output).toContain('permissions: openFga({')
})

test('--seed adds people, clients and MCP servers, which tokens can be for', { timeout: 120_000 }, async () => {
  const file = join(runtime, 'seed.json')
  const mcp = 'http://127.0.0.1:8790/mcp'
  writeFileSync(
    file,
    JSON.stringify({
      users: [{ subject: 'cleo' }],
      clients: [{ clientId: 'stock-mcp', clientSecret: 'stock-mcp-secret', api: mcp }],
      resources: [{ identifier: mcp, scopes: ['mcp:tools', 'mcp:trade'] }],
    }),
  )
  const port = String(PORT + 20)
  const place = elsewhere()
  const seeded = run(['--port', port, '--seed', file], place)
  onTestFinished(() => void seeded.child.kill('SIGKILL'))
  await vi.waitFor(() => expect(seeded.output()).toContain('What happens'), { timeout: 60_000 })
  const { output } = await run(['token', 'cleo', '--audience', mcp, '--scopes', 'mcp:tools'], place).ended
  expect(claimsOf(output)).toMatchObject({ sub: 'cleo', aud: mcp, scope: 'mcp:tools' })
  const issuer = `http://127.0.0.1:${PORT + 21}`
  const checked = await run(['doctor', '--issuer', issuer, '--client-id', 'stock-mcp', '--json'], {
    BEHALF_CLIENT_SECRET: 'stock-mcp-secret',
  }).ended
  expect(JSON.parse(checked.output)).toMatchObject({ healthy: true })
})

test('try ends and says so, where the sandbox is killed while it waits for the phone', {
  timeout: 120_000,
}, async () => {
  const place = elsewhere()
  const killed = run(['--port', String(PORT + 40)], place)
  await vi.waitFor(() => expect(killed.output()).toContain('What happens'), { timeout: 60_000 })
  const trying = run(['try'], place)
  await vi.waitFor(() => expect(trying.output()).toContain("waits for ann's phone"), { timeout: 60_000 })
  killed.child.kill('SIGKILL')
  const { code, output } = await trying.ended
  expect(code).toBe(1)
  expect(output).toMatch(/the sandbox at http:\S+ does not answer: was it killed\? Start it again\n$/)
  expect(output).not.toMatch(/^ +at /m)
})

test('a sandbox that was killed, and whose ports another one has, is told apart', { timeout: 120_000 }, async () => {
  const { origin } = JSON.parse(readFileSync(join(runtime, 'behalf-sandbox', `${PORT}.json`), 'utf8'))
  const place = elsewhere()
  mkdirSync(join(place.XDG_RUNTIME_DIR, 'behalf-sandbox'))
  const before = { origin, key: 'the key of the one before', pid: process.pid }
  writeFileSync(join(place.XDG_RUNTIME_DIR, 'behalf-sandbox', `${PORT}.json`), JSON.stringify(before))
  const { code, output } = await run(['try'], place).ended
  expect({ code, output }).toEqual({
    code: 1,
    output: `another sandbox has the address ${origin} now: yours has ended. Start it again\n`,
  })
})

test('a killed sandbox does not block the next one', { timeout: 120_000 }, async () => {
  const killed = run(['--port', '0', '--json'])
  await vi.waitFor(() => expect(killed.output()).toContain('\n'), { timeout: 120_000 })
  killed.child.kill('SIGKILL')
  await killed.ended
  expect(readdirSync(join(runtime, 'behalf-sandbox'))).toHaveLength(2)
  expect(await run(['fault', 'off']).ended).toMatchObject({ code: 0 })
  expect(readdirSync(join(runtime, 'behalf-sandbox'))).toEqual([`${PORT}.json`])
})

test('doctor, for people and for CI', { timeout: 120_000 }, async () => {
  const issuer = `http://127.0.0.1:${PORT + 1}`
  const right = await run(['doctor', '--issuer', issuer, '--json']).ended
  expect(right.code).toBe(0)
  expect(JSON.parse(right.output)).toMatchObject({ issuer, healthy: true })
  const wrong = await run(['doctor', '--issuer', `${issuer}/`, '--client-id', 'stock-agent'], {
    BEHALF_CLIENT_SECRET: 'not-the-secret',
  }).ended
  expect(wrong.code).toBe(1)
  expect(wrong.output).toContain('issuer_mismatch')
  expect(wrong.output).not.toContain('not-the-secret')
  expect(await run(['doctor', '--issuer', 'nowhere']).ended).toMatchObject({
    code: 2,
    output: expect.stringContaining('give a URL'),
  })
})

describe('refuses a seed, with the place that is wrong, and ends', { timeout: 60_000 }, () => {
  test.each<[string, string, string]>([
    ['that is no JSON', '{', 'cannot be read as JSON: Expected property name'],
    ['with an unknown key', '{"user":[]}', 'seed: the whole: Unrecognized key: "user"'],
    ['with a user who is there', '{"users":[{"subject":"ann"}]}', 'seed: there is a user "ann" already'],
    [
      'with a client that is there',
      '{"clients":[{"clientId":"stock-agent"}]}',
      'seed: there is a client "stock-agent" already',
    ],
    [
      'with one resource twice',
      '{"resources":[{"identifier":"https://a.example/","scopes":[]},{"identifier":"https://a.example/","scopes":[]}]}',
      'seed: there is a resource "https://a.example/" already',
    ],
    [
      'with a resource that is no URL',
      '{"resources":[{"identifier":"mcp","scopes":[]}]}',
      'seed: resources.0.identifier: ',
    ],
    [
      'with a fragment in a resource',
      '{"resources":[{"identifier":"https://a.example/#b","scopes":[]}]}',
      'no fragment',
    ],
    [
      'with two scopes in one',
      '{"resources":[{"identifier":"https://a.example/","scopes":["a b"]}]}',
      'seed: resources.0.scopes.0: a scope has no spaces',
    ],
    ['with a client without a name', '{"clients":[{"clientSecret":"s"}]}', 'seed: clients.0.clientId: '],
    [
      'with a relation that the model does not have',
      '{"tuples":[{"user":"user:ann","relation":"flies","object":"portfolio:p-ann"}]}',
      'seed: tuples.0: ',
    ],
  ])('%s', async (_what, text, message) => {
    const file = join(runtime, 'wrong-seed.json')
    writeFileSync(file, text)
    const { code, output } = await run(['--seed', file, '--port', '0']).ended
    expect(output).toContain(message)
    expect(output).not.toMatch(/^ +at /m)
    expect(code).toBe(1)
  })
})

describe('refuses to start', { timeout: 60_000 }, () => {
  test.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    ['in production', [], { NODE_ENV: 'production' }, 'NODE_ENV=production'],
    ['on a public address', ['--host', '0.0.0.0'], {}, 'for this machine only'],
    ['on a port that is taken', ['--port', String(PORT)], {}, 'is taken'],
    ['on an invalid port', ['--port', 'http'], {}, '"http" is not a number'],
    ['on no port at all', ['--port', ''], {}, '"" is not a number'],
    ['with an option that it does not have', ['--prot', '1'], {}, "Unknown option '--prot'"],
    ['with a seed that is not there', ['--seed', '/nowhere.json', '--port', '0'], {}, 'cannot be read'],
  ])('%s', async (_what, args, env, message) => {
    const { code, output } = await run(args, env).ended
    expect(code).toBeGreaterThan(0)
    expect(output).toContain(message)
    expect(output).not.toMatch(/^ +at /m)
  })
})

test('--json: a line for each thing, and a clean end', { timeout: 120_000 }, async () => {
  const quiet = run(['--json', '--port', '0'])
  await vi.waitFor(() => expect(quiet.output()).toContain('\n'), { timeout: 60_000 })
  const started = JSON.parse(quiet.output()) as { readonly type: string; readonly settings: { readonly phone: string } }
  expect(started).toMatchObject({ type: 'started', settings: { profile: 'oidc' } })
  quiet.child.kill('SIGINT')
  expect((await quiet.ended).code).toBe(0)
  expect(readdirSync(join(runtime, 'behalf-sandbox'))).toEqual([`${PORT}.json`])
})
