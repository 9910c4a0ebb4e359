// `@behalf/core/channels`: for channels of your own, and for pushed answers.

export { ApprovalAnswerError } from '../base/errors/index.ts'
export type * from '../consent/approvals/approval-channel.ts'
export type { ApprovalChannels, ChannelsOptions } from '../consent/approvals/channels-by-name.ts'
export { approvalAnswers, type TakeAnswer, type TakenAnswer } from '../consent/approvals/take-answer.ts'
