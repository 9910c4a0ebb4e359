/** What one round of a run does; made by `mutate.ts`, read in the process that runs the tests and in its workers. */
export interface Plan {
  /** Where the workers write what they find. */
  readonly log: string
  /** From `packages/core`, in this order. */
  readonly testFiles: readonly string[]
  /** Mutants that may be woken, by number, and in how many tests. */
  readonly budget: Readonly<Record<number, number>>
  /** Not 0: this mutant is awake from the first line on, in every test, so that what a test file builds has it too. */
  readonly always: number
}

declare module 'vitest' {
  interface ProvidedContext {
    mutation: Plan
  }
}
