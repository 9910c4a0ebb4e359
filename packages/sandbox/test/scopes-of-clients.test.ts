import { login, type TargetClient } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import { sandboxTarget, startAuthorizationServer, startSandbox } from '../src/index.ts'
import { basic } from './sandbox/phone-http.ts'

const redirectUri = 'https://app.example.com/callback'
const api = 'https://api.example.com/'
const upstream = 'https://upstream.example.com/'
const app: TargetClient = {
  clientId: 'app',
  authentication: { method: 'client_secret_basic', clientSecret: 'secret' },
  redirectUri,
}

test.each([
  [
    'an exchange',
    (token: string, scope: string) => ({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: upstream,
      scope,
    }),
  ],
  [
    'an exchange in the manner of Entra',
    (token: string, scope: string) => ({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: token,
      scope: `${upstream}/${scope}`,
    }),
  ],
])('%s gives a client no scope that it may never get', async (_, parameters) => {
  const server = await startAuthorizationServer({
    clients: [
      { clientId: 'app', clientSecret: 'secret', redirectUris: [redirectUri] },
      { clientId: 'api', clientSecret: 'secret', api, scopes: ['read'] },
    ],
    users: [{ subject: 'zoe' }],
    resources: [
      { identifier: api, scopes: ['read'] },
      { identifier: upstream, scopes: ['read', 'write'] },
    ],
  })
  onTestFinished(() => server.close())
  const target = { authorizationServer: server, clients: { agent: app } }
  const { accessToken } = await login(target, { user: 'zoe', scope: 'openid read', resource: api })
  const asked = async (scope: string) => {
    const headers = { authorization: basic('api', 'secret') }
    const body = new URLSearchParams(parameters(accessToken, scope))
    const response = await fetch(server.tokenEndpoint, { method: 'POST', headers, body })
    return { status: response.status, body: await response.json() }
  }
  expect(await asked('read')).toMatchObject({ status: 200 })
  expect(await asked('write')).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
})

test('a server keeps what it was started with, where the test fills in the same objects for its next one', async () => {
  const client = { clientId: 'api', clientSecret: 'secret', grantTypes: ['client_credentials'], scopes: ['read'] }
  const options = {
    clients: [client],
    users: [{ subject: 'zoe' }],
    resources: [{ identifier: api, scopes: ['read', 'write'] }],
  }
  const { users: _ours, ...more } = options
  const starting = [startAuthorizationServer(options), startSandbox(more), sandboxTarget(more)] as const
  client.scopes.push('write')
  options.resources.length = 0
  const [server, sandbox, target] = await Promise.all(starting)
  onTestFinished(async () => void (await Promise.all([server.close(), sandbox.close(), target.close()])))
  for (const issuer of [server.issuer, sandbox.settings.issuer, target.authorizationServer.issuer]) {
    const ask = async (scope: string) => {
      const headers = { authorization: basic('api', 'secret') }
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: api, scope })
      const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers, body })
      return ((await response.json()) as { readonly scope?: string }).scope
    }
    expect([await ask('read'), await ask('read write')]).toEqual(['read', 'read'])
  }
})

async function loginOfZoe() {
  const server = await startAuthorizationServer({
    clients: [{ clientId: 'app', clientSecret: 'secret', redirectUris: [redirectUri] }],
    users: [{ subject: 'zoe', permissions: ['read'] }],
    resources: [{ identifier: api, scopes: ['read', 'write'] }],
  })
  onTestFinished(() => server.close())
  const target = { authorizationServer: server, clients: { agent: app } }
  const asked = (scope: string) => login(target, { user: 'zoe', scope, resource: api })
  return { asked, ...server }
}

test('a login for no scope that the user has is refused, with the scopes, the permissions and their control', async () => {
  const { asked, controls } = await loginOfZoe()
  await expect(asked('write')).rejects.toThrow(
    'login: access_denied: zoe lacks write; their permissions are read. Ask for one of these, or change them by controls.changeUser',
  )
  await controls.changeUser('zoe', { permissions: [] })
  await expect(asked('read write')).rejects.toThrow('zoe lacks read write; their permissions are empty.')
  await expect(controls.changeUser('zoe', { permissions: ['wirte'] })).rejects.toThrow(
    'wirte is a scope of no API of this server; its APIs have read, write',
  )
  await controls.changeUser('zoe', { permissions: ['write'] })
  expect((await asked('read write')).scopes).toEqual(['write'])
})

test('a login for scopes that are separated by commas is refused, and the message names the separator', async () => {
  const { asked } = await loginOfZoe()
  await expect(asked('read,write')).rejects.toThrow(
    'login: invalid_scope: unknown scope for this target: read,write; separate scopes by spaces, not by commas',
  )
})

test('a login is refused with invalid_scope for a scope that the API does not have', async () => {
  const { asked } = await loginOfZoe()
  await expect(asked('openid read admin')).rejects.toThrow('invalid_scope: unknown scope for this target: admin')
  // A scope that the user lacks is left out, as before.
  expect((await asked('openid read write')).scopes).toEqual(['read'])
})
