/** Why a sign-in did not end. */
export type SignInProblem = 'unknown_state' | 'refused' | 'timed_out' | 'too_many' | 'scope_refused'

/** A sign-in that did not end well. Holds nothing of the answer but its error code. */
export class SignInError extends Error {
  /** Why the sign-in did not end, for the app to decide by. */
  readonly problem: SignInProblem

  constructor(problem: SignInProblem, message: string) {
    super(message)
    this.name = 'SignInError'
    this.problem = problem
  }
}
