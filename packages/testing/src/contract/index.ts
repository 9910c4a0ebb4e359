export { describeStore, type StoreSubject } from './describe-store.ts'
export { type Requirement, verifies } from './requirement.ts'
export type { InterruptibleStore, StoreOutage } from './store/outage.ts'
export type { StoreUnderTest } from './store/store-under-test.ts'
