import type { Explanation } from './mutant.ts'

/** Mutants that live, each with the reason why no test needs to tell it. */
export const explanations: readonly Explanation[] = []
