import { ask } from './ask.ts'
import type { Metadata } from './check-metadata.ts'
import type { DoctorOptions } from './options.ts'
import { type Finding, ok, problem, unknown } from './report.ts'

/** Errors of a silent login where only the person is missing (OpenID Connect Core §3.1.2.6). */
const NEEDS_PERSON = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/** Checks whether the server would show a login for these scopes and this audience. It shows no page. */
export async function checkLogin(metadata: Metadata, options: DoctorOptions): Promise<Finding> {
  const { clientId = '', redirectUri, scopes = ['openid'], audience, timeoutMs = 10_000 } = options
  const { authorization_endpoint: endpoint } = metadata
  if (redirectUri === undefined) return unknown('login', 'scopes and audience were not tried: give --redirect-uri')
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    return unknown('login', 'there is no authorization endpoint to try')
  }
  const url = new URL(endpoint)
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    prompt: 'none',
    state: 'behalf-doctor',
    nonce: 'behalf-doctor',
    // RFC 7636, appendix B: the verifier is not kept.
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(audience !== undefined && { [targetOf(options)]: audience }),
  })
  for (const [name, value] of asked) url.searchParams.set(name, value)
  const answer = await ask(url.href, timeoutMs)
  if ('failure' in answer) return unknown('login', `the authorization endpoint did not answer: ${answer.failure}`)
  const { status, headers } = answer.response
  if (status >= 500) return unknown('login', `the authorization endpoint is in trouble: status ${status}`)
  const location = headers.get('location') ?? ''
  if (isPageOfServer(location, endpoint)) {
    return unknown(
      'login',
      `the server showed ${new URL(location, endpoint).pathname} although the request allowed no page`,
    )
  }
  if (!leadsTo(location, redirectUri)) {
    const fix = 'Register the redirect URI with the client, character by character.'
    const message = `no redirect came to ${redirectUri}, but ${status}: ${reasonIn(answer.body)}`
    return problem('redirect_uri_refused', message, fix)
  }
  const back = new URL(location).searchParams
  const error = back.get('error') ?? ''
  if (NEEDS_PERSON.includes(error) || back.has('code'))
    return ok('login', `a login for ${scopes.join(' ')} is accepted`)
  const fixes: Readonly<Record<string, readonly [id: string, fix: string]>> = {
    invalid_scope: ['scope_refused', 'Add the scopes to the API at the server, and allow them for the client.'],
    invalid_target: ['audience_refused', 'Register the API under exactly this identifier (a slash at the end counts).'],
    unauthorized_client: ['login_refused', 'Allow the authorization code grant for this client.'],
  }
  const [id, fix] = fixes[error] ?? [
    'login_refused',
    'See the description; at Auth0 an unknown audience is "Service not found".',
  ]
  return problem(id, `the server says ${error}: ${back.get('error_description') ?? 'no description'}`, fix)
}

export function targetOf({ target, issuer }: DoctorOptions): 'resource' | 'audience' {
  return target ?? (/\.(auth0|okta|oktapreview)\.com$/.test(new URL(issuer).hostname) ? 'audience' : 'resource')
}

/** Returns whether an address is the redirect URI itself, with an answer in its query. */
function leadsTo(location: string, redirectUri: string): boolean {
  if (!URL.canParse(location)) return false
  const [there, wanted] = [new URL(location), new URL(redirectUri)]
  const isThere = there.protocol === wanted.protocol && there.host === wanted.host && there.pathname === wanted.pathname
  return isThere && [...wanted.searchParams].every(([name, value]) => there.searchParams.getAll(name).includes(value))
}

/** Returns whether a redirect leads to a page of the server itself, such as its login, and not to an error. */
function isPageOfServer(location: string, endpoint: string): boolean {
  if (!URL.canParse(location, endpoint) || location === '') return false
  const { origin, searchParams } = new URL(location, endpoint)
  return origin === new URL(endpoint).origin && !searchParams.has('error')
}

function reasonIn(body: unknown): string {
  const { error, error_description: description } = (body ?? {}) as Readonly<Record<string, unknown>>
  return typeof error === 'string' ? `${error}, ${String(description ?? 'no description')}` : 'no reason given'
}
