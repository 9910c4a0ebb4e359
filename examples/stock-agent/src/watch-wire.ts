import type { Fetch } from '@behalf/core'

/** Facts of a token, without the token. */
export interface TokenFacts {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly scopes: string
  /** The actors, outermost first. */
  readonly actors: readonly string[]
  readonly details: unknown
}

/** A request that reached the Stock Trade API with a token. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly token: TokenFacts
}

export interface WireWatch {
  /** Give it to everything that makes requests. */
  readonly fetch: Fetch
  readonly apiRequests: readonly ApiRequest[]
  /** Every token, code and request id on the wire. None of them may be printed. */
  readonly secrets: ReadonlySet<string>
}

const secretFields = [
  'access_token',
  'id_token',
  'refresh_token',
  'auth_req_id',
  'code',
  'code_verifier',
  'client_secret',
]

/** Observes requests outside the SDK, where tokens are visible. SDK, agent and tools show none. */
export function watchWire(apiOrigin: string): WireWatch {
  const apiRequests: ApiRequest[] = []
  const secrets = new Set<string>()
  const keep = (value: unknown) => {
    if (typeof value === 'string' && value.length >= 8) secrets.add(value)
  }
  return {
    apiRequests,
    secrets,
    async fetch(input, init) {
      const request = new Request(input, init)
      const token = /^\w+ (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      keep(token)
      const form = new URLSearchParams(await request.clone().text())
      for (const field of secretFields) keep(form.get(field))
      const response = await fetch(request)
      const location = response.headers.get('location')
      if (location !== null && URL.canParse(location)) keep(new URL(location).searchParams.get('code'))
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => undefined)
      if (isRecord(body)) for (const field of secretFields) keep(body[field])
      const { origin, pathname } = new URL(request.url)
      if (origin === apiOrigin && token !== undefined) {
        apiRequests.push({ method: request.method, path: pathname, status: response.status, token: factsOf(token) })
      }
      return response
    },
  }
}

/** Reads a token without verification, only for display. */
function factsOf(token: string): TokenFacts {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
  const actors: string[] = []
  for (let act = claims.act; isRecord(act); act = act.act) actors.push(String(act.sub))
  return {
    issuer: String(claims.iss),
    subject: String(claims.sub),
    audience: [claims.aud].flat().join(', '),
    scopes: String(claims.scope),
    actors,
    details: claims.authorization_details,
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
