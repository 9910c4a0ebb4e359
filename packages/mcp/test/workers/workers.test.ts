// Here, and not in core, because this package has all four: an API, a guard, a sign-in and an MCP gate.
import { readFileSync } from 'node:fs'
import { request as send } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { snippetsIn } from '../../../../scripts/gates/check-snippets.ts'
import { fencesOf } from '../../../../scripts/gates/page.ts'
import { pages, root } from '../../../../scripts/gates/repository.ts'
import { bearer, issuer, type Outside, openOutside, outage, time } from './outside.ts'
import { API, FGA, ISSUER, MCP, OPAQUE, STORE } from './places.ts'
import { runWorkerd, type Workerd, type WorkerProgram } from './run-workerd.ts'

const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`
const KEYS = `${ISSUER}/.well-known/jwks.json`
const TOKEN = `${ISSUER}/oauth/token`

const program = (name: string): WorkerProgram => ({
  code: `import { serve } from './${name}.ts'\nexport default { fetch: serve }`,
  resolveDir: import.meta.dirname,
})

/** Programs of the pages below which a sentence says how Workers serve them, with that line at their end. */
function guidePrograms(page: string): readonly (readonly [name: string, program: WorkerProgram])[] {
  const all = readFileSync(join(root, page), 'utf8')
  const lines = all.split('\n')
  const fences = fencesOf(all)
  return snippetsIn(all).modules.flatMap(({ line, code }) => {
    const index = fences.findIndex(({ opened }) => opened === line)
    const below = lines.slice(fences[index]?.closed, (fences[index + 1]?.opened ?? lines.length + 1) - 1).join(' ')
    const [, served] = /`(export default [^`]*)`[^.]*\bWorkers\b/.exec(below) ?? []
    if (served === undefined) return []
    const name = `${page.replaceAll(/\W+/g, '-')}-${line}`
    return [[name, { code: `${code}\n${served}`, resolveDir: join(root, 'docs') }] as const]
  })
}

const guides = Object.fromEntries(pages(root).flatMap(guidePrograms))

let outside: Outside
let workerd: Workerd
beforeAll(async () => {
  outside = await openOutside()
  workerd = await runWorkerd({ app: program('app'), scope: program('module-scope'), ...guides }, outside)
}, 180_000)
afterAll(async () => {
  await workerd?.close()
  await outside?.close()
})

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

let apps = 0
/** An app of its own for each test, in the one Worker. */
function openApp() {
  const base = `${workerd.origins.app}/app-${++apps}`
  const headersOf = ({ headers }: Sent) => ({ ...headers, offset: String(time.offset) })
  const ask = async (path: string, init: Sent = {}) => {
    const response = await fetch(`${base}/${path}`, { ...init, headers: headersOf(init) })
    const body = await response.text()
    return { status: response.status, body: body.startsWith('{') ? JSON.parse(body) : body }
  }
  /** Sends a request, and breaks its connection while its Worker waits for an answer from an address. */
  const cutOff = async (path: string, address: string, init: Sent = {}) => {
    const held = outside.hold(address)
    const request = send(`${base}/${path}`, { method: init.method, headers: headersOf(init) })
    request.once('error', () => {})
    const answered = new Promise<never>((_, reject) => {
      request.once('response', async (response) => {
        reject(new Error(`answered ${response.statusCode} before it was cut off: ${await text(response)}`))
      })
    })
    request.end(init.body)
    const { givenUp } = await Promise.race([held, answered])
    request.socket?.resetAndDestroy()
    // Then the Worker has ended the request.
    await givenUp
  }
  /** Brings Ann to the issuer and back. */
  const redirected = async () => {
    const { url, cookie } = (await ask('login')).body
    const answered = await issuer.handle(new Request(url))
    const { search } = new URL(answered?.headers.get('location') ?? '')
    return { path: `callback${search}`, headers: { cookie: cookie.split(';')[0] } }
  }
  const signIn = async () => {
    const { path, headers } = await redirected()
    return { session: (await ask(path, { headers })).body.id as string }
  }
  return { ask, cutOff, redirected, signIn }
}

const done = { status: 200, body: expect.anything() }

describe('on Workers, a request that is cut off ends no later one (I4)', () => {
  test(verifies('I4', 'at an API: discovery that a stranger began'), async () => {
    const app = openApp()
    const headers = await bearer(API, 'orders')
    const forged = { authorization: `${headers.authorization.slice(0, -8)}AAAAAAAA` }
    await app.cutOff('api', DISCOVERY, { headers: forged })
    expect(await app.ask('api', { headers })).toMatchObject(done)
  })

  test.each([
    ['api', 'keys', API, KEYS],
    ['opaque', 'introspection of the same token', OPAQUE, `${ISSUER}/oauth/introspect`],
  ])(verifies('I4', 'at an API (%s): %s'), async (path, _what, audience, address) => {
    const app = openApp()
    const headers = await bearer(audience, 'orders')
    await app.cutOff(path, address, { headers })
    expect(await app.ask(path, { headers })).toMatchObject(done)
  })

  test(verifies('I4', 'at a sign-in: discovery'), async () => {
    const app = openApp()
    await app.cutOff('login', DISCOVERY)
    expect(await app.ask('session', { headers: await app.signIn() })).toMatchObject(done)
  })

  test(verifies('I4', 'at a sign-in: the code’s exchange'), async () => {
    const app = openApp()
    const { path, headers } = await app.redirected()
    await app.cutOff(path, TOKEN, { headers })
    expect(await app.ask('session', { headers: await app.signIn() })).toMatchObject(done)
  })

  test(verifies('I4', 'at a session: a renewal, whose rotating token is not sent again'), async () => {
    const app = openApp()
    const headers = await app.signIn()
    time.advance(490)
    await app.cutOff('session', TOKEN, { headers })
    // The lease of the request that was cut off has ended after 40 s, and the current token has not.
    time.advance(41)
    expect(await app.ask('session', { headers })).toMatchObject(done)
    time.advance(70)
    expect(await app.ask('session', { headers })).toMatchObject({ status: 401 })
  })

  test.each([
    ['read', 'the store', `${STORE}/`],
    ['read', 'an equal permission check', `${FGA}/`],
    ['order', 'a permission check', `${FGA}/`],
    ['order', 'an equal exchange', TOKEN],
  ])(verifies('I4', 'at a guard on a store by fetch (%s): %s'), async (tool, _what, address) => {
    const app = openApp()
    const headers = await app.signIn()
    await app.cutOff(tool, address, { headers })
    expect(await app.ask(tool, { headers })).toMatchObject(done)
  })

  test(verifies('I4', 'at a guard: the poll of an approval, which a later poll finds'), async () => {
    const app = openApp()
    const headers = await app.signIn()
    const approved = async () => (await app.ask('approved', { headers })).body
    expect(await approved()).toMatchObject({ status: 'interrupted' })
    time.advance(20)
    await app.cutOff('approved', TOKEN, { headers })
    await issuer.controls.approve()
    time.advance(60)
    expect(await approved()).toMatchObject({ status: 'done' })
  })

  test(
    verifies('I4', 'at a guard: an outage of the store after a question was sent, which a later call sends again'),
    async () => {
      const app = openApp()
      const headers = await app.signIn()
      const approved = async () => (await app.ask('approved', { headers })).body
      outage.after = `${ISSUER}/bc-authorize`
      expect(await approved()).toMatchObject({ status: 'unavailable' })
      Object.assign(outage, { after: '', isOn: false })
      time.advance(60)
      expect(await approved()).toMatchObject({ status: 'interrupted' })
      await issuer.controls.approve()
      time.advance(20)
      expect(await approved()).toMatchObject({ status: 'done' })
    },
  )

  test(verifies('I4', 'at a guard: a body, whose run ends with its lease'), async () => {
    const app = openApp()
    const headers = await app.signIn()
    const approved = async () => (await app.ask('approved', { headers })).body
    expect(await approved()).toMatchObject({ status: 'interrupted' })
    await issuer.controls.approve()
    time.advance(20)
    await app.cutOff('approved', `${API}/`, { headers })
    expect(await approved()).toMatchObject({ status: 'unavailable' })
    time.advance(61)
    expect(await approved()).toMatchObject({ status: 'done' })
  })

  test(verifies('I4', 'at an MCP session: the first read of its key'), async () => {
    const app = openApp()
    await app.cutOff('dpop', `${STORE}/`)
    const first = await app.ask('dpop')
    expect(first).toMatchObject({ status: 200, body: { thumbprint: expect.stringMatching(/^[\w-]{43}$/) } })
    expect(await app.ask('dpop')).toEqual(first)
  })

  test(verifies('I4', 'at an MCP gate: discovery'), async () => {
    const app = openApp()
    const init = {
      method: 'POST',
      headers: {
        ...(await bearer(MCP, 'mcp:tools')),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    }
    await app.cutOff('mcp', DISCOVERY, init)
    expect(await app.ask('mcp', init)).toMatchObject({ status: 200, body: expect.stringContaining('whoami') })
  })
})

describe('a Worker starts', () => {
  test('that makes every part while its module loads, and draws its random keys at their first use', async () => {
    const answered = await fetch(workerd.origins.scope ?? '')
    expect(await answered.json()).toMatchObject({ opened: 'sealed' })
  })

  test.each(Object.keys(guides))('with the program of a page: %s', async (name) => {
    const answered = await fetch(workerd.origins[name] ?? '')
    // No token, or not the address of the page.
    expect([401, 403, 404]).toContain(answered.status)
  })

  test('with the programs of the pages that name Workers', () => {
    expect(Object.keys(guides).map((name) => name.replace(/-md-\d+$/, ''))).toEqual([
      'docs-guides-mcp',
      'docs-guides-protect-an-api',
      'packages-mcp-README',
    ])
  })
})
