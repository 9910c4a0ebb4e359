import type { ProtocolTarget, TargetClient } from '../src/index.ts'

/** An answer, read. */
export interface Raw {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
  readonly body: any
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** Posts a form as oauth4webapi would, without its checks. */
export async function post(url: string, parameters: Parameters, headers: Record<string, string> = {}): Promise<Raw> {
  return read(await fetch(url, { method: 'POST', body: formOf(parameters), headers }))
}

/** Calls a server without msw: a GET, or a POST of a form. */
export async function call(
  server: { readonly issuer: string; handle(request: Request): Promise<Response | undefined> },
  path: string,
  form?: Parameters,
  headers: Record<string, string> = {},
): Promise<Raw> {
  const request = new Request(new URL(path, server.issuer), {
    ...(form && { method: 'POST', body: formOf(form) }),
    headers,
  })
  return read((await server.handle(request)) ?? new Response(null, { status: 404 }))
}

function formOf(parameters: Parameters): URLSearchParams {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value ?? []].flat()) body.append(name, one)
  }
  return body
}

export async function read(response: Response): Promise<Raw> {
  const text = await response.text()
  const json = (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
}

/** RFC 6749 §2.3.1: form-encoded, then Basic. */
export function basic(clientId: string, clientSecret: string): Record<string, string> {
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return { authorization: `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}` }
}

/** The header of a client that authenticates by secret. */
export function headerOf({ clientId, authentication }: TargetClient): Record<string, string> {
  if (authentication.method !== 'client_secret_basic') throw new Error(`${clientId} has no secret for Basic`)
  return basic(clientId, authentication.clientSecret)
}

export const url = {
  token: (target: ProtocolTarget) => `${target.authorizationServer.issuer}oauth/token`,
  backchannel: (target: ProtocolTarget) => `${target.authorizationServer.issuer}bc-authorize`,
  authorize: (target: ProtocolTarget) => `${target.authorizationServer.issuer}authorize`,
}

/** A token request of the agent, or of another client. */
export function tokenRequest(
  target: ProtocolTarget,
  parameters: Parameters,
  client = target.clients.agent,
): Promise<Raw> {
  return post(url.token(target), parameters, headerOf(client))
}

export const GRANT = {
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  vault: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
  ciba: 'urn:openid:params:grant-type:ciba',
} as const

export const TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  federated: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
} as const
