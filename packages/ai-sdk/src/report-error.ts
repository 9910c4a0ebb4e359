import { ConfigurationError, type Guard } from '@behalf/core'
import type { GuardedCall } from './guarded-tools.ts'

/**
 * Hands the original to the app. What its function throws must not put its text where the fixed one belongs, and a promise
 * that it rejects must not end the process.
 */
export function reportError(error: unknown, { name, options }: GuardedCall): void {
  void (async () => options.onError?.(error, name))().catch(() => {})
}

const told = new WeakSet<Guard>()

/**
 * Reports that the app passed on the tools without their `toolApproval`, once for each guard. Without `onError` it is
 * printed: the person is asked, and nothing else would say why their approval has no effect.
 */
export function reportUnasked(call: GuardedCall): void {
  const { guard, onError } = call.options
  if (told.has(guard)) return
  told.add(guard)
  const error = new ConfigurationError(
    'guardTools.toolApproval',
    'was not passed on, so this call cannot wait for a person, and their approval has no effect: pass both, as in generateText({ ...guarded })',
  )
  if (onError === undefined) console.warn(error.message)
  else reportError(error, call)
}
