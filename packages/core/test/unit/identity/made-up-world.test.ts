import { mockTarget } from '@behalf/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createIntrospection, requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { rejection } from '../oauth/mock-issuer.ts'

// A server with checks of its own: it verifies proofs, demands its nonces, and takes no proof twice.
let world: Awaited<ReturnType<typeof mockTarget>>
beforeAll(async () => {
  world = await mockTarget({ algorithm: 'ES256' })
})
beforeEach(() => world.reset())
afterAll(() => world.close())

const profileOf = (options: object = {}): Profile => {
  const { agent } = world.clients
  const { issuer } = world.authorizationServer
  return oidc({ issuer, clientId: agent.clientId, clientAuthentication: agent.authentication, ...options })
}

describe('against the made-up world', () => {
  test('the agent gets an identity of its own, bound to its key', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const dpop = await importDpopKey(pair)
    const agent = await requestAgentIdentity({ authorizationServer: profileOf({ dpop }), resource: world.api.resource })
    expect(agent).toMatchObject({ kind: 'agent', clientId: world.clients.agent.clientId })
    expect(subjectTokenOf(agent)).toMatchObject({ keyThumbprint: dpop.thumbprint })
    const requests = await world.authorizationServer.controls.requests()
    // Refused for its nonce, and sent once more.
    expect(requests.filter(({ endpoint }) => endpoint === 'token')).toHaveLength(2)
    await requestAgentIdentity({ authorizationServer: profileOf(), resource: world.api.resource })
  })

  test('a token that the server does not know is inactive', async () => {
    const introspect = createIntrospection({ authorizationServer: profileOf(), audience: world.api.resource })
    expect(await rejection(introspect('never-issued'))).toMatchObject({ reason: 'inactive' })
  })

  test('an unknown client is refused in the words of the specification', async () => {
    const stranger = oidc({ issuer: world.authorizationServer.issuer, clientId: 'unknown', clientSecret: 's' })
    const server = connectAuthorizationServer(stranger, surroundingsOf('test', {}))
    // Whatever was presented as a token: it is taken out of the server's words, and out of no code.
    for (const token of ['t', 'invalid_client', 'client']) {
      const error = await rejection(server.introspect(token))
      expect(error).toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_client' })
    }
  })
})
