import { verifyIdToken } from '@behalf/core/identity'
import { login, profileOf, type TargetClient } from '@behalf/testing'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AuthorizationServerOptions, sandboxTarget, startAuthorizationServer } from '../src/index.ts'
import { processorSeconds } from './processor-seconds.ts'

const redirectUri = 'https://app.example.com/callback'
const app: TargetClient = {
  clientId: 'app',
  authentication: { method: 'client_secret_basic', clientSecret: 'secret' },
  redirectUri,
}
const options: AuthorizationServerOptions = {
  clients: [{ clientId: 'app', clientSecret: 'secret', redirectUris: [redirectUri] }],
  users: [{ subject: 'zoe', name: 'Zoe', claims: { org_id: 'o-1' } }],
  resources: [{ identifier: 'https://api.example.com/', scopes: ['read'] }],
}

async function start(changes: Partial<AuthorizationServerOptions> = {}, port?: number) {
  const server = await startAuthorizationServer({ ...options, ...changes }, port === undefined ? {} : { port })
  onTestFinished(() => server.close())
  return server
}

const answers = (issuer: string) => fetch(`${issuer}/.well-known/openid-configuration`).then(({ status }) => status)

describe('startAuthorizationServer', () => {
  test('is there after less than two seconds of work', async () => {
    const work = async () => expect(await answers((await start()).issuer)).toBe(200)
    expect(await processorSeconds(work)).toBeLessThan(2)
  })

  test.each(['ES256', 'RS256'] as const)('signs with %s what a client verifies', async (algorithm) => {
    const server = await start({ algorithm })
    const target = { authorizationServer: server, clients: { agent: app } }
    const tokens = await login(target, { user: 'zoe', scope: 'openid profile', resource: 'https://api.example.com/' })
    const user = await verifyIdToken(tokens.idToken ?? '', {
      authorizationServer: profileOf(target, app),
      nonce: tokens.nonce,
      accessToken: tokens.accessToken,
    })
    expect(user).toMatchObject({ subject: 'zoe', claims: { name: 'Zoe', org_id: 'o-1' } })
    expect(await server.publicKey()).not.toHaveProperty('d')
  })

  test('several run at once and share nothing', async () => {
    const [one, two] = [await start(), await start()]
    expect(one.issuer).not.toBe(two.issuer)
    await one.controls.signInAs('zoe')
    expect(await two.controls.requests()).toEqual([])
    expect((await one.publicKey()).kid).not.toBe((await two.publicKey()).kid)
  })

  test('ends cleanly, twice', async () => {
    const { issuer, close } = await startAuthorizationServer(options)
    await answers(issuer)
    await close()
    await close()
    await expect(answers(issuer)).rejects.toThrow()
  })

  test('says when a port is taken', async () => {
    const { issuer } = await start()
    const taken = startAuthorizationServer(options, { port: Number(new URL(issuer).port) })
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('refuses unknown options, and controls for unknown users', async () => {
    const misspelt = { ...options, user: [] } as AuthorizationServerOptions
    await expect(startAuthorizationServer(misspelt)).rejects.toThrow('unknown user')
    const { controls } = await start()
    await expect(controls.signInAs('unknown')).rejects.toThrow('there are zoe')
    await expect(controls.approve()).rejects.toThrow('no open backchannel request')
    await expect(controls.approveDevice('AAAA-AAAA', 'zoe')).rejects.toThrow('no device')
    await expect(controls.connect('zoe', 'nowhere', { upstreamSubject: 'z' })).rejects.toThrow('no connection')
    await expect(controls.changeUser('zoe', { role: ['admin'] } as never)).rejects.toThrow('unknown role')
  })

  test('begins again at reset', async () => {
    const { controls, issuer } = await start()
    await controls.signInAs('zoe')
    await controls.changeUser('zoe', { roles: ['admin'] })
    await controls.fault('metadata', { status: 503 })
    await controls.reset()
    expect(await answers(issuer)).toBe(200)
    expect((await controls.requests()).map(({ endpoint }) => endpoint)).toEqual(['metadata'])
  })

  test('shows no pages', async () => {
    const { issuer } = await start()
    expect((await fetch(`${issuer}/activate`)).status).toBe(501)
    expect((await fetch(`${issuer}/interaction/x`)).status).toBe(404)
  })
})

test('gives a privileged worker the token of a user for each request that it signed, once', async () => {
  const resource = 'https://up-api.example.com/'
  const vault = { clientId: 'vault', clientSecret: 'v' }
  const upstream = await start({
    clients: [vault],
    users: [{ subject: 'up' }],
    resources: [{ identifier: resource, scopes: ['read'] }],
  })
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = { publicKeys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }
  const { issuer, controls, tokenEndpoint } = await start({
    clients: [{ clientId: 'nightly', privilegedWorker: true, ...keys }],
    connections: [{ name: 'up', server: upstream, ...vault, resource }],
  })
  await controls.connect('zoe', 'up', { upstreamSubject: 'up' })
  const sign = (typ: string, claims: object) =>
    new SignJWT({ iss: 'nightly', aud: issuer, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
  const hand = async (request: string) => {
    const body = new URLSearchParams({
      grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
      subject_token: request,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: 'http://auth0.com/oauth/token-type/token-vault-access-token',
      connection: 'up',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await sign('JWT', { sub: 'nightly' }),
    })
    return (await fetch(tokenEndpoint, { method: 'POST', body })).json() as Promise<Record<string, string>>
  }
  const request = await sign('token-vault-req+jwt', { sub: 'zoe', audit_context: 'delegation:d-1' })
  expect(decodeJwt((await hand(request)).access_token ?? '').sub).toBe('up')
  expect(await hand(request)).toMatchObject({ error: 'invalid_grant', error_description: 'jti was used before' })
  const silent = await sign('token-vault-req+jwt', { sub: 'zoe' })
  expect(await hand(silent)).toMatchObject({ error: 'invalid_grant' })
})

test('a whole target starts and ends with less than two seconds of work', async () => {
  const work = async () => {
    const target = await sandboxTarget()
    expect(await answers(target.authorizationServer.issuer)).toBe(200)
    await target.close()
    await expect(answers(target.authorizationServer.issuer)).rejects.toThrow()
  }
  expect(await processorSeconds(work)).toBeLessThan(2)
})
