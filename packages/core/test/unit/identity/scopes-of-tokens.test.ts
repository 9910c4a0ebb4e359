import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { createIntrospection, requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { okta } from '../../../src/oauth/profiles/okta.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
as.metadata.introspection_endpoint = `${as.issuer}/introspect`
const resource = 'https://api.example.com'
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', clientSecret: 's' })
const own = { sub: 'agent-app', client_id: 'agent-app', aud: resource, jti: 'j-1' }

let answer: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(answer)),
  http.post(`${as.issuer}/introspect`, () => HttpResponse.json(answer)),
)
beforeEach(() => {
  answer = {}
})

describe('the token of an agent itself', () => {
  const request = async (
    scope: unknown,
    more: object = {},
    scopes: readonly string[] | undefined = ['jobs', 'mail'],
  ) => {
    answer = { access_token: await as.sign({ ...own, scope: scope as never }), token_type: 'Bearer', ...more }
    return requestAgentIdentity({ authorizationServer, resource, ...(scopes && { scopes }) })
  }

  test.each([
    ['a surplus in its own scope', 'jobs admin:all', {}, 'admin:all'],
    ['a surplus in its own list of scopes', ['jobs', 'admin:all'], {}, 'admin:all'],
    ['a scope that cannot be read', { jobs: true }, {}, 'scopes cannot be read'],
    ['more than its answer says', 'jobs mail', { scope: 'jobs' }, 'its answer does not name: "mail"'],
  ])('with %s is dropped', async (_, scope, more, why) => {
    expect(await rejection(request(scope, more))).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining(why),
    })
  })

  test(verifies('I5', 'has the scopes that it really holds, and not those that the answer says'), async () => {
    const identity = await request(['jobs'], { scope: 'jobs mail' })
    expect(subjectTokenOf(identity)).toMatchObject({ scopes: ['jobs'] })
  })

  test('that was asked for without scopes has those that it names, or that are not known', async () => {
    answer = { access_token: await as.sign({ ...own, scope: 'jobs' }), token_type: 'Bearer' }
    const named = await requestAgentIdentity({ authorizationServer, resource })
    expect(subjectTokenOf(named)).toMatchObject({ scopes: ['jobs'] })
    answer = { access_token: 'opaque', token_type: 'Bearer' }
    const unknown = await requestAgentIdentity({ authorizationServer, resource })
    expect(subjectTokenOf(unknown)).not.toHaveProperty('scopes')
  })
})

describe('a token that a caller presents', () => {
  const verify = async (scope: unknown) =>
    verifyAccessToken(await as.sign({ ...accessTokenClaims, scope: scope as never }), {
      authorizationServer,
      audience: accessTokenClaims.aud,
    })

  test.each([
    ['portfolio:read trade:write', ['portfolio:read', 'trade:write']],
    [
      ['portfolio:read', 'trade:write'],
      ['portfolio:read', 'trade:write'],
    ],
    [undefined, []],
  ])('with the scope %j has these scopes', async (scope, scopes) => {
    expect(subjectTokenOf(await verify(scope))).toMatchObject({ scopes })
  })

  test.each([[null], [7], [{}], [['a b']], ['a\nb']])('with the scope %j is refused', async (scope) => {
    expect(await rejection(verify(scope))).toMatchObject({
      code: 'ERR_INVALID_TOKEN',
      reason: 'claims',
      message: expect.stringContaining('scopes of the token cannot be read'),
    })
  })

  test('and that its issuer is asked about has the scopes of the answer, whatever JWTs of the provider call them', async () => {
    const provider = okta({
      domain: 'as.example.com',
      authorizationServer: 'default',
      clientId: 'c',
      clientSecret: 's',
    })
    const introspect = createIntrospection({
      authorizationServer: { ...provider, issuer: as.issuer },
      audience: resource,
    })
    answer = { active: true, aud: resource, sub: 'ann', client_id: 'app', token_type: 'Bearer', scope: 'a b' }
    expect(subjectTokenOf(await introspect('opaque-1'))).toMatchObject({ scopes: ['a', 'b'] })
    answer.scope = { a: true }
    expect(await rejection(introspect('opaque-2'))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'claims' })
  })
})
