// `@behalf/core/channels`: for channels of your own, and for pushed answers.
export type * from '../approvals/approval-channel.ts'
export type { ApprovalChannels, ChannelsOptions } from '../approvals/channels-by-name.ts'
export { approvalAnswers, type TakeAnswer, type TakenAnswer } from '../approvals/take-answer.ts'
export { ApprovalAnswerError } from '../errors/index.ts'
