import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const issuer = 'https://as.example.com'
const audience = 'https://api.example.com'
const NOW = 1_800_000_000
const as = await mockIssuer(issuer)
as.metadata.introspection_endpoint = `${issuer}/introspect`

let answer: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${issuer}/introspect`, () => HttpResponse.json(answer)),
)
beforeEach(() => {
  answer = { active: true, sub: 'ann', client_id: 'app', aud: audience, token_type: 'Bearer', exp: NOW + 60 }
})

const ask = (more: object, options: object = {}) => {
  Object.assign(answer, more)
  const clock = { now: () => NOW * 1000 }
  const introspect = createIntrospection({
    authorizationServer: oidc({ issuer, clientId: 'api', clientSecret: 'secret' }),
    audience,
    clock,
    ...options,
  })
  return introspect('opaque-token')
}

describe('its times, with 30 s of tolerance (I7)', () => {
  test.each([
    ['no end at all', { exp: undefined }],
    ['an end less than 30 s ago', { exp: NOW - 29 }],
    ['a beginning at most 30 s from now', { nbf: NOW + 30 }],
    ['a time of issue at most 30 s from now', { iat: NOW + 30 }],
    ['a beginning in the past', { nbf: NOW - 1 }],
  ])('%s is fine', async (_, more) => {
    expect(await ask(more)).toMatchObject({ subject: 'ann' })
  })

  test.each([
    ['an end 30 s ago', { exp: NOW - 30 }, 'expired'],
    ['a beginning later than that', { nbf: NOW + 31 }, 'not_yet_valid'],
    ['a time of issue later than that', { iat: NOW + 31 }, 'not_yet_valid'],
    ['an end as text', { exp: `${NOW + 60}` }, 'claims'],
    ['an end as null', { exp: null }, 'claims'],
    ['a beginning as text', { nbf: `${NOW - 60}` }, 'claims'],
    ['a time of issue as text', { iat: `${NOW - 60}` }, 'claims'],
  ])('%s is refused', async (_, more, reason) => {
    expect(await rejection(ask(more))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
  })
})

describe('its target and kind', () => {
  test('another audience is refused, also where none would do', async () => {
    const options = { missingAudience: 'accept' }
    expect(await ask({ aud: undefined }, options)).toMatchObject({ subject: 'ann' })
    expect(await rejection(ask({ aud: 'https://other.example.com' }, options))).toMatchObject({ reason: 'audience' })
    expect(await rejection(ask({ aud: [] }, options))).toMatchObject({ reason: 'audience' })
  })

  test('the type says that it is an access token, or is left out beside an audience', async () => {
    for (const token_type of ['Bearer', 'bearer', undefined]) {
      expect(await ask({ token_type })).toMatchObject({ subject: 'ann' })
    }
    for (const token_type of ['refresh_token', 'N_A', 'xbearer', ['Bearer'], 7]) {
      expect(await rejection(ask({ token_type }))).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    }
  })
})
