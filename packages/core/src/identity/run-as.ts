import type { Identity } from '../contract/index.ts'
import { IdentityRequiredError } from '../errors/index.ts'
import { type Scope, shared } from '../lib/index.ts'
import { isVerified } from './verified.ts'

/**
 * Runs `fn` with `identity` as the current one: in it, in what it awaits, and in a generator that it returns
 * or promises.
 *
 * A generator's body runs in the context of whoever asks for its next value, so the identity is entered
 * again at each step. Nothing is checked but that a verification made the identity: it may have expired.
 *
 * @throws IdentityRequiredError No verification made `identity`. Take it from `verifyAccessToken` or `verifyIdToken`.
 */
export function runAs<Result>(identity: Identity, fn: () => Result): Result {
  if (!isVerified(identity)) {
    throw new IdentityRequiredError(
      'runAs takes an identity that a verification made, not an object that looks like one',
    )
  }
  // A call that surrounds this goes on: only whom the code acts for is another.
  const scope: Scope = { ...shared.scope.getStore(), identity }
  const result = shared.scope.run(scope, fn)
  const keep = (value: unknown) => (isGenerator(value) ? reentering(scope, value) : value)
  return (result instanceof Promise ? result.then(keep) : keep(result)) as Result
}

/**
 * The identity of the surrounding `runAs` or guarded call.
 *
 * @throws IdentityRequiredError There is none. Run the code within `runAs` or a guarded tool.
 */
export function currentIdentity(): Identity {
  const identity = shared.scope.getStore()?.identity
  if (!isVerified(identity)) {
    throw new IdentityRequiredError('there is no current identity: run this within runAs or a guarded tool')
  }
  return identity
}

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>

function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== 'object' || value === null) return false
  const { next } = value as { readonly next?: unknown }
  return typeof next === 'function' && (Symbol.asyncIterator in value || Symbol.iterator in value)
}

/** The same generator, each step of which runs within `scope`. */
function reentering(scope: Scope, generator: AnyGenerator): AnyGenerator {
  return new Proxy(generator, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (property === Symbol.iterator || property === Symbol.asyncIterator) {
        return () => reentering(scope, value.call(target))
      }
      return (...args: unknown[]) => shared.scope.run(scope, () => value.apply(target, args))
    },
  })
}
