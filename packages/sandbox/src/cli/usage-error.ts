/** The command line has an unknown or invalid part. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Returns whether to print the usage: for our own error, or for an option that `parseArgs` does not know. */
export function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return error instanceof TypeError && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS_')
}
