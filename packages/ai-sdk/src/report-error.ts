import type { GuardedCall } from './guarded-tools.ts'

/**
 * Hands the original to the app. What its function throws must not put its text where the fixed one belongs, and a promise
 * that it rejects must not end the process.
 */
export function reportError(error: unknown, { name, options }: GuardedCall): void {
  void (async () => options.onError?.(error, name))().catch(() => {})
}
