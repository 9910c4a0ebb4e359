import type { SubjectToken } from '@behalf/core/identity'
import { Token } from '@behalf/core/spi'
import type { TargetClient } from '../../target/index.ts'

/** A parsed response. */
export interface Raw {
  readonly status: number
  readonly headers: Headers
  /** The parsed JSON, else the text. */
  readonly body: Readonly<Record<string, unknown>>
}

export type RawParameters = Readonly<Record<string, string | readonly string[] | undefined>>

export const GRANT = {
  authorizationCode: 'authorization_code',
  ciba: 'urn:openid:params:grant-type:ciba',
  clientCredentials: 'client_credentials',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  refresh: 'refresh_token',
} as const

export const TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
} as const

/** Returns a form with the client's credentials in it or in a header. */
export function form(
  parameters: RawParameters,
  { clientId, authentication }: TargetClient,
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) for (const one of [value ?? []].flat()) body.append(name, one)
  const isSecret = authentication.method === 'client_secret_basic'
  // RFC 6749 §2.3.1 for a secret; a public client names itself.
  if (!isSecret) body.set('client_id', clientId)
  const authorization = isSecret ? { authorization: basic(clientId, authentication.clientSecret) } : {}
  return { method: 'POST', body, headers: { ...authorization, ...headers } }
}

export async function send(url: string, init: RequestInit = {}): Promise<Raw> {
  const response = await fetch(url, { redirect: 'manual', ...init })
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== ''
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } }
}

function basic(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`
}

/** An order, in the form in which the person is asked about it. */
export const ORDER = { type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 } as const

/** Returns a user's token, as core passes it to a provider. */
export function subjectToken(token: string, type: SubjectToken['type'] = 'access_token'): SubjectToken {
  return { token: new Token(token), type }
}
