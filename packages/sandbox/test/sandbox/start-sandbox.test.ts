import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { login, profileOf, signIn, TestingError } from '@behalf/testing'
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Sandbox, type SandboxEvent, type SandboxOptions, startSandbox } from '../../src/index.ts'
import { processorSeconds } from '../processor-seconds.ts'
import { askBy, basic, freePort, openPhone, redeem } from './phone-http.ts'

afterEach(() => void vi.unstubAllEnvs())

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

const ORDER = { type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }

async function place({ settings }: Sandbox, token: string, key: string) {
  const response = await fetch(`${settings.api.origin}/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }),
  })
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> }
}

test('is there after less than two seconds of work, with all servers', async () => {
  const work = async () => {
    const { settings } = await start()
    for (const origin of [settings.issuer, settings.upstreamIssuer, settings.enterpriseIssuer]) {
      expect((await fetch(`${origin}/.well-known/openid-configuration`)).status).toBe(200)
    }
  }
  expect(await processorSeconds(work)).toBeLessThan(2)
})

test('refuses to start in production, and takes no port', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  await expect(startSandbox()).rejects.toThrow('NODE_ENV=production')
})

test.each<[SandboxOptions, string]>([
  [{ prot: 1 } as never, 'unknown prot'],
  [{ port: 65_530 }, 'seven ports'],
  [{ data: 'x.sqlite' }, 'port: give one with data'],
  [{ profile: 'ping' as never }, 'profile: give one of'],
  [{ interval: 0 }, 'interval'],
  [{ answers: 'yes' as never }, 'answers'],
  [{ seed: { users: [{ subject: 'a b' }] } }, 'seed: users.0.subject'],
  [{ seed: { people: [] } as never }, 'seed'],
])('refuses %j', async (options, message) => {
  await expect(startSandbox(options)).rejects.toThrow(message)
})

test('has no link for a user who is not there, and names those who are', async () => {
  const { phone, signIn } = await start()
  const problem = 'there is no cleo; there are ann, bob'
  expect(() => phone.urlOf('cleo')).toThrow(problem)
  await expect(signIn('cleo')).rejects.toThrow(problem)
})

test('says when a port is taken, and gives back those before it', async () => {
  const first = await start()
  const taken = Number(new URL(first.settings.api.origin).port)
  await expect(startSandbox({ port: taken })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

describe('events', () => {
  test('tell what happened, and hold no token, code or request id', async () => {
    const events: SandboxEvent[] = []
    const sandbox = await start({ onEvent: (event) => void events.push(event) })
    const bodies: string[] = []
    const authReqId = await askBy(sandbox, 'ann', 'Buy 50 shares of AAPL', [ORDER])
    await sandbox.fault('approve')
    const { body } = await redeem(sandbox, authReqId)
    bodies.push(
      authReqId,
      ...Object.values(body as object).filter((value) => typeof value === 'string' && value.length > 40),
    )
    expect(bodies.length).toBeGreaterThan(2)
    await place(sandbox, (body as { readonly access_token: string }).access_token, 'key-1')
    expect(events.map(({ type }) => type)).toEqual(['asked', 'answered', 'fault', 'token', 'api'])
    expect(events[0]).toMatchObject({ subject: 'ann', agent: 'agent:trader', message: 'Buy 50 shares of AAPL' })
    expect(events[3]).toMatchObject({ subject: 'ann', actors: ['agent:trader'], authorizationDetails: [ORDER] })
    for (const secret of bodies) expect(JSON.stringify(events)).not.toContain(secret)
    expect(JSON.stringify(events)).not.toMatch(/eyJ[\w-]{8,}/)
  })

  test('tell why OpenFGA said no: the tuple that decided, and its condition with the values', async () => {
    const events: SandboxEvent[] = []
    const { settings } = await start({ onEvent: (event) => void events.push(event) })
    const { openFga, agentName } = settings
    const context = { now: new Date().toISOString(), amount: 1_000_000, symbol: 'AAPL', side: 'buy' }
    const tuple_key = { user: agentName, relation: 'agent_can_trade', object: 'portfolio:p-ann' }
    const ask = (question: object) =>
      fetch(`${openFga.apiUrl}/stores/${openFga.storeId}/check`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${openFga.credentials.token}` },
        body: JSON.stringify(question),
      })
    await ask({ tuple_key, context })
    await ask({ tuple_key, context: { ...context, amount: 1 } })
    await ask({ tuple_key: { ...tuple_key, user: 'user:bob', relation: 'owner' } })
    const why = (event: SandboxEvent | undefined) => (event?.type === 'checked' ? event.why : undefined)
    expect(events.map(({ type }) => type)).toEqual(['checked', 'checked', 'checked'])
    expect(why(events[0])).toContain(
      `portfolio:p-ann#agent_trader@${agentName}: its condition within_mandate does not hold`,
    )
    expect(why(events[0])).toContain('amount <= max_amount')
    expect(why(events[0])).toContain('amount = 1000000 of the question')
    expect(why(events[0])).toMatch(/max_amount = \d+ of the tuple/)
    expect(events[1]).toEqual(expect.not.objectContaining({ why: expect.anything() }))
    expect(why(events[2])).toBe('portfolio:p-ann#owner: no tuple')
  })

  test('tell who said no, and why', async () => {
    const events: SandboxEvent[] = []
    const { settings } = await start({ onEvent: (event) => void events.push(event) })
    await fetch(`${settings.issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams({ client_id: 'x' }) })
    expect(events).toMatchObject([{ type: 'refused', issuer: 'app', endpoint: 'token', error: expect.any(String) }])
  })
})

describe('faults', () => {
  test.each([
    ['approve', 200, undefined],
    ['deny', 400, 'access_denied'],
    ['expire', 400, 'expired_token'],
    ['slow-down', 400, 'slow_down'],
    ['503', 503, undefined],
  ] as const)('%s, set before anybody is asked', async (name, status, error) => {
    const sandbox = await start()
    await sandbox.fault(name)
    const authReqId = await askBy(sandbox, 'ann')
    await new Promise((resolve) => setTimeout(resolve, 150))
    const answer = await redeem(sandbox, authReqId).catch(() => ({ status: 503, body: {} }))
    expect(answer.status).toBe(status)
    if (error !== undefined) expect(answer.body).toMatchObject({ error })
  })

  test('lost-answer: the tokens are gone, and the request with them', async () => {
    const sandbox = await start()
    const authReqId = await askBy(sandbox, 'ann')
    await sandbox.fault('lost-answer')
    await sandbox.target.authorizationServer.controls.approve()
    await expect(redeem(sandbox, authReqId)).rejects.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await redeem(sandbox, authReqId)).body).toMatchObject({ error: 'invalid_grant' })
  })

  test('revoke: linked accounts have to be linked again', async () => {
    const sandbox = await start()
    const { controls } = sandbox.target.upstream
    const before = (await controls.requests()).length
    await sandbox.fault('revoke')
    const { accessToken } = await login(sandbox.target, { user: 'ann' })
    const response = await fetch(`${sandbox.settings.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(sandbox.settings.clientId, sandbox.settings.clientSecret) },
      body: new URLSearchParams({
        grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
        subject_token: accessToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
        connection: 'stocktrade',
      }),
    })
    expect(await response.json()).toMatchObject({ error: 'federated_connection_refresh_token_flow_failed' })
    expect((await controls.requests()).length).toBeGreaterThan(before)
  })

  test('an unknown one names those that there are', async () => {
    await expect((await start()).fault('earthquake' as never)).rejects.toThrow('there are 503, approve')
  })
})

test('logs a user in without `openid`, for an API alone: the request has no nonce', async () => {
  const identifier = 'http://127.0.0.1:8790/mcp'
  const sandbox = await start({ resources: [{ identifier, scopes: ['mcp:tools'] }] })
  const tokens = await login(sandbox.target, { user: 'ann', scope: 'mcp:tools', resource: identifier })
  expect(decodeJwt(tokens.accessToken)).toMatchObject({ aud: identifier, scope: 'mcp:tools' })
  expect(tokens.idToken).toBeUndefined()
})

test('answers by itself where it is told to', async () => {
  const sandbox = await start({ answers: 'deny' })
  const authReqId = await askBy(sandbox, 'ann')
  await vi.waitFor(async () => expect(await sandbox.target.authorizationServer.controls.pendingRequests()).toEqual([]))
  expect((await redeem(sandbox, authReqId)).body).toMatchObject({ error: 'access_denied' })
})

test('a seed brings people with accounts, relations and phones', async () => {
  const sandbox = await start({ seed: { users: [{ subject: 'cleo', name: 'Cleo Cole', holdings: { AAPL: 3 } }] } })
  expect(sandbox.people.at(-1)).toMatchObject({ subject: 'cleo', portfolio: 'p-cleo' })
  await askBy(sandbox, 'cleo')
  expect(await (await openPhone(sandbox, 'cleo')).read()).toContain('Cleo Cole')
  expect(await sandbox.target.openFga.controls.tuples()).toContainEqual({
    user: 'user:cleo',
    relation: 'owner',
    object: 'portfolio:p-cleo',
  })
  const profile = profileOf(sandbox.target, sandbox.target.clients.agent)
  expect((await signIn(sandbox.target, { user: 'cleo', profile })).subject).toBe('cleo')
})

describe('data', () => {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'behalf-sandbox-'))
    onTestFinished(() => rmSync(made, { recursive: true }))
    return made
  }
  test('outlives the process: questions, keys, tokens used up, orders', async () => {
    const [file, port] = [join(folder(), 'sandbox.sqlite'), await freePort()]
    const first = await startSandbox({ port, data: file })
    expect(statSync(file).mode & 0o077).toBe(0)
    const key = await first.target.authorizationServer.publicKey()
    const ordered = await askBy(first, 'ann', 'Buy 50 shares of AAPL', [ORDER])
    await first.fault('approve')
    const { body } = await redeem(first, ordered)
    const token = (body as { readonly access_token: string }).access_token
    const placed = await place(first, token, 'key-1')
    expect(placed.status).toBe(201)
    const open = await askBy(first, 'ann', 'Buy 60 shares of AAPL')
    const { cookie } = await openPhone(first, 'ann')
    const link = first.phone.urlOf('ann')
    await first.close()

    const second = await start({ port, data: file })
    expect(await second.target.authorizationServer.publicKey()).toEqual(key)
    expect(await second.target.api.controls.orders('p-ann')).toMatchObject([{ id: placed.body.id }])
    // The same request again has the same answer, and another order under that approval is refused.
    expect(await place(second, token, 'key-1')).toMatchObject({ body: { id: placed.body.id } })
    expect((await place(second, token, 'key-2')).status).not.toBe(201)
    // Its pace is kept as well.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect((await redeem(second, ordered)).body).toMatchObject({ error: 'invalid_grant' })
    // The tab that was open goes on, and so does the link.
    expect(second.phone.urlOf('ann')).toBe(link)
    const page = await (await fetch(`${second.phone.origin}/phones/ann`, { headers: { cookie } })).text()
    expect(page).toContain('(1) Ann’s phone')
    expect(page).toContain('Buy 60 shares of AAPL')
    await second.target.authorizationServer.controls.approve()
    const late = (await redeem(second, open)).body as { readonly access_token: string }
    expect(decodeJwt(late.access_token).sub).toBe('ann')
  })

  test('is refused where a newer sandbox wrote it', async () => {
    const file = join(folder(), 'newer.sqlite')
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(startSandbox({ port: await freePort(), data: file })).rejects.toThrow('written by a newer sandbox')
  })

  test('is refused to a sandbox on other ports, which would overwrite its orders and answers', async () => {
    const at = { port: await freePort(), data: join(folder(), 'shared.sqlite') }
    const first = await startSandbox(at)
    onTestFinished(() => first.close())
    const other = { ...at, port: await freePort() }
    await expect(startSandbox(other)).rejects.toThrow(`is of the sandbox on port ${at.port}: give this port`)
    await expect(startSandbox(at)).rejects.toThrow('EADDRINUSE')
    await first.close()
    await expect(startSandbox(other)).rejects.toThrow(TestingError)
    const again = await startSandbox(at)
    await again.close()
  })

  test('is refused, and left as it is, where it is a database of another program', async () => {
    const file = join(folder(), 'app.sqlite')
    const database = new DatabaseSync(file)
    onTestFinished(() => database.close())
    database.exec('CREATE TABLE users (name TEXT)')
    await expect(startSandbox({ port: await freePort(), data: file })).rejects.toThrow('database of another program')
    expect(database.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'users' }])
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 0 })
  })

  test('is refused where it is no database', async () => {
    const file = join(folder(), 'text')
    writeFileSync(file, 'not a database, and longer than a header of one would be')
    await expect(startSandbox({ port: await freePort(), data: file })).rejects.toThrow('is no file that a sandbox')
  })
})
