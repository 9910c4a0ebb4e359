import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { type OidcOptions, oidc } from '../../../src/entrypoints/providers.ts'
import { connectAuthorizationServer } from '../../../src/entrypoints/spi.ts'
import { allowInsecureLoopback } from '../../../src/index.ts'
import { mockIssuer, rejection, useMsw } from './mock-issuer.ts'

// As django-oauth-toolkit: it has these endpoints, and its metadata names none of them.
const issuer = 'https://as.example.com/o'
const as = await mockIssuer(issuer)
const endpoints = {
  introspection: `${issuer}/introspect/`,
  revocation: `${issuer}/revoke_token/`,
  deviceAuthorization: `${issuer}/device-authorization/`,
}
const opaque = { active: true, scope: 'read', client_id: 'app', username: 'ann', aud: ['https://api.example.com'] }
let asked: string[] = []
const answers = (url: string, body: object) =>
  http.post(url, () => {
    asked.push(url)
    return HttpResponse.json(body)
  })
useMsw(
  ...as.handlers,
  answers(endpoints.introspection, opaque),
  answers(`${issuer}/published`, { ...opaque, username: 'another' }),
  answers(endpoints.revocation, {}),
  answers(endpoints.deviceAuthorization, {
    device_code: 'd',
    user_code: 'u',
    verification_uri: 'https://as.example.com/device',
    expires_in: 60,
  }),
)
beforeEach(() => {
  asked = []
  delete as.metadata.introspection_endpoint
})

const token = { subject: ({ username }: { readonly username?: unknown }) => username as string }
const profile = (options: Partial<OidcOptions> = {}) =>
  oidc({ issuer, clientId: 'api', clientSecret: 'secret', token, ...options })
const introspect = (options?: Partial<OidcOptions>) =>
  createIntrospection({ authorizationServer: profile(options), audience: 'https://api.example.com' })('opaque-token')

describe('an endpoint that the metadata omits', () => {
  test('is asked where the profile names it', async () => {
    expect(await introspect({ endpoints })).toMatchObject({ subject: 'ann', clientId: 'app' })
    const surroundings = { fetch, clock: { now: Date.now }, timeoutMs: 10_000 }
    const server = connectAuthorizationServer(profile({ endpoints }), surroundings)
    await server.revoke('a-token')
    expect(await server.requestDeviceAuthorization({ scope: 'openid' })).toMatchObject({ userCode: 'u' })
    expect(asked).toEqual([endpoints.introspection, endpoints.revocation, endpoints.deviceAuthorization])
    expect(await server.endpoints()).toMatchObject({ revocation: endpoints.revocation })
  })

  test('is an error where the profile does not name it', async () => {
    expect(await rejection(introspect())).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(asked).toEqual([])
  })

  test('replaces the one that the metadata names', async () => {
    as.metadata.introspection_endpoint = `${issuer}/published`
    expect(await introspect()).toMatchObject({ subject: 'another' })
    expect(await introspect({ endpoints })).toMatchObject({ subject: 'ann' })
  })

  test('must be an https URL, and its name a known one', () => {
    const insecure = { [allowInsecureLoopback]: true } as const
    for (const wrong of ['http://as.example.com/introspect/', '/o/introspect/', 'javascript:alert(1)', 1]) {
      expect(() => profile({ endpoints: { introspection: wrong as string } })).toThrow('oidc.endpoints.introspection')
    }
    expect(() => profile({ endpoints: { introspect: endpoints.introspection } as never })).toThrow('oidc.endpoints')
    expect(() => profile({ endpoints: endpoints.introspection as never })).toThrow('oidc.endpoints')
    const local = { endpoints: { introspection: 'http://127.0.0.1:8000/introspect/' } }
    expect(() => profile(local)).toThrow('oidc.endpoints.introspection')
    expect(profile({ ...local, ...insecure })).toMatchObject({ issuer })
  })
})
