import type { GuardedCall } from './guarded-tools.ts'

/** Hands the original to the app. A handler that throws must not put its text where the fixed one belongs. */
export function reportError(error: unknown, { name, onError }: Pick<GuardedCall, 'name' | 'onError'>): void {
  try {
    onError?.(error, name)
  } catch {}
}
