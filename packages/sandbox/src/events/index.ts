export { describeEvent, wordsOfEvent } from './describe-event.ts'
export { createEventHub, type EventHub } from './event-hub.ts'
export type {
  AnsweredEvent,
  ApiEvent,
  AskedEvent,
  AuditedEvent,
  CheckedEvent,
  FaultEvent,
  GuardFaultEvent,
  RefusedEvent,
  RequestEvent,
  RequestFacts,
  SandboxEvent,
  SandboxIssuer,
  SignedInEvent,
  TokenEvent,
  TokenFacts,
} from './sandbox-event.ts'
export { claimsOf, factsOf, factsOfHeader, withoutTokens } from './token-facts.ts'
