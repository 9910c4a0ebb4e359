import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import { epochSeconds } from '../../clock.ts'
import { optional, type Received } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import { findClient, type ServerContext } from '../server-context.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Identifies and authenticates the calling client.
 *
 * Exactly one method may be used in a request; a public client names itself in `client_id`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3 | RFC 6749 §2.3}
 */
export async function authenticateClient(context: ServerContext, received: Received): Promise<MockClient> {
  const { parameters, headers } = received
  const authorization = headers.get('authorization')
  const secret = optional(parameters, 'client_secret')
  const assertion = optional(parameters, 'client_assertion')
  const clientId = optional(parameters, 'client_id')
  if ([authorization, secret, assertion].filter((value) => value != null).length > 1) {
    throw new Refusal('invalid_request', 'more than one way of client authentication in one request')
  }
  if (authorization !== null) return bySecret(context, basicCredentials(authorization), clientId, true)
  if (secret !== undefined) return bySecret(context, { clientId, clientSecret: secret }, clientId, false)
  if (assertion !== undefined) return byAssertion(context, assertion, parameters)
  return publicClient(context, clientId)
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 | RFC 6749 §2.3.1}: both halves are form-encoded. */
function basicCredentials(authorization: string): { readonly clientId: string; readonly clientSecret: string } {
  const [scheme, encoded] = authorization.split(' ', 2)
  if (scheme?.toLowerCase() !== 'basic' || encoded === undefined)
    throw challenge('the Authorization scheme is not Basic')
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)),
    )
    const colon = decoded.indexOf(':')
    if (colon < 0) throw challenge('Basic credentials without a colon')
    return { clientId: formDecode(decoded.slice(0, colon)), clientSecret: formDecode(decoded.slice(colon + 1)) }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw challenge('Basic credentials that do not decode')
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function bySecret(
  context: ServerContext,
  credentials: { readonly clientId: string | undefined; readonly clientSecret: string },
  stated: string | undefined,
  byHeader: boolean,
): MockClient {
  const refuse = (description: string) =>
    byHeader ? challenge(description) : new Refusal('invalid_client', description)
  const client = findClient(context, credentials.clientId)
  if (client?.clientSecret === undefined || client.clientSecret !== credentials.clientSecret) {
    throw refuse('unknown client or wrong secret')
  }
  if (stated !== undefined && stated !== client.clientId) throw refuse('client_id is not the client that authenticated')
  return client
}

/**
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-3 | RFC 7523 §3}
 */
async function byAssertion(
  context: ServerContext,
  assertion: string,
  parameters: URLSearchParams,
): Promise<MockClient> {
  if (optional(parameters, 'client_assertion_type') !== ASSERTION_TYPE) {
    throw new Refusal('invalid_client', `client_assertion_type is not ${ASSERTION_TYPE}`)
  }
  const client = findClient(context, subjectOf(assertion))
  if (client?.publicKeys === undefined) throw new Refusal('invalid_client', 'unknown client, or one without keys')
  const stated = optional(parameters, 'client_id')
  if (stated !== undefined && stated !== client.clientId) {
    throw new Refusal('invalid_client', 'client_id is not the subject of the assertion')
  }
  const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: [...client.publicKeys] }), {
    issuer: client.clientId,
    subject: client.clientId,
    audience: [context.issuer, context.endpoints.token],
    requiredClaims: ['exp', 'jti'],
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
    currentDate: new Date(context.clock.now()),
    clockTolerance: 30,
  }).catch((cause: unknown) => {
    const why = cause instanceof errors.JOSEError ? cause.message : 'unreadable'
    throw new Refusal('invalid_client', `client assertion: ${why}`)
  })
  rememberAssertion(context, `${client.clientId} ${payload.jti}`, payload.exp as number)
  return client
}

/** Accepts a `jti` once while its assertion is valid (RFC 7523 §3 item 7). */
function rememberAssertion(context: ServerContext, id: string, expiresAt: number): void {
  const { assertions } = context.state
  const now = epochSeconds(context.clock)
  for (const [known, end] of assertions) if (end + 30 < now) assertions.delete(known)
  if (assertions.has(id)) throw new Refusal('invalid_client', 'client assertion: jti was used before')
  assertions.set(id, expiresAt)
}

function subjectOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).sub
  } catch {
    return undefined
  }
}

function publicClient(context: ServerContext, clientId: string | undefined): MockClient {
  const client = findClient(context, clientId)
  if (client === undefined) throw new Refusal('invalid_client', 'no client authentication, or an unknown client')
  if (client.clientSecret !== undefined || client.publicKeys !== undefined) {
    throw new Refusal('invalid_client', `client ${client.clientId} must authenticate`)
  }
  return client
}

/** Returns the refusal with the accepted scheme, for a client that used the header (RFC 6749 §5.2). */
function challenge(description: string): Refusal {
  return new Refusal('invalid_client', description, { headers: { 'www-authenticate': 'Basic realm="token endpoint"' } })
}
