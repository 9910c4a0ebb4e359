import { createHash } from 'node:crypto'
import type { AuthorizationServerEndpoint, PendingRequest, Received } from '@behalf/testing'
import { epochSeconds, parseJson, words } from '@behalf/testing/authorization-server'
import { claimsOf, factsOf, withoutTokens } from '../../events/index.ts'
import { openQuestions, shown } from '../controls/questions.ts'
import type { ServerContext } from '../server-context.ts'

/** Returns a name for a question that is safe to show: its `auth_req_id` could be redeemed. */
export function questionName(authReqId: string): string {
  return createHash('sha256').update(authReqId).digest('base64url').slice(0, 16)
}

/** Emits an event for a response of the server. */
export async function observe(
  context: ServerContext,
  endpoint: AuthorizationServerEndpoint,
  received: Received,
  response: Response,
): Promise<void> {
  const { parts } = context
  if (parts === undefined) return
  if (response.type === 'error') {
    parts.events.emit({
      type: 'fault',
      fault: 'lost-answer',
      effect: `the answer of the endpoint ${endpoint} was lost`,
    })
    return
  }
  if (endpoint === 'metadata' || endpoint === 'jwks') return
  const body = parseJson(await response.clone().text()) as Readonly<Record<string, unknown>> | undefined
  if (response.status >= 400) return tellRefusal(context, endpoint, response.status, body)
  if (endpoint === 'bc-authorize') return tellQuestion(context, String(body?.auth_req_id))
  if (endpoint !== 'token' || typeof body?.access_token !== 'string') return
  parts.events.emit({
    type: 'token',
    issuer: parts.name,
    clientId: clientIdOf(received) ?? 'unknown',
    grantType: shortGrant(received.parameters.get('grant_type') ?? ''),
    ...factsOf(body.access_token, words(body.scope)),
  })
}

/** Errors that a polling client expects, which are no refusals. */
const WAITING: readonly unknown[] = ['authorization_pending', 'use_dpop_nonce']

function tellRefusal(
  { parts }: ServerContext,
  endpoint: string,
  status: number,
  body: Readonly<Record<string, unknown>> | undefined,
): void {
  if (parts === undefined || WAITING.includes(body?.error)) return
  parts.events.emit({
    type: 'refused',
    issuer: parts.name,
    endpoint,
    status,
    ...(typeof body?.error === 'string' && { error: withoutTokens(body.error) }),
    ...(typeof body?.error_description === 'string' && { description: withoutTokens(body.error_description) }),
  })
}

function tellQuestion(context: ServerContext, authReqId: string): void {
  const found = openQuestions(context).find(([id]) => id === authReqId)
  if (found === undefined || context.parts === undefined) return
  const question = shown(...found)
  const agent = context.clients.get(question.clientId)?.actor?.subject
  const { bindingMessage, authReqId: _, ...asked } = question
  context.parts.events.emit({
    type: 'asked',
    question: questionName(authReqId),
    ...asked,
    ...(agent !== undefined && { agent }),
    ...(bindingMessage !== undefined && { message: bindingMessage }),
  })
  tellWhenItRanOut(context, authReqId)
}

/** Maximum time of a timer, in milliseconds. With a longer one, a timer fires at once. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

function tellWhenItRanOut(context: ServerContext, authReqId: string): void {
  const request = context.records.get('BackchannelAuthenticationRequest', authReqId)
  const waitMs = Math.max(0, (request?.exp ?? 0) * 1000 - Date.now()) + 50
  setTimeout(
    () => {
      const current = context.records.get('BackchannelAuthenticationRequest', authReqId)
      const isOpen = current !== undefined && !current.grantId && !current.error && !current.consumed
      // A control that ended the question has reported it already.
      if (!isOpen || (current.exp ?? 0) !== request?.exp) return
      if (waitMs > LONGEST_WAIT_MS) tellWhenItRanOut(context, authReqId)
      else tellAnswer(context, shown(authReqId, current), 'expired')
    },
    Math.min(waitMs, LONGEST_WAIT_MS),
  ).unref()
}

export function tellAnswer(
  { parts }: ServerContext,
  { authReqId, subject, bindingMessage }: PendingRequest,
  answer: 'approved' | 'denied' | 'expired',
): void {
  parts?.events.emit({
    type: 'answered',
    question: questionName(authReqId),
    subject,
    ...(bindingMessage !== undefined && { message: bindingMessage }),
    answer,
  })
}

/** Watches questions that were open when the process ended: they expire too. */
export function watchOpenQuestions(context: ServerContext): void {
  if (context.parts === undefined) return
  for (const [id, { exp = 0 }] of openQuestions(context)) if (exp > epochSeconds()) tellWhenItRanOut(context, id)
}

function clientIdOf({ headers, parameters }: Received): string | undefined {
  const [scheme, credentials] = (headers.get('authorization') ?? '').split(' ', 2)
  if (scheme?.toLowerCase() === 'basic' && credentials !== undefined) {
    const [id = ''] = atob(credentials).split(':')
    return decodeURIComponent(id.replaceAll('+', ' '))
  }
  const assertion = parameters.get('client_assertion')
  return parameters.get('client_id') ?? (assertion === null ? undefined : claimsOf(assertion).sub?.toString())
}

const shortGrant = (grantType: string): string => grantType.slice(grantType.lastIndexOf(':') + 1)
