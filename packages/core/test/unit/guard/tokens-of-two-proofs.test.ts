import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example/'
const AGENT = 'https://agent.example/'
const reads = policy(schema, { version: '1', access: { api: resource(API, { scopes: ['accounts'] }) } })

const json = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

/** An issuer of opaque tokens whose answers say nothing by which two tokens of one login differ, except their scopes. */
function issuer() {
  const world = smallWorld()
  const exchanged: string[] = []
  const scopes: Record<string, string> = { broad: 'chat accounts', narrow: 'chat' }
  const fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url.includes('.well-known')) {
      return json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, introspection_endpoint: `${ISSUER}/introspect` })
    }
    const form = new URLSearchParams(await request.text())
    if (request.url.endsWith('/introspect')) {
      const scope = scopes[form.get('token') ?? '']
      const claims = { sub: 'ann', client_id: 'agent', aud: AGENT, token_type: 'Bearer', exp: 1_800_003_600 }
      return json({ active: true, ...claims, scope })
    }
    const subject = form.get('subject_token') ?? ''
    exchanged.push(subject)
    if (!scopes[subject]?.includes('accounts')) return json({ error: 'invalid_scope' }, 400)
    const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token'
    return json({ access_token: `for-${subject}`, issued_token_type, token_type: 'Bearer', expires_in: 600 })
  }) as typeof globalThis.fetch
  const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })
  const introspect = createIntrospection({ authorizationServer, audience: AGENT, fetch, clock: world.clock })
  const guard = world.guard({ authorizationServer, fetch })
  const run = async (token: string) => {
    const outcome = await guard.run(reads, world.call({ identity: await introspect(token) }), () => 'ran')
    return outcome.status
  }
  return { run, exchanged }
}

describe('two tokens of one user whose claims are the same', () => {
  test(verifies('I2', 'a token with fewer scopes does not get what was exchanged for the other one'), async () => {
    const { run, exchanged } = issuer()
    expect(await run('broad')).toBe('done')
    expect(await run('narrow')).toBe('denied')
    expect(exchanged).toEqual(['broad', 'narrow'])
  })

  test('what was exchanged for a token serves its later requests', async () => {
    const { run, exchanged } = issuer()
    for (const token of ['broad', 'broad']) expect(await run(token)).toBe('done')
    expect(exchanged).toEqual(['broad'])
  })
})
