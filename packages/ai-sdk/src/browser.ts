// For clients: nothing here loads Node, the AI SDK or the guard.
export { type Interrupt, type InterruptKind, parseInterrupt } from '@behalf/core/interrupts'
export {
  type FollowedChat,
  type FollowOptions,
  type FollowProblem,
  followInterrupts,
  wake,
} from './approvals/follow-interrupts.ts'
export { interruptsOf, type PendingInterrupt } from './messages/interrupts-of.ts'
export type { ShownMessage, ShownPart } from './messages/pending-approvals.ts'
