import { HttpResponse, http } from 'msw'
import { beforeEach } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import type { DpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { redeemIdJag } from '../../../src/token-exchange/redeem-id-jag.ts'
import { type IdJag, type RequestIdJagOptions, requestIdJag } from '../../../src/token-exchange/request-id-jag.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

export const EMPLOYER = 'https://login.employer.example'
export const AS = 'https://auth.trade.example'
export const API = 'https://api.trade.example/'
export const ID_TOKEN = 'header.an-id-token-of-ann.signature'
export const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag'

const clock = { now: () => Date.now() }
const seconds = () => Math.floor(Date.now() / 1000)

export const employee = admit(
  { kind: 'user', issuer: EMPLOYER, subject: 'emp-7', claims: { iat: seconds(), groups: ['traders'] } },
  { token: new Token(ID_TOKEN), type: 'id_token' },
)

type Words = Record<string, unknown>

/** An employer that asserts and an API's server that issues, both rightly until a test says otherwise. */
export async function twoIssuers() {
  const employer = await mockIssuer(EMPLOYER)
  const server = await mockIssuer(AS)
  const forms = { employer: [] as URLSearchParams[], server: [] as URLSearchParams[] }
  const headers: Headers[] = []
  const says = {
    assertion: {} as Words,
    assertionHeader: {} as Words,
    assertionAnswer: {} as Words,
    token: {} as Words,
    answer: {} as Words,
  }
  let refusals: { employer?: Words; server?: Words } = {}
  const msw = useMsw(
    ...employer.handlers,
    ...server.handlers,
    http.post(`${EMPLOYER}/token`, async ({ request }) => {
      const form = new URLSearchParams(await request.text())
      forms.employer.push(form)
      if (refusals.employer) return HttpResponse.json(refusals.employer as never, { status: 400 })
      // `undefined` takes a claim away.
      const assertion = await employer.sign(
        {
          sub: 'emp-7',
          aud: form.get('audience') ?? '',
          client_id: 'agent-at-trade',
          jti: crypto.randomUUID(),
          resource: form.get('resource'),
          scope: form.get('scope'),
          ...says.assertion,
        },
        { typ: 'oauth-id-jag+jwt', ...says.assertionHeader },
      )
      return HttpResponse.json(
        without({
          access_token: assertion,
          issued_token_type: ID_JAG,
          token_type: 'N_A',
          expires_in: 300,
          ...says.assertionAnswer,
        }) as never,
      )
    }),
    http.post(`${AS}/token`, async ({ request }) => {
      const form = new URLSearchParams(await request.text())
      forms.server.push(form)
      headers.push(request.headers)
      if (refusals.server) return HttpResponse.json(refusals.server as never, { status: 400 })
      const token = await server.sign(
        without({
          sub: 'ann',
          aud: API,
          client_id: 'agent-at-trade',
          jti: crypto.randomUUID(),
          scope: form.get('scope'),
          act: { sub: 'agent:trader' },
          ...says.token,
        }),
      )
      return HttpResponse.json(
        without({ access_token: token, token_type: 'Bearer', expires_in: 60, ...says.answer }) as never,
      )
    }),
  )
  beforeEach(() => {
    forms.employer.length = 0
    forms.server.length = 0
    headers.length = 0
    Object.assign(says, { assertion: {}, assertionHeader: {}, assertionAnswer: {}, token: {}, answer: {} })
    refusals = {}
  })
  const profileThere = (dpop?: DpopKey) =>
    oidc({
      issuer: AS,
      clientId: 'agent-at-trade',
      clientSecret: 'secret-at-trade',
      algorithms: ['ES256'],
      ...(dpop && { dpop }),
    })
  const profileHere = (dpop?: DpopKey) =>
    oidc({
      issuer: EMPLOYER,
      clientId: 'agent-at-employer',
      clientSecret: 'secret-at-employer',
      algorithms: ['ES256'],
      ...(dpop && { dpop }),
    })
  const surroundings = {
    fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init),
    clock,
    timeoutMs: 5000,
  }
  return {
    employer,
    server,
    msw,
    forms,
    headers,
    says,
    profileThere,
    profileHere,
    refuses: (who: 'employer' | 'server', answer: Words) => {
      refusals = { ...refusals, [who]: answer }
    },
    assertion: (over: Partial<RequestIdJagOptions> = {}, dpop?: DpopKey) =>
      requestIdJag({
        identityProvider: connectAuthorizationServer(profileHere(dpop), surroundings),
        identity: employee,
        authorizationServer: profileThere(dpop),
        resource: API,
        scopes: ['portfolio:read'],
        ...over,
      }),
    redeem: (idJag: IdJag, dpop?: DpopKey) =>
      redeemIdJag({ authorizationServer: connectAuthorizationServer(profileThere(dpop), surroundings), idJag, clock }),
  }
}

const without = (object: Words) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
