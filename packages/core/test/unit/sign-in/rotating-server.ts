// An issuer whose refresh tokens rotate, with reuse detection, and what goes wrong on the way to it.
import { HttpResponse, http } from 'msw'
import { type MockIssuer, mockIssuer } from '../oauth/mock-issuer.ts'

/** What a response holds, or why none arrives. */
export type Turn =
  | 'good'
  | 'bad_signature'
  | 'no_jwt'
  | 'wrong_nonce'
  | 'wrong_issuer'
  | 'wrong_client'
  | 'old'
  | 'wrong_type'
  | 'wrong_subject'
  /** The server refuses before it does anything. */
  | 'outage'
  | 'unreachable'
  | 'refused'
  /** The server rotates, and its response never arrives. */
  | 'lost'
  | 'lost_500'
  | 'lost_503'
  | 'lost_refused'
  | 'lost_html'

export interface RotatingServer extends MockIssuer {
  /** The newest refresh token that the server issued. */
  readonly newest: string
  /** Used tokens that were sent in a grant once more. */
  readonly reuses: number
  readonly grants: number
  /** Tokens that were sent to the revocation endpoint. */
  readonly revoked: string[]
  /** What becomes of the next requests; `good` where none is left. */
  readonly turns: Turn[]
  /** Runs while a grant is answered, after the server rotated. */
  during: (() => Promise<void> | void) | undefined
  login(): Promise<object>
}

const signatureOf = (jwt: string) => `${jwt.slice(0, jwt.lastIndexOf('.'))}.${'A'.repeat(86)}`

export async function rotatingServer(issuer: string, now: () => number): Promise<RotatingServer> {
  const mock = await mockIssuer(issuer, now)
  const evil = await mockIssuer('https://evil.example.com', now)
  mock.metadata.revocation_endpoint = `${issuer}/revoke`
  let count = 0
  let isEnded = false
  const used = new Set<string>()
  const idToken = (claims: object = {}) =>
    mock.sign(
      { sub: 'ann', aud: 'app', nonce: 'n-1', sid: 's-1', exp: Math.floor(now() / 1000) + 3600, ...claims },
      { typ: 'JWT' },
    )

  const badTokens: Partial<Record<Turn, () => Promise<unknown>>> = {
    bad_signature: async () => signatureOf(await idToken()),
    no_jwt: async () => 'none',
    wrong_nonce: () => idToken({ nonce: 'n-2' }),
    wrong_issuer: () => evil.sign({ sub: 'ann', aud: 'app' }, { typ: 'JWT' }),
    wrong_client: () => idToken({ aud: 'other' }),
    old: () => idToken({ iat: Math.floor(now() / 1000) - 7 * 24 * 3600 }),
    wrong_type: async () => 7,
    wrong_subject: () => idToken({ sub: 'bob' }),
  }

  const answer = async (turn: Turn) => ({
    access_token: `a-${count}`,
    refresh_token: server.newest,
    token_type: 'Bearer',
    expires_in: 600,
    id_token: await (badTokens[turn] ?? idToken)(),
  })

  const refuse = (error: string) => HttpResponse.json({ error }, { status: 400 })

  const untouched: Partial<Record<Turn, () => Response>> = {
    outage: () => new HttpResponse(null, { status: 429 }),
    refused: () => refuse('invalid_client'),
  }
  const lost: Partial<Record<Turn, () => Response>> = {
    lost: () => HttpResponse.error(),
    lost_500: () => new HttpResponse(null, { status: 500 }),
    lost_503: () => new HttpResponse(null, { status: 503 }),
    lost_refused: () => refuse('temporarily_unavailable'),
    lost_html: () => new HttpResponse('<html>'),
  }

  async function grant(request: Request): Promise<Response> {
    const sent = new URLSearchParams(await request.text()).get('refresh_token') ?? ''
    const turn = server.turns.shift() ?? 'good'
    const early = untouched[turn]?.()
    if (early !== undefined) return early
    server.grants++
    if (used.has(sent)) {
      server.reuses++
      isEnded = true
    }
    if (isEnded || server.revoked.includes(sent)) return refuse('invalid_grant')
    used.add(sent)
    server.newest = `r-${++count}`
    await server.during?.()
    return lost[turn]?.() ?? HttpResponse.json(await answer(turn))
  }

  const server = {
    ...mock,
    newest: 'r-0',
    reuses: 0,
    grants: 0,
    revoked: [] as string[],
    turns: [] as Turn[],
    during: undefined as RotatingServer['during'],
    handlers: [
      ...mock.handlers,
      http.post(`${issuer}/token`, ({ request }) => grant(request)),
      http.post(`${issuer}/revoke`, async ({ request }) => {
        server.revoked.push(new URLSearchParams(await request.text()).get('token') ?? '')
        return new HttpResponse(null, { status: 200 })
      }),
    ],
    login: () => answer('good'),
  }
  return server
}

/** The fetch of a process: `unreachable` turns end before anything is sent. */
export function processFetch(server: RotatingServer): typeof fetch {
  return async (input, init) => {
    if (String(input).endsWith('/token') && server.turns[0] === 'unreachable') {
      server.turns.shift()
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
    }
    return fetch(input, init)
  }
}
