import type { Profile } from '@behalf/core'
import type { ApprovalAnswer, ApprovalQuestion, ApprovalSent, ChannelContext } from '@behalf/core/channels'
import { type CibaOptions, ciba } from '@behalf/core/ciba'
import { ORDER, type RawParameters } from './raw.ts'
import type { Session } from './session.ts'

/** A question of the agent to ann, asked through core's own channel. */
export interface Conversation {
  readonly asked: ApprovalSent
  /** Polls once, after the interval. */
  look(): Promise<ApprovalAnswer>
  /** Polls once, immediately. */
  lookAtOnce(): Promise<ApprovalAnswer>
}

/** Returns the question for ann's order, whose answer gives the credential. */
function question({ issuer, target, clock }: Session, changes: Partial<ApprovalQuestion> = {}): ApprovalQuestion {
  const { ann } = target.users
  return {
    approvalId: 'approval-1',
    questionId: 'question-1',
    tool: 'create_order',
    owner: { issuer, subject: ann.subject, clientId: target.clients.agent.clientId },
    approver: { issuer, subject: ann.subject },
    message: 'Buy 50 shares of AAPL',
    details: [ORDER],
    credential: { resource: target.api.resource, scopes: ['trade:write'] },
    expiresAt: Math.floor(clock.now() / 1000) + 60,
    ...changes,
  }
}

export async function ask(
  session: Session,
  changes: Partial<ApprovalQuestion> = {},
  { profile = session.profile(), options = {} }: { readonly profile?: Profile; readonly options?: CibaOptions } = {},
): Promise<Conversation> {
  const channel = ciba(options)
  const asking = question(session, changes)
  const context: ChannelContext = { authorizationServers: session.servers(profile), clock: session.clock }
  let asked = await channel.ask(asking, context)
  let interval = asked.interval ?? 5
  const lookAtOnce = async () => {
    const answer = await channel.poll(asked, asking, context)
    if (answer.status === 'pending') {
      asked = { ...asked, ...(answer.state && { state: answer.state }) }
      interval = answer.interval ?? interval
    }
    return answer
  }
  return {
    asked,
    lookAtOnce,
    async look() {
      await session.wait(interval)
      return lookAtOnce()
    },
  }
}

/** Sends a request that no careful client would send. */
export function rawRequest(session: Session, changes: RawParameters = {}, client = session.agent) {
  return session.post(
    'backchannel_authentication_endpoint',
    {
      scope: 'openid trade:write',
      login_hint: session.target.users.ann.subject,
      binding_message: 'Buy 50 shares of AAPL',
      resource: session.target.api.resource,
      authorization_details: JSON.stringify([ORDER]),
      ...changes,
    },
    { client },
  )
}
