import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import type { ServerContext } from '../server-context.ts'
import type { Question } from '../state.ts'
import { type Pace, tooSoon } from './pace.ts'

/**
 * Handles one poll for the answer of a person.
 * @param id - Name of the parameter that names the question.
 * @throws Refusal There is no answer, or it was a no.
 */
export function pollAnswer<Asked extends Question>(
  context: ServerContext,
  client: MockClient,
  id: string,
  question: Asked | undefined,
): asserts question is Asked {
  if (question === undefined || question.clientId !== client.clientId || question.state === 'redeemed') {
    throw new Refusal('invalid_grant', `unknown ${id}, one of another client, or one already redeemed`)
  }
  requirePace(context, question)
  if (question.state === 'denied') throw new Refusal('access_denied', 'the person said no')
  // An answer that the client did not fetch in time is lost, as with most servers.
  if (question.expiresAt <= context.clock.now()) {
    throw new Refusal(id === 'auth_req_id' ? context.ciba.expiryError : 'expired_token', 'the request expired')
  }
  if (question.state === 'pending') throw new Refusal('authorization_pending', 'the person has not answered yet')
}

/** @throws Refusal `slow_down`: the poll was too early, or a test wants one. */
function requirePace({ clock }: ServerContext, pace: Pace): void {
  const interval = tooSoon(pace, clock.now())
  if (interval === undefined) return
  throw new Refusal('slow_down', `poll every ${interval} seconds`, {
    headers: { 'retry-after': String(interval) },
    members: { interval },
  })
}
