/** An answer or an option is invalid. Its message is all that the user needs. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
