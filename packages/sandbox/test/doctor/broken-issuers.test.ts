import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http/listen.ts'
import { type DoctorOptions, type Finding, runDoctor, type Sandbox, startSandbox } from '../../src/index.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, origin: string) => void

let sandbox: Sandbox
let real: Readonly<Record<string, unknown>>
beforeAll(async () => {
  sandbox = await startSandbox()
  const response = await fetch(`${sandbox.settings.issuer}/.well-known/openid-configuration`)
  real = (await response.json()) as Record<string, unknown>
})
afterAll(() => sandbox?.close())

const SECRET = 'p"w+d/% x'
const CLIENT = { clientId: 'app', clientSecret: SECRET, redirectUri: 'http://127.0.0.1:3000/cb?to=me' }

/** Examines a server that answers like this. */
async function examine(handle: Handler, options: Partial<DoctorOptions> = {}): Promise<readonly Finding[]> {
  const port = await listen(0)
  onTestFinished(() => port.close())
  port.serve((request, response) => handle(request, response, port.origin))
  const { findings, healthy } = await runDoctor({ issuer: port.origin, timeoutMs: 30_000, ...options })
  expect(healthy).toBe(!findings.some(({ status }) => status === 'problem'))
  return findings
}

/** A server with metadata and a login; its token endpoint answers as told. */
function withTokens(status: number, body: unknown, metadata: Readonly<Record<string, unknown>> = {}): Handler {
  return ({ url = '' }, response, origin) => {
    const own = { issuer: origin, token_endpoint: `${origin}/token`, authorization_endpoint: `${origin}/authorize` }
    if (url.startsWith('/.well-known')) return response.end(JSON.stringify({ ...real, ...own, ...metadata }))
    if (url.startsWith('/authorize')) {
      return response.writeHead(302, { location: 'http://127.0.0.1:3000/cb?to=me&error=login_required' }).end()
    }
    return response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

const find = (findings: readonly Finding[], id: string) => findings.find((one) => one.id === id)

describe('metadata', () => {
  test.each<[string, Handler, string, string]>([
    ['a page', (_request, response) => response.end('<html>'), 'metadata_missing', 'with its path'],
    ['a list', (_request, response) => response.end('[]'), 'metadata_missing', 'with its path'],
    ['a failure', (_request, response) => response.writeHead(500).end('{}'), 'metadata_missing', 'in trouble'],
    [
      'a redirect',
      (_request, response) => response.writeHead(302, { location: 'https://b.example' }).end(),
      'metadata_missing',
      'https://b.example',
    ],
    ['no answer', () => {}, 'issuer_unreachable', 'curl'],
  ])('%s is one problem, with what helps', async (_what, handle, id, fix) => {
    const findings = await examine(handle, id === 'issuer_unreachable' ? { timeoutMs: 500 } : {})
    expect(findings).toMatchObject([{ id, status: 'problem', fix: expect.stringContaining(fix) }])
  })

  test('an invalid address is named, and the checks go on', async () => {
    const findings = await examine(
      withTokens(400, { error: 'invalid_grant' }, { authorization_endpoint: '/login' }),
      CLIENT,
    )
    expect(find(findings, 'endpoints_missing')?.message).toContain('authorization_endpoint')
    expect(find(findings, 'login')?.status).toBe('unknown')
  })
})

describe('the token endpoint', () => {
  test.each<[string, number, unknown]>([
    ['a failure', 500, {}],
    ['a page of a proxy', 502, '<html>'],
    ['a page', 200, '<html>'],
  ])('%s is a problem of its own', async (_what, status, body) => {
    const findings = await examine(withTokens(status, body), CLIENT)
    expect(find(findings, 'token_endpoint_unreachable')).toMatchObject({ status: 'problem', fix: expect.any(String) })
    expect(find(findings, 'client')).toBeUndefined()
  })

  test('one that never answers is one, too, and is waited for once', async () => {
    let asked = 0
    const answers = withTokens(200, {})
    const findings = await examine(
      (request, response, origin) => {
        if (request.method === 'GET') answers(request, response, origin)
        else asked++
      },
      { ...CLIENT, timeoutMs: 2_000 },
    )
    expect(find(findings, 'token_endpoint_unreachable')?.message).toContain('no answer in time')
    expect(asked).toBe(1)
  })

  test.each<[string, number, string, string]>([
    ['RFC 6749', 401, 'invalid_client', 'client authentication failed'],
    ['Auth0', 401, 'access_denied', 'Unauthorized'],
    ['Keycloak', 401, 'unauthorized_client', 'Invalid client or Invalid client credentials'],
    ['Entra', 400, 'unauthorized_client', 'AADSTS700016: Application with identifier app was not found'],
  ])('a client that is refused is told so, as %s says it', async (_who, status, error, error_description) => {
    const findings = await examine(withTokens(status, { error, error_description }), CLIENT)
    expect(find(findings, 'client_refused')?.fix).toContain('Compare client id and secret')
    const { clientSecret: _, ...withoutSecret } = CLIENT
    const publicly = await examine(withTokens(status, { error, error_description }), withoutSecret)
    expect(find(publicly, 'client_refused')?.fix).toContain('BEHALF_CLIENT_SECRET')
  })

  test('an answer that tells nothing is taken for nothing', async () => {
    for (const body of [{}, { error: 'temporarily_unavailable' }, { error: 'invalid_request' }]) {
      expect(find(await examine(withTokens(400, body), CLIENT), 'client')?.status).toBe('unknown')
    }
    expect(find(await examine(withTokens(400, { error: 'invalid_grant' }), CLIENT), 'client')?.status).toBe('ok')
  })
})

describe('what looks like a fault, but is correct', () => {
  test('a 400 without a body tells nothing, and a 401 without one refuses the client', async () => {
    const findings = await examine(withTokens(400, ''), CLIENT)
    expect(find(findings, 'token_endpoint_unreachable')).toBeUndefined()
    expect(find(findings, 'client')).toMatchObject({
      status: 'unknown',
      message: 'the answer is unclear: status 400, without an error',
    })
    expect(find(await examine(withTokens(401, ''), CLIENT), 'client_refused')?.status).toBe('problem')
  })

  test.each([
    ['/login', 'unknown'],
    ['/login?error=invalid_request', 'problem'],
    ['https://elsewhere.example/login', 'problem'],
  ])('a login that leads to %s, where no page was wanted: %s', async (location, status) => {
    const answers = withTokens(400, { error: 'invalid_grant' })
    const findings = await examine((request, response, origin) => {
      if (!request.url?.startsWith('/authorize')) return answers(request, response, origin)
      response.writeHead(302, { location: location.replace(/^[/]/, `${origin}/`) }).end()
    }, CLIENT)
    const found = find(findings, status === 'problem' ? 'redirect_uri_refused' : 'login')
    expect(found?.status).toBe(status)
  })

  test('a server that lists its grants without refreshes may take them', async () => {
    const listed = { grant_types_supported: ['authorization_code'] }
    const findings = await examine(withTokens(400, { error: 'invalid_grant' }, listed), {
      ...CLIENT,
      needs: ['refresh'],
    })
    expect(find(findings, 'refresh_missing')?.status).toBe('warning')
  })
})

describe('a secret', () => {
  test('is taken out in each form in which it was sent', async () => {
    const basic = btoa(`app:${new URLSearchParams([['', SECRET]]).toString().slice(1)}`)
    const repeated = `${SECRET} ${encodeURIComponent(SECRET)} p%22w%2Bd%2F%25+x ${JSON.stringify({ SECRET })} ${basic}`
    const findings = await examine(withTokens(401, { error: 'invalid_client', error_description: repeated }), CLIENT)
    expect(find(findings, 'client_refused')?.message.match(/\[secret\]/g)).toHaveLength(5)
    expect(JSON.stringify(findings)).not.toMatch(/p\W+w|p%22w|w%2Bd/)
    expect(JSON.stringify(findings)).not.toContain(basic)
  })

  test.each<[string, (origin: string) => Readonly<Record<string, unknown>>]>([
    ['calls itself otherwise', (origin) => ({ issuer: 'https://other.example', token_endpoint: `${origin}/token` })],
    ['has its token endpoint without https', () => ({ token_endpoint: 'http://login.example.com/token' })],
  ])('is not sent to a server that %s', async (_what, change) => {
    const posts: string[] = []
    const findings = await examine((request, response, origin) => {
      if (request.method === 'POST') posts.push(request.url ?? '')
      withTokens(400, { error: 'invalid_grant' }, change(origin))(request, response, origin)
    }, CLIENT)
    expect(posts).toEqual([])
    expect(find(findings, 'client')).toMatchObject({ status: 'unknown', message: expect.stringContaining('no secret') })
    expect(findings.some(({ status }) => status === 'problem')).toBe(true)
  })
})

test('a redirect to an address that only begins like ours is refused', async () => {
  const answers = withTokens(400, { error: 'invalid_grant' })
  for (const location of [
    'http://127.0.0.1:3000/cbx?to=me',
    'http://127.0.0.1:30001/cb?to=me',
    'http://127.0.0.1:3000/cb',
  ]) {
    const findings = await examine((request, response, origin) => {
      if (!request.url?.startsWith('/authorize')) return answers(request, response, origin)
      response
        .writeHead(302, { location: `${location}${location.includes('?') ? '&' : '?'}error=login_required` })
        .end()
    }, CLIENT)
    expect(find(findings, 'redirect_uri_refused')?.status).toBe('problem')
  }
  expect(find(await examine(answers, CLIENT), 'login')?.status).toBe('ok')
})

test.each<[string, DoctorOptions, string]>([
  ['a password in the issuer', { issuer: 'https://user:pass@login.example.com' }, 'without user, password'],
  ['a query in the issuer', { issuer: 'https://login.example.com/?tenant=1' }, 'without user, password, query'],
  ['an invalid redirect URI', { issuer: 'https://login.example.com', redirectUri: '/callback' }, 'redirectUri'],
])('%s is refused, and not repeated', async (_what, options, message) => {
  const refused = await runDoctor(options).catch((error: Error) => error.message)
  expect(refused).toContain(message)
  expect(refused).not.toContain('pass@')
})
