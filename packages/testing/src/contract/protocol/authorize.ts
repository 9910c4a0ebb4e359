import { base64url } from 'jose'
import type { RawParameters } from './raw.ts'
import type { Session } from './session.ts'

/** Result of an authorization request, and the values that redeem it. */
export interface Authorized {
  readonly status: number
  readonly location: string | undefined
  readonly error: string | undefined
  readonly redemption: Readonly<Record<string, string>>
}

/** Returns the parameters of a whole request by the agent's client, with its verifier. */
export async function authorizationRequest(session: Session, changes: RawParameters = {}) {
  const { agent, target } = session
  const verifier = base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const parameters: RawParameters = {
    response_type: 'code',
    client_id: agent.clientId,
    redirect_uri: agent.redirectUri,
    scope: 'openid chat',
    resource: target.agentResource,
    state: 'state-1',
    code_challenge: base64url.encode(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    ...changes,
  }
  return { parameters, verifier }
}

/** Sends one authorization request unchanged; the signed-in user agrees. */
export async function authorize(session: Session, changes: RawParameters = {}): Promise<Authorized> {
  const { parameters, verifier } = await authorizationRequest(session, changes)
  return visit(session, parameters, verifier)
}

/** Performs the browser's part of a sign-in. */
export async function visit(session: Session, parameters: RawParameters, verifier: string): Promise<Authorized> {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    for (const one of [value ?? []].flat()) query.append(name, one)
  const url = `${await session.endpoint('authorization_endpoint')}?${query}`
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location') ?? undefined
  const answer = location === undefined ? new URLSearchParams() : new URL(location).searchParams
  return {
    status: response.status,
    location,
    error: answer.get('error') ?? undefined,
    redemption: {
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      redirect_uri: session.agent.redirectUri ?? '',
      code_verifier: verifier,
    },
  }
}
