import { ask } from './ask.ts'
import type { Metadata } from './check-metadata.ts'
import type { DoctorOptions } from './options.ts'
import { type Finding, ok, problem, unknown } from './report.ts'

interface OAuthError {
  readonly error?: unknown
  readonly error_description?: unknown
}

/**
 * Whether the server takes the client, and what for. Each request is one that is refused after the client was
 * authenticated: nobody is asked, and nothing is issued.
 */
export async function checkClient(metadata: Metadata, options: DoctorOptions): Promise<readonly Finding[]> {
  if (options.clientId === undefined) return [unknown('client', 'no client was given: --client-id')]
  const authentication = await clientFinding(metadata, options)
  if (authentication.status === 'problem') return [authentication]
  return [authentication, ...(await grantFindings(metadata, options)), await loginFinding(metadata, options)]
}

async function clientFinding(metadata: Metadata, options: DoctorOptions): Promise<Finding> {
  const { clientId } = options
  const { token_endpoint: url } = metadata
  if (typeof url !== 'string') return unknown('client', 'there is no token endpoint to try the client at')
  const answer = await post(url, { grant_type: 'refresh_token', refresh_token: 'behalf-doctor' }, metadata, options)
  if (typeof answer === 'string') return unknown('client', `the token endpoint did not answer: ${answer}`)
  const { error } = answer
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    const fix =
      'Compare client id and secret with the server (no space at the end), and the way they are sent: ' +
      `it takes ${JSON.stringify(metadata.token_endpoint_auth_methods_supported ?? 'client_secret_basic')}.`
    if (error === 'invalid_client')
      return problem('client_refused', said(`${clientId} is not authenticated`, answer), fix)
  }
  return ok('client', `${clientId} is known${options.clientSecret === undefined ? '' : ', and its secret is right'}`)
}

/** Which request finds out whether a client may use a grant, and says nothing to a person. */
async function grantFindings(metadata: Metadata, options: DoctorOptions): Promise<readonly Finding[]> {
  const needs = options.needs ?? ['ciba', 'token-exchange']
  const findings: Finding[] = []
  const { token_endpoint: token } = metadata
  if (needs.includes('ciba') && typeof token === 'string') {
    // For a request that was never made: whoever may use the grant is told that it is not known.
    const poll = { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: 'behalf-doctor' }
    findings.push(grantFinding('ciba_for_client', 'ask by CIBA', await post(token, poll, metadata, options), options))
  }
  if (needs.includes('token-exchange') && typeof token === 'string') {
    const exchange = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'behalf-doctor',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'openid',
      ...(options.audience !== undefined && { [targetOf(options)]: options.audience }),
    }
    const answer = await post(token, exchange, metadata, options)
    findings.push(grantFinding('token_exchange_for_client', 'exchange tokens', answer, options))
  }
  return findings
}

/** `invalid_request` is said of both: a grant that the client may not use (oidc-provider), and a token that is none. */
const FORBIDDEN =
  /grant.*not (allowed|enabled|permitted|supported)|unsupported grant|not allowed for (this|the) client/i

function grantFinding(id: string, what: string, answer: OAuthError | string, { clientId }: DoctorOptions): Finding {
  if (typeof answer === 'string') return unknown(id, `the endpoint did not answer: ${answer}`)
  const { error, error_description: description } = answer
  const isRefused = ['unauthorized_client', 'unsupported_grant_type', 'invalid_client'].includes(String(error))
  if (isRefused || (error === 'invalid_request' && FORBIDDEN.test(String(description)))) {
    return problem(`${id}_refused`, said(`${clientId} may not ${what}`, answer), 'Allow the grant for this client.')
  }
  // RFC 8693 §2.2.2 has `invalid_request` for a subject token that is none; CIBA Core §11 has `invalid_grant`.
  if (error === 'invalid_grant' || (error === 'invalid_request' && id === 'token_exchange_for_client')) {
    return ok(id, `${clientId} may ${what}`)
  }
  return unknown(id, said('the answer does not tell', answer))
}

/** What a silent login is told when all but the person is right (OpenID Connect Core §3.1.2.6). */
const NOBODY = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

async function loginFinding(metadata: Metadata, options: DoctorOptions): Promise<Finding> {
  const { clientId = '', redirectUri, scopes = ['openid'], audience, timeoutMs = 10_000 } = options
  const { authorization_endpoint: endpoint } = metadata
  if (redirectUri === undefined) return unknown('login', 'scopes and audience were not tried: --redirect-uri')
  if (typeof endpoint !== 'string') return unknown('login', 'there is no authorization endpoint to try')
  const url = new URL(endpoint)
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    prompt: 'none',
    state: 'behalf-doctor',
    nonce: 'behalf-doctor',
    // Of a verifier that nobody has: RFC 7636, appendix B.
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...(audience !== undefined && { [targetOf(options)]: audience }),
  })
  for (const [name, value] of asked) url.searchParams.set(name, value)
  const answer = await ask(url.href, timeoutMs)
  if ('failure' in answer) return unknown('login', `the authorization endpoint did not answer: ${answer.failure}`)
  const location = answer.response.headers.get('location') ?? ''
  if (!location.startsWith(redirectUri)) {
    const fix = 'Register the redirect URI with the client, character by character.'
    const message = `no redirect came to ${redirectUri}, but ${answer.response.status}: ${reasonIn(answer.body)}`
    return problem('redirect_uri_refused', message, fix)
  }
  const back = new URL(location).searchParams
  const error = back.get('error') ?? ''
  if (NOBODY.includes(error) || back.has('code')) return ok('login', `a login for ${scopes.join(' ')} is taken`)
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

function targetOf({ target, issuer }: DoctorOptions): 'resource' | 'audience' {
  return target ?? (/\.(auth0|okta|oktapreview)\.com$/.test(new URL(issuer).hostname) ? 'audience' : 'resource')
}

/** @returns the error, or why there was none */
async function post(
  url: string,
  parameters: Readonly<Record<string, string>>,
  metadata: Metadata,
  { clientId = '', clientSecret, timeoutMs = 10_000 }: DoctorOptions,
): Promise<OAuthError | string> {
  const body = new URLSearchParams(parameters)
  const headers: Record<string, string> = { accept: 'application/json' }
  const methods = metadata.token_endpoint_auth_methods_supported
  const usesBody = Array.isArray(methods) && !methods.includes('client_secret_basic')
  if (clientSecret === undefined || usesBody) body.set('client_id', clientId)
  if (clientSecret !== undefined && usesBody) body.set('client_secret', clientSecret)
  if (clientSecret !== undefined && !usesBody) {
    headers.authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`
  }
  const asked = await ask(url, timeoutMs, { method: 'POST', headers, body })
  if ('failure' in asked) return asked.failure
  return typeof asked.body === 'object' && asked.body !== null ? asked.body : `status ${asked.response.status}, no JSON`
}

/** RFC 6749 §2.3.1, appendix B. */
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

function said(what: string, { error, error_description: description }: OAuthError): string {
  return `${what}: ${JSON.stringify(error)}${typeof description === 'string' ? `, ${JSON.stringify(description)}` : ''}`
}

function reasonIn(body: unknown): string {
  const { error, error_description: description } = (body ?? {}) as OAuthError
  return typeof error === 'string' ? `${error}, ${String(description ?? 'no description')}` : 'no reason given'
}
