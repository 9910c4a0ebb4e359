import type { ApprovalChannel, ApprovalQuestion, ChannelContext } from '../approvals/index.ts'
import type { AuthorizationServer } from '../authorization-server/server.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys } from '../lib/index.ts'
import { pollBackchannelAuthentication } from './poll-backchannel-authentication.ts'
import { requestBackchannelAuthentication } from './request-backchannel-authentication.ts'
import { cibaState } from './wire.ts'

/** Options of {@link ciba}. */
export interface CibaOptions {
  /** Sent as `acr_values`, in order of preference. @default none */
  readonly acrValues?: readonly string[]
}

/**
 * Asks the approver on their own device, by OpenID Client-Initiated Backchannel Authentication (poll mode).
 *
 * The answer counts only when the id_token verifies and names the approver, and the granted
 * `authorization_details` equal what was asked. Works with providers whose profile has CIBA.
 *
 * @throws ConfigurationError An unknown option.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html | CIBA Core 1.0}
 */
export function ciba(options: CibaOptions = {}): ApprovalChannel {
  refuseUnknownKeys('ciba', options, ['acrValues'])
  const { acrValues = [] } = options
  return {
    specificationVersion: 1,
    carriesCredential: (question, context) => {
      const server = serverOf(question.approver.issuer, context)
      return (
        server.profile.ciba?.carriesAuthorizationDetails === true &&
        question.approver.issuer === question.owner.issuer &&
        question.approver.tenant === question.owner.tenant &&
        question.approver.subject === question.owner.subject
      )
    },
    checkMessage: (message, approver, context) =>
      serverOf(approver.issuer, context).profile.ciba?.checkBindingMessage(message),
    ask: async (question: ApprovalQuestion, context: ChannelContext) =>
      requestBackchannelAuthentication(question, {
        server: serverOf(question.approver.issuer, context),
        acrValues,
        clock: context.clock,
        signal: context.signal,
      }),
    look: async (asked, question, context) =>
      pollBackchannelAuthentication(cibaState(asked.state), question, {
        server: serverOf(question.approver.issuer, context),
        clock: context.clock,
        signal: context.signal,
      }),
  }
}

function serverOf(issuer: string, context: ChannelContext): AuthorizationServer {
  const server = context.authorizationServers.of(issuer)
  if (server.profile.ciba === undefined) {
    throw new ConfigurationError(
      'approvals',
      `${server.profile.provider} at ${JSON.stringify(issuer)} has no backchannel authentication: use another channel`,
    )
  }
  return server
}
