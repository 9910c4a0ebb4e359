import { ConfigurationError, type Guard } from '@behalf/core'
import { tellApp } from '@behalf/core/spi'
import type { GuardedCall } from './guarded-tools.ts'

/** Passes the original error to the app. */
export function reportError(error: unknown, { name, options }: GuardedCall): void {
  tellApp(() => options.onError?.(error, name))
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
