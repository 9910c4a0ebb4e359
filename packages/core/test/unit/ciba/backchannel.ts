import { HttpResponse, http } from 'msw'
import { ciba } from '../../../src/ciba/ciba.ts'
import type { CibaOptions } from '../../../src/ciba/settings.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import type {
  ApprovalAnswer,
  ApprovalQuestion,
  ApprovalSent,
  ChannelContext,
} from '../../../src/runs/channels/approval-channel.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'

const API = 'https://api.example.com'
export const ISSUER = 'https://issuer.example'

export const order = { type: 'stock_order', symbol: 'AAPL', side: 'buy', quantity: 50 } as const

/** An issuer whose backchannel and token endpoints answer what a test tells them to. */
export async function backchannel(profileOf: (issuer: string) => Profile = defaultProfile, options: CibaOptions = {}) {
  const clock = testClock(Math.floor(Date.now() / 1000))
  const issuer = await mockIssuer(ISSUER, clock.now)
  const asked: URLSearchParams[] = []
  const askedHeaders: Headers[] = []
  const polls: URLSearchParams[] = []
  const pollHeaders: Headers[] = []
  /** Epoch seconds at which each poll came in. */
  const pollTimes: number[] = []
  const answers: (() => Response | Promise<Response>)[] = []
  let acknowledge: () => Response = () => HttpResponse.json({ auth_req_id: 'req-1', expires_in: 120, interval: 2 })
  let keysAreDown = false
  const served = new Map<string, () => Response>()
  const handlers = [
    // Nothing returned: the issuer's own handler answers.
    http.get(`${ISSUER}/jwks`, () => (keysAreDown ? new HttpResponse(null, { status: 503 }) : undefined)),
    ...issuer.handlers,
    http.get(`${ISSUER}/*`, ({ request }) => served.get(request.url)?.()),
    http.post(`${ISSUER}/bc-authorize`, async ({ request }) => {
      asked.push(new URLSearchParams(await request.text()))
      askedHeaders.push(request.headers)
      return acknowledge()
    }),
    http.post(`${ISSUER}/token`, async ({ request }) => {
      pollTimes.push(clock.now() / 1000)
      pollHeaders.push(request.headers)
      polls.push(new URLSearchParams(await request.text()))
      const next = answers.shift()
      if (next === undefined) throw new Error('no answer is left')
      return next()
    }),
  ]
  const profile = profileOf(ISSUER)
  const context: ChannelContext = {
    clock,
    authorizationServers: authorizationServers(profile, {
      fetch: (input, init) => fetch(input, init),
      clock,
      timeoutMs: 2_000,
    }),
  }
  const channel = ciba(options)
  const idToken = (claims: Record<string, unknown> = {}, key?: CryptoKey, header: Record<string, unknown> = {}) =>
    issuer.sign({ sub: 'ann', aud: 'agent-app', ...claims }, { typ: 'JWT', ...header }, key)
  const accessToken = (claims: Record<string, unknown> = {}) =>
    issuer.sign({
      sub: 'ann',
      aud: API,
      client_id: 'agent-app',
      jti: 'j',
      scope: 'trade:write',
      authorization_details: [order],
      ...claims,
    })
  return {
    issuer,
    handlers,
    clock,
    context,
    channel,
    asked,
    askedHeaders,
    polls,
    pollHeaders,
    pollTimes,
    idToken,
    accessToken,
    answer: (next: (() => Response | Promise<Response>) | Response) =>
      answers.push(typeof next === 'function' ? next : () => next),
    keysAreDown: (down: boolean) => {
      keysAreDown = down
    },
    /** Answers a GET for this URL. */
    serves: (url: string, next: () => Response) => served.set(url, next),
    acknowledges: (next: () => Response) => {
      acknowledge = next
    },
    ask: (over: Partial<ApprovalQuestion> = {}): Promise<ApprovalSent> => channel.ask(question(clock, over), context),
    look: (
      over: Partial<ApprovalQuestion> = {},
      state: ApprovalSent['state'] = stateOf(clock, { authReqId: 'req-1' }),
    ): Promise<ApprovalAnswer> => channel.poll({ state }, question(clock, over), context),
    /** A whole success answer. */
    success: async (over: Record<string, unknown> = {}) =>
      HttpResponse.json({
        access_token: await accessToken(),
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'openid trade:write',
        id_token: await idToken(),
        authorization_details: [order],
        ...over,
      }),
  }
}

export const defaultProfile = (issuer: string): Profile =>
  oidc({ issuer, clientId: 'agent-app', clientSecret: 'secret', ciba: { carriesAuthorizationDetails: true } })

export const refusal = (error: string, status = 400, headers: Record<string, string> = {}): Response =>
  HttpResponse.json({ error, error_description: 'x' }, { status, headers })

/** Of a provider whose people have tenants, and who has CIBA rules of its own. */
export const auth0Profile = (issuer: string): Profile => ({
  ...auth0({
    domain: 'issuer.example',
    clientId: 'agent-app',
    clientSecret: 'a-client-secret',
    algorithms: ['ES256'],
  }),
  issuer,
})

/** What the channel keeps of a request that was sent. Its id is new each time, so that no look is in another's way. */
export const stateOf = (clock: ReturnType<typeof testClock>, over: object = {}) => ({
  authReqId: crypto.randomUUID(),
  expiresAt: clock.now() / 1000 + 120,
  interval: 2,
  detailsSent: true,
  ...over,
})

export function question(clock: ReturnType<typeof testClock>, over: Partial<ApprovalQuestion> = {}): ApprovalQuestion {
  return {
    approvalId: 'a-1',
    questionId: 'q-1',
    tool: 'create_order',
    owner: { issuer: ISSUER, subject: 'ann', clientId: 'agent-app' },
    approver: { issuer: ISSUER, subject: 'ann' },
    message: 'Buy 50 shares of AAPL',
    details: [order],
    credential: { resource: API, scopes: ['trade:write'] },
    expiresAt: clock.now() / 1000 + 3600,
    ...over,
  }
}

/** Servers of one test file: each call begins with an issuer of its own. */
export function useBackchannel() {
  const server = useMsw()
  return async (profileOf?: (issuer: string) => Profile, options?: CibaOptions) => {
    const target = await backchannel(profileOf, options)
    server.use(...target.handlers)
    return target
  }
}
