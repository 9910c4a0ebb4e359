// `@behalf/core/channels`: for channels of your own, and for pushed answers.

export { ApprovalAnswerError } from '../base/errors/index.ts'
export type * from '../runs/channels/approval-channel.ts'
export type { ApprovalChannels, ChannelsOptions } from '../runs/channels/channels-by-name.ts'
export { approvalAnswers, type TakeAnswer, type TakenAnswer } from '../runs/take-answer.ts'
