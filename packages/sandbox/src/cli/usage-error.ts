/** The command line says something that there is not. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Whether the usage is worth showing: our own word, or `parseArgs` met an option that it does not know. */
export function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return error instanceof TypeError && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS_')
}
