// `@behalf/core/sealed-store`: secrets of an app or an adapter, sealed in a Store.
export type * from '../records/sealed-store.ts'
export { sealedStore } from '../records/sealed-store.ts'
