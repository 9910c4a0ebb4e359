import { login } from '@behalf/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeEvent } from '../../src/events/index.ts'
import { type Sandbox, type SandboxEvent, startSandbox } from '../../src/index.ts'
import { askBy, basic, openPhone, redeem } from './phone-http.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** Names of what opens something, wherever it crosses the wire. */
const SECRET =
  /^(access_token|refresh_token|id_token|auth_req_id|device_code|user_code|code|code_verifier|client_secret|subject_token|actor_token|assertion|registration_access_token|csrf|key)$/

/** Notes each secret that goes to a server or comes back. */
function watchWire(): Set<string> {
  const seen = new Set<string>()
  const note = (entries: Iterable<readonly [string, unknown]>) => {
    for (const [name, value] of entries) if (SECRET.test(name) && typeof value === 'string') seen.add(value)
  }
  const real = globalThis.fetch
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init)
    note(new URL(request.url).searchParams)
    const isForm = request.headers.get('content-type')?.includes('form') === true
    if (isForm) note(new URLSearchParams(await request.clone().text()))
    const credentials = /^(?:Basic|Bearer|DPoP) (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
    if (credentials !== undefined) seen.add(credentials)
    const response = await real(input, init)
    const location = response.headers.get('location')
    if (location !== null) note(new URL(location, request.url).searchParams)
    for (const line of response.headers.getSetCookie()) seen.add(/=([^;]*)/.exec(line)?.[1] ?? '')
    if (response.headers.get('content-type')?.includes('json') === true) {
      note(Object.entries((await response.clone().json()) as object))
    }
    return response
  })
  onTestFinished(() => spy.mockRestore())
  return seen
}

/** At the token endpoint, as the agent. */
async function token({ settings }: Sandbox, parameters: Readonly<Record<string, string>>, path = '/oauth/token') {
  const response = await fetch(`${settings.issuer}${path}`, {
    method: 'POST',
    headers: { authorization: basic(settings.clientId, settings.clientSecret) },
    body: new URLSearchParams(parameters),
  })
  return {
    status: response.status,
    body: (await response.json().catch(() => ({}))) as Readonly<Record<string, string>>,
  }
}

test('of a whole run, with all that goes wrong in it, events and lines show no secret', {
  timeout: 30_000,
}, async () => {
  const seen = watchWire()
  const events: SandboxEvent[] = []
  const sandbox = await startSandbox({ onEvent: (event) => void events.push(event) })
  onTestFinished(() => sandbox.close())
  const { settings, target } = sandbox
  const { accessToken } = await login(target, { user: 'ann', scopes: ['openid', 'offline_access', 'chat'] } as never)

  const exchange = {
    grant_type: `${GRANT}token-exchange`,
    subject_token: accessToken,
    subject_token_type: ACCESS_TOKEN,
  }
  const resource = settings.api.resource
  expect(await token(sandbox, { ...exchange, resource, scope: 'portfolio:read' })).toMatchObject({ status: 200 })
  const vault = {
    ...exchange,
    grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
    requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
    connection: settings.connection,
  }
  expect(await token(sandbox, vault)).toMatchObject({ status: 200 })

  const authReqId = await askBy(sandbox, 'ann')
  const phone = await openPhone(sandbox, 'ann')
  await phone.answer({ ...(await phone.form()), answer: 'approve' })
  const { body } = (await redeem(sandbox, authReqId)) as { readonly body: { readonly access_token: string } }
  await fetch(`${settings.api.origin}/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' },
    body: '{}',
  })
  await fetch(`${settings.api.origin}/orders/${body.access_token}`)
  await token(sandbox, { scope: 'openid' }, '/oauth/device/code')

  // What is put where it does not belong, or was used up, is refused: and not repeated.
  for (const parameters of [
    { grant_type: `${GRANT}token-exchange`, subject_token: 'x', subject_token_type: accessToken },
    { ...exchange, requested_token_type: accessToken },
    { ...exchange, resource: accessToken, scope: 'portfolio:read' },
    { ...exchange, resource, scope: accessToken },
    { ...vault, connection: accessToken },
    { grant_type: accessToken },
    { grant_type: 'refresh_token', refresh_token: accessToken },
    { grant_type: `${GRANT}jwt-bearer`, assertion: accessToken },
    { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: authReqId },
  ]) {
    expect((await token(sandbox, parameters)).status).toBeGreaterThanOrEqual(400)
  }
  const told = [JSON.stringify(events), ...events.map(describeEvent)].join('\n')
  expect(new Set(events.map(({ type }) => type))).toEqual(
    new Set(['asked', 'answered', 'token', 'refused', 'api', ...(told.includes('"checked"') ? ['checked'] : [])]),
  )
  const secrets = [...seen].filter((secret) => secret.length >= 8)
  expect(secrets.length).toBeGreaterThan(12)
  expect(secrets.filter((secret) => told.includes(secret))).toEqual([])
})
