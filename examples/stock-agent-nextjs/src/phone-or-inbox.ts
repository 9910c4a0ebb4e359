import type { Principal } from '@behalf/core'
import type { ApprovalChannel, ChannelContext, PolledChannel } from '@behalf/core/channels'
import { principalKey } from '@behalf/core/spi'

/**
 * Makes one channel out of two: the owner of an account is asked on their phone, any other approver in the app's inbox.
 *
 * A question stays on its channel, since its record names owner and approver.
 */
export function phoneOrInbox(phone: ApprovalChannel, inbox: ApprovalChannel): PolledChannel {
  const of = ({ owner, approver }: { readonly owner: Principal; readonly approver: Principal }) =>
    principalKey(owner) === principalKey(approver) ? phone : inbox
  const cancels: NonNullable<ApprovalChannel['cancel']> = async (asked, question, context) =>
    of(question).cancel?.(asked, question, context)
  return {
    specificationVersion: 2,
    ...(phone.checkProfile && { checkProfile: (profile) => phone.checkProfile?.(profile) }),
    carriesCredential: (question, context) => of(question).carriesCredential?.(question, context) === true,
    // The approver is not known yet, so the message must be valid for both.
    checkMessage: (message: string, approver: Principal, context: ChannelContext) =>
      phone.checkMessage?.(message, approver, context) ?? inbox.checkMessage?.(message, approver, context),
    ask: (question, context) => of(question).ask(question, context),
    // The inbox itself writes its answers, so there is nothing to poll.
    poll: async (asked, question, context) =>
      (await of(question).poll?.(asked, question, context)) ?? { status: 'pending' },
    cancel: cancels,
  }
}
