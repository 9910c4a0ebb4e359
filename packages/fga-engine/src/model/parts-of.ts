import { ConfigurationError } from '@behalf/core'
import type { Rewrite } from './compiled-model.ts'

/** Yields a rewrite and all of its parts. */
export function* partsOf(rewrite: Rewrite): Generator<Rewrite> {
  yield rewrite
  if ('children' in rewrite) for (const child of rewrite.children) yield* partsOf(child)
  if (rewrite.kind === 'exclusion') {
    yield* partsOf(rewrite.base)
    yield* partsOf(rewrite.subtract)
  }
}

/** Returns an error for a part of a model: the problem, and the fix. */
export const wrong = (where: string, fix: string): ConfigurationError => new ConfigurationError(`model ${where}`, fix)
