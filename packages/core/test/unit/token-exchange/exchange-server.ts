import { HttpResponse, http } from 'msw'
import { beforeEach } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { AuthorizationServer } from '../../../src/oauth/server.ts'
import { exchangeToken } from '../../../src/token-exchange/exchange-token.ts'
import type { ExchangeTokenOptions } from '../../../src/token-exchange/plan-exchange.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

export const NOW = Date.parse('2026-11-25T10:00:00Z')
export const SECONDS = NOW / 1000
export const ISSUER = 'https://login.example.com'
export const API = 'https://api.example.com/trade'
export const SUBJECT_TOKEN = 'accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC'

const clock = { now: () => NOW }
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

export const ann: UserIdentity = admit({ kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'web', claims: {} })

/** An authorization server whose exchange answers rightly until a test says otherwise. */
export async function exchangeServer() {
  const issuer = await mockIssuer(ISSUER, clock.now)
  const forms: URLSearchParams[] = []
  const state = { claims: {} as Record<string, unknown>, header: {}, answer: {} as Record<string, unknown> }
  let answerWith: ((form: URLSearchParams) => Response | Promise<Response>) | undefined
  const msw = useMsw(
    ...issuer.handlers,
    http.post(`${ISSUER}/token`, async ({ request }) => {
      const form = new URLSearchParams(await request.text())
      forms.push(form)
      if (answerWith !== undefined) return (await answerWith(form)) as never
      const token = await issuer.sign(
        without({
          sub: 'ann',
          aud: API,
          client_id: 'agent-app',
          jti: 'j-1',
          scope: form.get('scope') ?? '',
          act: { sub: 'agent:trader' },
          exp: SECONDS + 60,
          ...state.claims,
        }),
        state.header,
      )
      return HttpResponse.json(
        without({
          access_token: token,
          issued_token_type: accessToken,
          token_type: 'Bearer',
          expires_in: 60,
          ...state.answer,
        }) as never,
      )
    }),
  )
  beforeEach(() => {
    forms.length = 0
    state.claims = {}
    state.header = {}
    state.answer = {}
    answerWith = undefined
  })
  const connect = (options: Partial<Parameters<typeof oidc>[0]> = {}): AuthorizationServer =>
    connectAuthorizationServer(
      oidc({ issuer: ISSUER, clientId: 'agent-app', clientSecret: 'agent-secret', algorithms: ['ES256'], ...options }),
      { fetch: (input, init) => fetch(input, init), clock, timeoutMs: 5_000 },
    )
  const standard = connect()
  return {
    issuer,
    msw,
    forms,
    connect,
    /** Claims, header and members that replace the right ones; `undefined` takes one away. */
    tokenSays: (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      Object.assign(state, { claims, header }),
    answerSays: (answer: Record<string, unknown>) => Object.assign(state, { answer }),
    answersWith: (answer: (form: URLSearchParams) => Response | Promise<Response>) => {
      answerWith = answer
    },
    exchange: (options: Partial<ExchangeTokenOptions> = {}) =>
      exchangeToken({
        authorizationServer: standard,
        identity: ann,
        subjectToken: { token: new Token(SUBJECT_TOKEN), type: 'access_token' },
        resource: API,
        scopes: ['portfolio:read', 'trade:write'],
        clock,
        ...options,
      }),
  }
}

const without = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
