import type { GuardedCall } from './guarded-tools.ts'

/** Gives the original error to the app. The text of a handler's own error must not replace the fixed one. */
export function reportError(error: unknown, { name, options }: GuardedCall): void {
  try {
    options.onError?.(error, name)
  } catch {}
}
