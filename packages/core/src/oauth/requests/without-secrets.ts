/** Maximum length of a chain of causes: libraries nest three or four. */
const MAX_DEPTH = 5

/**
 * A copy of an error that is safe to keep as a `cause`: name, message, code and the same of its causes.
 *
 * Libraries attach request and response bodies to their errors, and a JSON parser quotes its input, so `util.inspect`
 * of the original would print tokens (I3).
 */
export function withoutSecrets(error: unknown, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth === MAX_DEPTH) return undefined
  const cause = withoutSecrets(error.cause, depth + 1)
  // The message of a SyntaxError contains a part of the text that could not be parsed.
  const message = error instanceof SyntaxError ? 'not well-formed' : error.message
  const copy = new Error(message, cause === undefined ? undefined : { cause })
  copy.name = error.name
  if (error.stack !== undefined && !(error instanceof SyntaxError)) copy.stack = error.stack
  const { code } = error as { readonly code?: unknown }
  if (typeof code === 'string') Object.assign(copy, { code })
  return copy
}
