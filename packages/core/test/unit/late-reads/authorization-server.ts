import type { Entries } from '@behalf/testing/late-reads'
import { expect } from 'vitest'
import type { OidcOptions } from '../../../src/entrypoints/providers.ts'
import { verifyAccessToken } from '../../../src/index.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { generateDpopKey, importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessToken, ann, audience, issuer, profile, server, signal, surroundings } from './issuer.ts'

export const authorizationServerEntries: Entries = {
  authorizationServers: [
    async (watch) => {
      const servers = watch.call(() => authorizationServers(profile, watch.given(surroundings())))
      return servers.of(issuer).endpoints()
    },
    { revocation: `${issuer}/revoke` },
  ],
  connectAuthorizationServer: [
    async (watch) => watch.call(() => connectAuthorizationServer(profile, watch.given(surroundings()))).endpoints(),
    { revocation: `${issuer}/revoke` },
  ],
  'server.grant': [
    async (watch) => {
      const options = watch.given({ signal: signal(), onTokens: () => {} })
      const parameters = watch.given({ scope: 'chat', resource: ['a', 'b'] }, 'parameters')
      return watch.call(() => server.grant('client_credentials', parameters, options))
    },
    { tokenType: 'bearer' },
  ],
  'server.requestBackchannelAuthentication': [
    async (watch) => {
      const [parameters, options] = [watch.given({ scope: 'chat' }, 'parameters'), watch.given({ signal: signal() })]
      return watch.call(() => server.requestBackchannelAuthentication(parameters, options))
    },
    { authReqId: 'r' },
  ],
  'server.requestDeviceAuthorization': [
    async (watch) => {
      const [parameters, options] = [watch.given({ scope: 'chat' }, 'parameters'), watch.given({ signal: signal() })]
      return watch.call(() => server.requestDeviceAuthorization(parameters, options))
    },
    { userCode: 'ABCD' },
  ],
  'server.introspect': [
    async (watch) => watch.call(() => server.introspect('a-token', watch.given({ signal: signal() }))),
    { active: true },
  ],
  'server.revoke': [
    async (watch) =>
      watch.call(() => server.revoke('a-token', watch.given({ hint: 'access_token', signal: signal() }))),
    undefined,
  ],
  'server.endpoints': [
    async (watch) => watch.call(() => server.endpoints(watch.given({ signal: signal() }))),
    { revocation: `${issuer}/revoke` },
  ],
  'server.verifyJwt': [
    async (watch) => {
      const token = await accessToken()
      const options = watch.given({ audience: [audience], types: ['at+jwt'], signal: signal() })
      return watch.call(() => server.verifyJwt(token, options))
    },
    { type: 'at+jwt' },
  ],
  oidc: [
    async (watch) => {
      const options = {
        issuer,
        clientId: 'agent-app',
        clientSecret: 'a-client-secret',
        algorithms: ['ES256'],
        ciba: { requestedExpiry: { parameter: 'requested_expiry', min: 1, max: 60 } },
        exchange: {},
        token: { accessTokenTypes: ['at+jwt'], requiredClaims: ['sub'] },
        interactiveClients: ['web'],
      }
      const made = watch.call(() => oidc(watch.given(options) as OidcOptions))
      return verifyAccessToken(await accessToken(), { authorizationServer: made, audience })
    },
    ann,
  ],
  importDpopKey: [
    async (watch) => {
      const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
        'sign',
        'verify',
      ])) as CryptoKeyPair
      return watch.call(() => importDpopKey(watch.given({ ...pair }) as never))
    },
    { thumbprint: expect.any(String) },
  ],
  generateDpopKey: [
    async (watch) => watch.call(() => generateDpopKey(watch.given({ algorithm: 'ES256' }) as never)),
    { thumbprint: expect.any(String) },
  ],
}
