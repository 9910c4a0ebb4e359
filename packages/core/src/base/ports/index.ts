export type { AuditSink } from './audit-sink.ts'
export { type Clock, isRecent, isSetBack, systemClock, TOLERANCE_SECONDS } from './clock.ts'
export type { PutOptions, Store, Versioned } from './store.ts'
export { tellApp } from './tell-app.ts'

/** Function that sends every request. The default is the global `fetch`; give your own for proxies, mTLS or tests. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
