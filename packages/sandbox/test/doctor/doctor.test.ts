import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/http/listen.ts'
import { type DoctorOptions, type DoctorReport, runDoctor, type Sandbox, startSandbox } from '../../src/index.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())

const settings = (changes: Partial<DoctorOptions> = {}): DoctorOptions => ({
  issuer: sandbox.settings.issuer,
  clientId: sandbox.settings.clientId,
  clientSecret: sandbox.settings.clientSecret,
  redirectUri: 'http://127.0.0.1:3000/callback',
  scopes: ['openid', 'chat'],
  audience: sandbox.settings.agentResource,
  ...changes,
})

const problems = ({ findings }: DoctorReport) => findings.filter(({ status }) => status === 'problem')

/** A server whose metadata is not as it should be. */
async function strange(
  change: (metadata: Record<string, unknown>) => Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const port = await listen(0)
  onTestFinished(() => port.close())
  const real = await (await fetch(`${sandbox.settings.issuer}/.well-known/openid-configuration`)).json()
  const metadata = change({ ...(real as Record<string, unknown>), issuer: port.origin })
  port.serve((_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata))
  })
  return port.origin
}

test('finds nothing wrong with right settings, and sends no question', async () => {
  const report = await runDoctor(settings())
  expect(problems(report)).toEqual([])
  expect(report.healthy).toBe(true)
  expect(report.findings.every(({ status }) => status === 'ok')).toBe(true)
  expect(report.findings.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['issuer', 'clock', 'keys', 'ciba', 'client', 'ciba_for_client', 'login']),
  )
  expect(await sandbox.target.authorizationServer.controls.pendingRequests()).toEqual([])
})

describe('one setting wrong is one problem, with its fix', () => {
  test.each<[string, Partial<DoctorOptions>, string]>([
    ['a secret', { clientSecret: 'wrong-secret' }, 'client_refused'],
    ['a client', { clientId: 'unknown' }, 'client_refused'],
    ['a redirect URI', { redirectUri: 'https://elsewhere.example/callback' }, 'redirect_uri_refused'],
    ['an audience', { audience: 'https://nowhere.example/' }, 'audience_refused'],
    ['a client without rights', { clientId: 'stock-cli', clientSecret: undefined as never }, 'ciba_for_client_refused'],
  ])('%s', async (_what, change, id) => {
    const report = await runDoctor(settings(change))
    expect(report.healthy).toBe(false)
    const found = problems(report).find((finding) => finding.id === id)
    expect(found?.fix).toMatch(/\w+/)
    expect(JSON.stringify(report)).not.toContain('wrong-secret')
  })

  test('an issuer that does not answer', async () => {
    const gone = await listen(0)
    await gone.close()
    expect(problems(await runDoctor({ issuer: gone.origin }))).toMatchObject([
      { id: 'issuer_unreachable', message: expect.stringContaining('ECONNREFUSED') },
    ])
  })

  test('an issuer without https, elsewhere', async () => {
    expect(problems(await runDoctor({ issuer: 'http://login.example.com' }))).toMatchObject([{ id: 'issuer_insecure' }])
  })

  test('a slash too many', async () => {
    const report = await runDoctor(settings({ issuer: `${sandbox.settings.issuer}/` }))
    expect(problems(report)).toMatchObject([
      { id: 'issuer_mismatch', fix: expect.stringContaining('without the slash') },
    ])
  })

  test('a place that is no issuer', async () => {
    const report = await runDoctor({ issuer: sandbox.settings.api.origin })
    expect(problems(report)).toMatchObject([{ id: 'metadata_missing' }])
  })

  test('a clock that is wrong', async () => {
    const issuer = await strange((metadata) => metadata, { date: new Date(Date.now() - 120_000).toUTCString() })
    const [found] = problems(await runDoctor({ issuer }))
    expect(found).toMatchObject({ id: 'clock_skew', message: expect.stringMatching(/1[12]\d s ahead/) })
  })

  test.each<[string, string]>([
    ['token_endpoint', 'endpoints_missing'],
    ['backchannel_authentication_endpoint', 'ciba_missing'],
    ['jwks_uri', 'endpoints_missing'],
  ])('no %s', async (name, id) => {
    const issuer = await strange(({ [name]: _gone, ...rest }) => rest)
    expect(problems(await runDoctor({ issuer })).map((finding) => finding.id)).toContain(id)
  })

  test('a grant that is not listed', async () => {
    const issuer = await strange((metadata) => ({ ...metadata, grant_types_supported: ['authorization_code'] }))
    expect(problems(await runDoctor({ issuer })).map(({ id }) => id)).toEqual([
      'ciba_missing',
      'token_exchange_missing',
    ])
    expect(problems(await runDoctor({ issuer, needs: [] }))).toEqual([])
  })

  test('no DPoP is a problem only if the app needs it', async () => {
    const issuer = await strange(({ dpop_signing_alg_values_supported: _gone, ...rest }) => rest)
    expect(problems(await runDoctor({ issuer }))).toEqual([])
    expect(problems(await runDoctor({ issuer, needs: ['dpop'] }))).toMatchObject([{ id: 'dpop_missing' }])
  })
})

test('a server that repeats the secret does not make it shown', async () => {
  const port = await listen(0)
  onTestFinished(() => port.close())
  const real = (await (await fetch(`${sandbox.settings.issuer}/.well-known/openid-configuration`)).json()) as object
  port.serve((request, response) => {
    const isToken = request.method === 'POST'
    const answer = { error: 'invalid_client', error_description: 'not hunter22-secret' }
    response.statusCode = isToken ? 401 : 200
    response.end(
      JSON.stringify(isToken ? answer : { ...real, issuer: port.origin, token_endpoint: `${port.origin}/token` }),
    )
  })
  const report = await runDoctor({ issuer: port.origin, clientId: 'app', clientSecret: 'hunter22-secret' })
  expect(problems(report)).toMatchObject([{ id: 'client_refused' }])
  expect(JSON.stringify(report)).not.toContain('hunter22')
})

test('refuses options that nothing reads', async () => {
  await expect(runDoctor({ issuer: 'https://x.example', client: 'a' } as never)).rejects.toThrow('unknown client')
  await expect(runDoctor({ issuer: 'nowhere' })).rejects.toThrow('give a URL')
  await expect(runDoctor({ issuer: 'https://x.example', needs: ['magic' as never] })).rejects.toThrow('"magic"')
})
