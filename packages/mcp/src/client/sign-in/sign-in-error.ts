/** Reason why a sign-in failed. */
export type SignInProblem = 'unknown_state' | 'refused' | 'timed_out' | 'too_many' | 'scope_refused'

/** A failed sign-in. Contains nothing of the response except its error code. */
export class SignInError extends Error {
  /** Reason of the failure, on which the app can branch. */
  readonly problem: SignInProblem

  constructor(problem: SignInProblem, message: string) {
    super(message)
    this.name = 'SignInError'
    this.problem = problem
  }
}

/** Maximum number of errors that are read. Errors can be causes of each other. */
const MAX_CAUSES = 8

/** Returns the failed sign-in that this error is, or is caused by. SDKs wrap errors of `fetch` when they connect. */
export function signInErrorIn(error: unknown): SignInError | undefined {
  let cause = error
  try {
    for (let read = 0; read < MAX_CAUSES && cause instanceof Error; read++) {
      if (cause instanceof SignInError) return cause
      cause = cause.cause
    }
  } catch {
    // A proxy, or a getter of the app's: the app gets its own error.
  }
  return undefined
}
