import { checkAuth0Message } from '@behalf/core/providers'
import { decodeJwt } from 'jose'
import * as z from 'zod/mini'
import { optional, type Received, required, words } from '../../http/received.ts'
import { answer, Refusal } from '../../http/refusal.ts'
import { grantedScopes, parseJson, requestedAudience, requestedDetails } from '../grants/grant-targets.ts'
import type { MockClient } from '../options.ts'
import { requireGrantType, type ServerContext } from '../server-context.ts'
import { GRANT, type SharedServer } from '../server-facts.ts'
import { randomText } from '../tokens/issue-tokens.ts'
import { TOKEN_TYPE, verifyOwnToken } from '../tokens/subject-token.ts'
import { authenticateClient } from './authenticate-client.ts'

/** Auth0's form of a `login_hint`. */
const IssuerAndSubject = z.object({ format: z.literal('iss_sub'), iss: z.string(), sub: z.string() })

/**
 * The backchannel authentication endpoint.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.7 | CIBA Core §7}
 */
export async function requestBackchannelAuthentication(context: ServerContext, received: Received): Promise<Response> {
  const client = await authenticateClient(context, received)
  requireGrantType(client, GRANT.ciba)
  const { parameters } = received
  const requested = words(required(parameters, 'scope'))
  // §7.1: MUST contain openid.
  if (!requested.includes('openid')) throw new Refusal('invalid_scope', 'scope must contain openid')
  const subject = await hintedUser(context, client, parameters)
  const audience = requestedAudience(context, parameters)
  const authorizationDetails = requestedDetails(context, parameters, audience)
  const bindingMessage = bindingMessageOf(context, parameters)
  const expiresIn = expiryOf(context, parameters)
  const notificationToken = notificationTokenOf(client, parameters)
  const authReqId = randomText()
  context.state.backchannelRequests.set(authReqId, {
    authReqId,
    clientId: client.clientId,
    subject,
    scopes: grantedScopes(context, { client, subject, requested, audience }),
    audience,
    ...(authorizationDetails && { authorizationDetails }),
    ...(bindingMessage !== undefined && { bindingMessage }),
    ...(notificationToken !== undefined && { notificationToken }),
    acrValues: words(optional(parameters, 'acr_values')),
    expiresAt: context.clock.now() + expiresIn * 1000,
    interval: context.ciba.interval,
    slowDownNext: false,
    loseAnswer: false,
    state: 'pending',
  })
  return answer({ auth_req_id: authReqId, expires_in: expiresIn, interval: context.ciba.interval })
}

/** Returns the user of the hint. §7.1: exactly one hint. */
async function hintedUser(context: ServerContext, client: MockClient, parameters: URLSearchParams): Promise<string> {
  const hints = ['login_hint', 'id_token_hint', 'login_hint_token'].filter((name) => parameters.has(name))
  if (hints.length !== 1) throw new Refusal('invalid_request', 'give exactly one of login_hint, id_token_hint')
  if (hints[0] === 'login_hint_token') throw new Refusal('invalid_request', 'login_hint_token is not taken here')
  const subject =
    hints[0] === 'login_hint'
      ? hintedSubject(context, required(parameters, 'login_hint'))
      : await subjectOfIdToken(context, client, required(parameters, 'id_token_hint'))
  if (!context.state.users.has(subject)) throw new Refusal('unknown_user_id', 'the hint names no user of this server')
  return subject
}

/** Returns the user of a `login_hint`: a plain `sub`, or issuer and subject as Auth0 has them. */
export function hintedSubject({ issuer }: Pick<SharedServer, 'issuer'>, hint: string): string {
  if (!hint.startsWith('{')) return hint
  const parsed = IssuerAndSubject.safeParse(parseJson(hint))
  if (!parsed.success) throw new Refusal('invalid_request', 'login_hint is no iss_sub object')
  if (parsed.data.iss !== issuer) throw new Refusal('unknown_user_id', 'login_hint names another issuer')
  return parsed.data.sub
}

async function subjectOfIdToken(context: ServerContext, client: MockClient, hint: string): Promise<string> {
  // CIBA Core §14: an id_token_hint may be past its end; it names, it does not prove.
  const issuedAt = readIssuedAt(hint)
  const back = { ...context, clock: { now: () => issuedAt * 1000 } }
  const claims = await verifyOwnToken(back, hint, TOKEN_TYPE.idToken, 'id_token_hint')
  if (claims.aud !== client.clientId) throw new Refusal('invalid_request', 'id_token_hint is of another client')
  return claims.sub
}

function readIssuedAt(hint: string): number {
  try {
    return decodeJwt(hint).iat ?? 0
  } catch {
    throw new Refusal('invalid_request', 'id_token_hint is no JWT')
  }
}

function bindingMessageOf(context: ServerContext, parameters: URLSearchParams): string | undefined {
  const message = optional(parameters, 'binding_message')
  if (message === undefined) {
    if (context.ciba.bindingMessageRequired) throw new Refusal('invalid_request', 'binding_message is missing')
    return undefined
  }
  checkBindingMessage(message)
  return message
}

/** Auth0's limits; no specification gives any. A fixed text, because an OAuth error can hold only some characters. */
export function checkBindingMessage(message: string): void {
  if (checkAuth0Message(message) === undefined) return
  throw new Refusal('invalid_binding_message', 'at most 64 of letters, digits, space and +-_.,:#')
}

/**
 * Reads the notification token: required in ping mode, in the syntax of a bearer token, at most 1024 characters (CIBA
 * Core §7.1).
 */
function notificationTokenOf(client: MockClient, parameters: URLSearchParams): string | undefined {
  if (client.notificationEndpoint === undefined) return undefined
  const token = required(parameters, 'client_notification_token')
  if (token.length > 1024 || !/^[\w.~+/-]+=*$/.test(token)) {
    throw new Refusal('invalid_request', 'client_notification_token is no bearer token of up to 1024 characters')
  }
  return token
}

function expiryOf(context: ServerContext, parameters: URLSearchParams): number {
  const text = optional(parameters, 'requested_expiry')
  if (text === undefined) return context.ciba.expiresIn
  const seconds = Number(text)
  if (!/^[1-9]\d*$/.test(text) || seconds > context.ciba.maxExpiresIn) {
    throw new Refusal('invalid_request', `requested_expiry is no integer from 1 to ${context.ciba.maxExpiresIn}`)
  }
  return seconds
}
