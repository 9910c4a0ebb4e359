// Proofs of a user that have neither an id nor times, as answers of an introspection may (RFC 7662 §2.2).
import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example/'
const pays = policy(schema, { version: '1', access: { api: resource(API, { scopes: ['pay'] }) } })

/** An issuer that says nothing of a token but whose it is and what it may do, and exchanges those that may pay. */
function issuerOf(scopes: Readonly<Record<string, string>>) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { href, pathname } = new URL(request.url)
    if (href.startsWith(API)) return new Response(request.headers.get('authorization'))
    if (pathname.includes('.well-known')) {
      const endpoints = { token_endpoint: `${ISSUER}/token`, introspection_endpoint: `${ISSUER}/introspect` }
      return Response.json({ issuer: ISSUER, ...endpoints })
    }
    const form = new URLSearchParams(await request.text())
    if (pathname === '/introspect') {
      const scope = scopes[form.get('token') ?? '']
      return Response.json({ active: true, token_type: 'Bearer', sub: 'ann', client_id: 'agent', aud: 'agent', scope })
    }
    const subjectToken = form.get('subject_token') ?? ''
    if (scopes[subjectToken] !== 'pay') return Response.json({ error: 'invalid_scope' }, { status: 400 })
    const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token'
    return Response.json({
      access_token: `of-${subjectToken}`,
      token_type: 'Bearer',
      expires_in: 600,
      issued_token_type,
    })
  }
}

test(verifies('I2', 'a right that was taken away is gone with the next opaque token of the user'), async () => {
  const world = smallWorld()
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })
  const fetch = issuerOf({ 'a-first-token': 'pay', 'a-next-token': 'look' })
  const introspect = createIntrospection({ authorizationServer, audience: 'agent', fetch })
  const behalf = world.guard({ authorizationServer, fetch })
  const run = async (token: string) =>
    behalf.run(pays, world.call({ identity: await introspect(token), slot: token }), (_, { access }) =>
      access.api.fetch(`${API}pay`).then(({ status }) => status),
    )
  expect(await run('a-first-token')).toMatchObject({ status: 'done', result: 200 })
  expect((await run('a-next-token')).status).not.toBe('done')
})
