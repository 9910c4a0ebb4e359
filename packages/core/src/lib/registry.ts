import { AsyncLocalStorage } from 'node:async_hooks'

interface Shared {
  /** Identities that a verification made (I1). */
  readonly verified: WeakSet<object>
  /** The token behind each verified identity; never reachable from the identity object itself. */
  readonly subjectTokens: WeakMap<object, object>
  readonly identityScope: AsyncLocalStorage<object>
  readonly callScope: AsyncLocalStorage<object>
}

const key: unique symbol = Symbol.for('@behalf/core@1') as never

/**
 * What all copies of this major in one process share. Two bundled copies of the package would
 * otherwise not know each other's identities, and context set in one would be lost in the other.
 */
export const shared: Shared = ((globalThis as { [key]?: Shared })[key] ??= Object.freeze({
  verified: new WeakSet<object>(),
  subjectTokens: new WeakMap<object, object>(),
  identityScope: new AsyncLocalStorage<object>(),
  callScope: new AsyncLocalStorage<object>(),
}))
