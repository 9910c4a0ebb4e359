import type { Principal } from '@behalf/core'
import type { ApprovalChannel, ChannelContext, PolledChannel } from '@behalf/core/channels'
import { principalKey } from '@behalf/core/spi'

/**
 * One channel out of two: the owner of an account is asked on their phone, anybody else in the app's inbox.
 *
 * A question goes the same way to its end, since owner and approver stand in it.
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
    // Whose question it is, is not known yet: it has to be fit for both.
    checkMessage: (message: string, approver: Principal, context: ChannelContext) =>
      phone.checkMessage?.(message, approver, context) ?? inbox.checkMessage?.(message, approver, context),
    ask: (question, context) => of(question).ask(question, context),
    // The inbox writes its answers by itself: there is nothing to poll.
    poll: async (asked, question, context) =>
      (await of(question).poll?.(asked, question, context)) ?? { status: 'pending' },
    cancel: cancels,
  }
}
