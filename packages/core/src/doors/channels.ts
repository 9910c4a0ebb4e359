// `@behalf/core/channels`: for channels of your own, and for pushed answers.
export {
  type Answer,
  type ApprovalChannel,
  type ApprovalChannels,
  type ApprovalQuestion,
  type Asked,
  approvalAnswers,
  type ChannelBase,
  type ChannelContext,
  type ChannelsOptions,
  type PolledChannel,
  type PushedChannel,
  type TakeAnswer,
  type TakenAnswer,
  type VerifiedAnswer,
} from '../approvals/index.ts'
export { ApprovalAnswerError } from '../errors/index.ts'
