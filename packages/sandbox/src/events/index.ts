export { createEventHub, type EventHub } from './event-hub.ts'
export type {
  AnsweredEvent,
  ApiEvent,
  AskedEvent,
  CheckedEvent,
  FaultEvent,
  RefusedEvent,
  SandboxEvent,
  SandboxIssuer,
  SignedInEvent,
  TokenEvent,
  TokenFacts,
} from './sandbox-event.ts'
export { withoutTokens } from './without-tokens.ts'
