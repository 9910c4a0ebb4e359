import { AsyncLocalStorage } from 'node:async_hooks'
import { Marked } from './marked.ts'

interface Shared {
  /**
   * Identities that a verification made (I1), each with the token behind it, which is never reachable from the identity
   * object itself. These are the first copy's functions: another copy cannot read its private field.
   */
  readonly verified: Pick<typeof Marked, 'set' | 'has' | 'get'>
  /** One context for both, since entering a context costs more than everything else in a warm call. */
  readonly scope: AsyncLocalStorage<Scope>
}

/** Context of the running code: an identity (`runAs`), and a guarded call if there is one. */
export interface Scope {
  readonly identity: object | undefined
  readonly call?: object | undefined
  /** The definition of the policy that let the call run. */
  readonly definition?: object | undefined
  /** The call whose body runs here, and its slot, even if `runAs` closed the call. */
  readonly within?: object | undefined
  readonly slot?: string | readonly [string, string] | undefined
  /** What happens within the body that runs here. */
  readonly acts?: object | undefined
}

const key: unique symbol = Symbol.for('@behalf/core@1') as never

/**
 * State that all copies of this major version share in one process. Without it, two bundled copies of the package would
 * not know each other's identities, and one would lose the context that the other set.
 */
export const shared: Shared = registered()

function registered(): Shared {
  const place = globalThis as { [key]?: Shared }
  place[key] ??= Object.freeze({
    verified: Marked,
    scope: new AsyncLocalStorage<Scope>(),
  })
  return place[key]
}

/** Runs work of the SDK within a body. Its requests do not count as requests of that body. */
export function asSdk<Result>(work: () => Result): Result {
  const scope = shared.scope.getStore()
  return scope?.acts === undefined ? work() : shared.scope.run({ ...scope, acts: undefined }, work)
}
