import { type Identity, isSamePrincipal } from '../base/contract/index.ts'
import { IdentityRequiredError } from '../base/errors/index.ts'
import { type Scope, shared } from '../base/process/shared-state.ts'
import { isVerified } from './verified.ts'

/**
 * Runs `fn` with `identity` as the current one. It applies in `fn`, in the promises that `fn` awaits, and in a
 * generator, a web stream or the body of its own `Response` that `fn` returns or promises.
 *
 * A generator's body and a stream's source run in the context of the code that asks for the next value. So the identity
 * is entered again at each step. A stream within another object is not found: return the stream itself, or read it
 * within `fn`. Checks only that a verification made the identity: it may have expired.
 *
 * Within a guarded call, an identity of another principal closes that call for `fn`: `currentCall()` throws, and the
 * call's credentials send nothing while the identity is the current one.
 *
 * Work that `fn` starts continues as this identity, even after `fn` has ended. Start a worker or a pool within
 * {@link detached}, or it runs the jobs of others as this identity.
 *
 * @throws IdentityRequiredError No verification made `identity`. Take it from `verifyAccessToken` or `verifyIdToken`.
 */
export function runAs<Result>(identity: Identity, fn: () => Result): Result {
  if (!isVerified(identity)) {
    throw new IdentityRequiredError('runAs needs a verified identity')
  }
  const outer = shared.scope.getStore()
  const around = outer?.identity as Identity | undefined
  // A call's credentials are only for the principal of that call.
  const keepsCall = around === undefined || isSamePrincipal(around, identity)
  const { within: call, slot, acts } = outer ?? {}
  return within(keepsCall ? { ...outer, identity } : { identity, within: call, slot, acts }, fn)
}

/**
 * Runs `fn` outside of any identity and any guarded call: for workers, pools and timers that serve several users.
 *
 * A loop that is started within `runAs` or a tool would keep that identity, and run the jobs of others as it. Each job
 * enters its own identity: `runAs(identity, job)`.
 */
export function detached<Result>(fn: () => Result): Result {
  return within({ identity: undefined }, fn)
}

/** Returns whether the running code acts for another principal than `identity`. False without a current identity. */
export function actsForAnother(identity: Identity): boolean {
  const current = identityAround()
  return current !== undefined && !isSamePrincipal(current, identity)
}

function within<Result>(scope: Scope, fn: () => Result): Result {
  const result = shared.scope.run(scope, fn)
  const keep = (value: unknown) => kept(scope, value)
  return (result instanceof Promise ? result.then(keep) : keep(result)) as Result
}

/** Returns the identity of the surrounding `runAs` or guarded call, if there is one. For adapters: an error costs 3 µs. */
export const identityAround = (): Identity | undefined => shared.scope.getStore()?.identity as Identity | undefined

/**
 * Returns the identity of the surrounding `runAs` or guarded call.
 * @throws IdentityRequiredError The code runs without an identity. Run the code within `runAs` or a guarded tool.
 */
export function currentIdentity(): Identity {
  const identity = identityAround()
  if (identity !== undefined) return identity
  throw new IdentityRequiredError('there is no current identity: run this within runAs or a guarded tool')
}

function kept(scope: Scope, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isGenerator(value)) return reentering(scope, value)
  if (value instanceof ReadableStream && !value.locked) return refilling(scope, value)
  // No code here fills a response from the network, and its copy would lose the URL.
  if (value instanceof Response && value.body !== null && !value.body.locked && value.url === '') {
    const { status, statusText, headers } = value
    return new Response(refilling(scope, value.body), { status, statusText, headers })
  }
  return value
}

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>

function isGenerator(value: object): value is AnyGenerator {
  const { next } = value as { readonly next?: unknown }
  return typeof next === 'function' && (Symbol.asyncIterator in value || Symbol.iterator in value)
}

/** Returns the same generator; each of its steps runs within `scope`. */
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

/** Wraps a stream. Reads it within `scope`, and only for a reader: a source's `pull` runs in the reader's context. */
function refilling<Chunk>(scope: Scope, stream: ReadableStream<Chunk>): ReadableStream<Chunk> {
  const reader = shared.scope.run(scope, () => stream.getReader())
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        const { done, value } = await shared.scope.run(scope, () => reader.read())
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => shared.scope.run(scope, () => reader.cancel(reason)),
    },
    { highWaterMark: 0 },
  )
}
