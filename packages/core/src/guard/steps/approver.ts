import type { Principal } from '../../base/contract/index.ts'
import type { ApprovalChannel } from '../../runs/channels/approval-channel.ts'
import type { IdentifiedCall } from '../call/call.ts'
import { callRule } from '../call/call-rule.ts'
import type { Runs } from '../guard-parts.ts'
import type { AnyRules } from '../tools/policy-definition.ts'

/** The part of a policy that says whether a person is asked, and which one. */
export type ApprovalRules = NonNullable<AnyRules['approval']>

/** Values that the rules of an approval get. */
export const rulesInput = ({ input, identity }: Pick<IdentifiedCall, 'input' | 'identity'>) => ({ input, identity })

/** Returns the approver that the policy names now. */
export function approverOf(
  { approver }: ApprovalRules,
  call: Pick<IdentifiedCall, 'input' | 'identity'>,
): Principal | undefined {
  const { identity } = call
  const person = identity.kind === 'user' ? identity : undefined
  // A directory that finds no approver may return `null`, against its type.
  const named = approver === undefined ? person : callRule('approval.approver', approver, rulesInput(call))
  // Copied, because a rule may reuse the same object for its next call.
  return named ? { issuer: named.issuer, tenant: named.tenant, subject: named.subject } : undefined
}

/** Returns the channel by which a policy asks: the channel that it names, else the only one. */
export function channelName(approval: ApprovalRules, { channels }: Pick<Runs, 'channels'>): string {
  const [only] = channels.size === 1 ? channels.keys() : []
  return approval.channel ?? only ?? 'default'
}

/** Returns the policy's channel and its name. Returns the remedy if the guard lacks it. */
export function channelOf(
  approval: ApprovalRules,
  { channels }: Runs,
): { readonly name: string; readonly channel: ApprovalChannel } | string {
  const name = channelName(approval, { channels })
  const channel = channels.get(name)
  if (channel !== undefined) return { name, channel }
  const names = [...channels.keys()].map((each) => JSON.stringify(each))
  if (names.length === 0) return 'asks a person: give createGuard `approvals`, such as ciba()'
  return `asks by channel ${JSON.stringify(name)}, which must be one of ${names.join(', ')}`
}
