import { isSamePrincipal } from '../base/contract/index.ts'
import { BehalfError, ConfigurationError } from '../base/errors/index.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer } from '../oauth/server.ts'
import type { ChannelContext, PolledChannel } from '../runs/channels/approval-channel.ts'
import { pollBackchannelAuthentication, postpone } from './poll-backchannel-authentication.ts'
import { requestBackchannelAuthentication } from './request-backchannel-authentication.ts'
import { type CibaOptions, type CibaSettings, cibaSettings, fapiProblem, type PollContext } from './settings.ts'
import { cibaState } from './wire.ts'

/**
 * Asks the approver on their own device, by OpenID Client-Initiated Backchannel Authentication (poll and ping mode).
 *
 * The answer counts only if the id_token verifies and names the approver, and the granted `authorization_details` equal
 * the requested ones. Works with providers whose profile has CIBA. A guard refuses another profile at construction, or
 * at first use if a function returns it.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html | CIBA Core 1.0}
 */
export function ciba(options: CibaOptions = {}): PolledChannel {
  const settings = cibaSettings(options)
  const contextOf = (issuer: string, context: ChannelContext): PollContext => ({
    server: serverOf(issuer, context),
    settings,
    clock: context.clock,
    signal: context.signal,
  })
  return {
    specificationVersion: 2,
    checkProfile: (profile) => profileProblem(profile, settings),
    carriesCredential: ({ owner, approver, details }, context) => {
      const { ciba: rules } = serverOf(approver.issuer, context).profile
      if (!isSamePrincipal(approver, owner)) return false
      return details.length > 0
        ? rules?.carriesAuthorizationDetails === true
        : settings.scopedToken === true && 'scopes'
    },
    checkMessage: (message, approver, context) =>
      serverOf(approver.issuer, context).profile.ciba?.checkBindingMessage(message),
    ask: async (question, context) =>
      requestBackchannelAuthentication(question, contextOf(question.approver.issuer, context)),
    poll: async (asked, question, context) => {
      const state = cibaState(asked.state)
      try {
        return await pollBackchannelAuthentication(state, question, contextOf(question.approver.issuer, context))
      } catch (error) {
        if (!BehalfError.isInstance(error) || !error.retryable) throw error
        return postpone(state, error, context.clock.now() / 1000)
      }
    },
  }
}

function serverOf(issuer: string, context: ChannelContext): AuthorizationServer {
  const server = context.authorizationServers.of(issuer)
  if (server.profile.ciba === undefined) throw new ConfigurationError('approvals', withoutCiba(server.profile))
  return server
}

function profileProblem(profile: Profile, settings: CibaSettings): string | undefined {
  if (profile.ciba === undefined) return withoutCiba(profile)
  const { missingHint } = profile.ciba
  if (missingHint === undefined || settings.hint !== undefined) {
    return settings.profile === 'fapi' ? fapiProblem(profile, settings) : undefined
  }
  return `${profile.provider} is asked for an approver by user name: give ${missingHint}, or ciba({ hint })`
}

const withoutCiba = ({ provider, issuer }: Profile): string =>
  `${provider} at ${JSON.stringify(issuer)} has no backchannel authentication: use another channel, such as inAppApprovals()`
