import { epochSeconds } from '../../clock.ts'
import { optional, type Received, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import { grantedScopes } from '../grants/grant-targets.ts'
import type { MockClient } from '../options.ts'
import { findClient, type ServerContext } from '../server-context.ts'
import type { Grant, Session } from '../state.ts'
import { randomText } from '../tokens/issue-tokens.ts'
import { checkRedirectUri, readAuthorizationRequest } from './authorization-request.ts'
import { pushedParameters } from './push-authorization-request.ts'

const CODE_SECONDS = 60

/**
 * The authorization endpoint, without pages: the signed-in user agrees, and the answer is a redirect. Takes code flow
 * with PKCE S256 only. Without a signed-in user: `login_required`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 | RFC 6749 §4.1.1}
 */
export async function authorize(context: ServerContext, received: Received): Promise<Response> {
  // RFC 6749 §4.1.2.1: the server does not redirect to an unknown client or redirect URI.
  const client = findClient(context, required(received.parameters, 'client_id'))
  if (client === undefined) throw new Refusal('invalid_request', 'unknown client')
  if (context.requiresPushedRequests && !received.parameters.has('request_uri')) {
    throw new Refusal('invalid_request', 'push the request first')
  }
  const parameters = pushedParameters(context, received.parameters)
  const redirectUri = checkRedirectUri(client, parameters)
  const target = new URL(redirectUri)
  const state = optional(parameters, 'state')
  if (state !== undefined) target.searchParams.set('state', state)
  // RFC 9207 §2: in every answer, errors included.
  target.searchParams.set('iss', context.issuer)
  try {
    target.searchParams.set('code', issueCode(context, client, redirectUri, parameters))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    target.searchParams.set('error', error.error)
    target.searchParams.set('error_description', error.message)
  }
  return new Response(null, { status: 302, headers: { location: target.href, 'cache-control': 'no-store' } })
}

function issueCode(
  context: ServerContext,
  client: MockClient,
  redirectUri: string,
  parameters: URLSearchParams,
): string {
  const asked = readAuthorizationRequest(context, client, parameters)
  const { codeChallenge, audience, requested, authorizationDetails } = asked
  const session = currentSession(context, parameters)
  const nonce = optional(parameters, 'nonce')
  const grant: Grant = {
    clientId: client.clientId,
    session,
    audience,
    scopes: grantedScopes(context, { client, subject: session.subject, requested, audience }),
    ...(nonce !== undefined && { nonce }),
    ...(authorizationDetails && { authorizationDetails }),
    revoked: false,
  }
  const code = randomText()
  const expiresAt = context.clock.now() + CODE_SECONDS * 1000
  context.state.codes.set(code, { grant, redirectUri, codeChallenge, expiresAt, used: false })
  return code
}

/**
 * Returns the login of this request. `prompt=login`, an exceeded `max_age` or another `acr_values` make the person log
 * in again, here without a page and at once.
 */
function currentSession(context: ServerContext, parameters: URLSearchParams): Session {
  const session = context.state.signedIn
  if (session === undefined) throw new Refusal('login_required', 'no user is signed in; call signInAs first')
  const now = epochSeconds(context.clock)
  const maxAge = optional(parameters, 'max_age')
  const acrValues = words(optional(parameters, 'acr_values'))
  const acr = acrValues.length === 0 || acrValues.includes(session.acr) ? session.acr : (acrValues[0] as string)
  const prompt = words(optional(parameters, 'prompt'))
  const again =
    prompt.includes('login') || (maxAge !== undefined && now - session.authTime > Number(maxAge)) || acr !== session.acr
  if (!again) return session
  if (prompt.includes('none')) throw new Refusal('login_required', 'the login is too old or too weak')
  context.state.signedIn = { ...session, authTime: now, acr }
  return context.state.signedIn
}
