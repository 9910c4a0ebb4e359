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
