import { ask, isSecure } from './ask.ts'
import { checkLogin, targetOf } from './check-login.ts'
import { isOfIssuer, type Metadata } from './check-metadata.ts'
import { formEncoded } from './hide-secret.ts'
import type { DoctorOptions } from './options.ts'
import { type Finding, ok, problem, unknown } from './report.ts'

interface Answer {
  readonly status: number
  readonly error?: unknown
  readonly error_description?: unknown
}

/**
 * Checks whether the server accepts the client, and for which grants. The server refuses each request after it
 * authenticated the client: no person is asked, and no token is issued.
 */
export async function checkClient(metadata: Metadata, options: DoctorOptions): Promise<readonly Finding[]> {
  if (options.clientId === undefined) return [unknown('client', 'no client was given: give --client-id')]
  if (!isOfIssuer(options.issuer, metadata)) {
    return [unknown('client', 'not tried: the server names another issuer, so it gets no secret')]
  }
  const authentication = await clientFinding(metadata, options)
  if (authentication.status === 'problem') return [authentication]
  return [authentication, ...(await grantFindings(metadata, options)), await checkLogin(metadata, options)]
}

async function clientFinding(metadata: Metadata, options: DoctorOptions): Promise<Finding> {
  const { clientId } = options
  const { token_endpoint: url } = metadata
  if (typeof url !== 'string') return unknown('client', 'the metadata has no token endpoint')
  if (!isSecure(url)) return unknown('client', 'not tried: the token endpoint is not https, so it gets no secret')
  const answer = await post(url, { grant_type: 'refresh_token', refresh_token: 'behalf-doctor' }, metadata, options)
  if (typeof answer === 'string' || answer.status >= 500) {
    const why = typeof answer === 'string' ? answer : `status ${answer.status}`
    const fix = 'The metadata answers and the token endpoint does not: check the server, or a proxy before it.'
    return problem('token_endpoint_unreachable', `${url}: ${why}`, fix)
  }
  if (isClientRefused(answer)) {
    return problem('client_refused', said(`${clientId} is not authenticated`, answer), clientFix(metadata, options))
  }
  if (!doesTellOfClient(answer)) return unknown('client', said('the answer is unclear', answer))
  return ok('client', `${clientId} is known${options.clientSecret === undefined ? '' : ', and its secret is right'}`)
}

/**
 * Returns whether the server refused the client. RFC 6749 §5.2 defines `invalid_client`, and 401 for no other error:
 * Auth0 sends `access_denied` and Keycloak `unauthorized_client` with it. Entra sends `unauthorized_client` for a
 * client that it does not know.
 */
function isClientRefused({ status, error, error_description: description }: Answer): boolean {
  return error === 'invalid_client' || status === 401 || /\bAADSTS700016\b/.test(String(description))
}

/** Returns whether the error can only occur after the client was authenticated (RFC 6749 §5.2). */
function doesTellOfClient({ error, error_description: description }: Answer): boolean {
  const isTold = ['invalid_grant', 'unauthorized_client', 'unsupported_grant_type'].includes(String(error))
  return isTold || (error === 'invalid_request' && FORBIDDEN.test(String(description)))
}

function clientFix(metadata: Metadata, { clientSecret }: DoctorOptions): string {
  if (clientSecret === undefined) {
    return 'It was tried without a secret. If it has one, give it: BEHALF_CLIENT_SECRET, in code clientSecret.'
  }
  const methods = JSON.stringify(metadata.token_endpoint_auth_methods_supported ?? 'client_secret_basic')
  return `Compare client id and secret with the server (no space at the end), and the way they are sent: it takes ${methods}.`
}

/** Sends requests that show whether a client may use a grant, without contacting a person. */
async function grantFindings(metadata: Metadata, options: DoctorOptions): Promise<readonly Finding[]> {
  const needs = options.needs ?? ['ciba', 'token-exchange']
  const findings: Finding[] = []
  const { token_endpoint: token } = metadata
  if (needs.includes('ciba') && typeof token === 'string') {
    // The request does not exist: a client that may use the grant gets the error for an unknown request.
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

/**
 * Servers send `invalid_request` for both: a grant that the client may not use (oidc-provider), and an invalid token.
 */
const FORBIDDEN =
  /grant.{0,200}not (allowed|enabled|permitted|supported)|unsupported grant|not allowed for (this|the) client/i

function grantFinding(id: string, what: string, answer: Answer | string, { clientId }: DoctorOptions): Finding {
  if (typeof answer === 'string') return unknown(id, `the endpoint did not answer: ${answer}`)
  const { error, error_description: description } = answer
  const isRefused = ['unauthorized_client', 'unsupported_grant_type', 'invalid_client'].includes(String(error))
  if (isRefused || (error === 'invalid_request' && FORBIDDEN.test(String(description)))) {
    return problem(`${id}_refused`, said(`${clientId} may not ${what}`, answer), 'Allow the grant for this client.')
  }
  // RFC 8693 §2.2.2 defines `invalid_request` for an invalid subject token; CIBA Core §11 defines `invalid_grant`.
  if (error === 'invalid_grant' || (error === 'invalid_request' && id === 'token_exchange_for_client')) {
    return ok(id, `${clientId} may ${what}`)
  }
  return unknown(id, said('the answer is unclear', answer))
}

/** @returns the error, or the reason why it is missing */
async function post(
  url: string,
  parameters: Readonly<Record<string, string>>,
  metadata: Metadata,
  { clientId = '', clientSecret, timeoutMs = 10_000 }: DoctorOptions,
): Promise<Answer | string> {
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
  const { status } = asked.response
  // The statuses of RFC 6749 §5.2 answer the client, with or without a body. Others may come from a proxy.
  if (asked.text === '' && (status === 400 || status === 401)) return { status }
  return typeof asked.body === 'object' && asked.body !== null ? { ...asked.body, status } : `status ${status}, no JSON`
}

function said(what: string, { status, error, error_description: description }: Answer): string {
  if (error === undefined) return `${what}: status ${status}, without an error`
  return `${what}: ${JSON.stringify(error)}${typeof description === 'string' ? `, ${JSON.stringify(description)}` : ''}`
}
