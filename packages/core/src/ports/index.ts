export type { AuditSink } from './audit-sink.ts'
export { type Clock, isRecent, isSetBack, systemClock } from './clock.ts'
export type { Fetch } from './fetch.ts'
export type { PutOptions, Store, Versioned } from './store.ts'
