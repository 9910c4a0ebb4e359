import { ConfigurationError, type Guard } from '@behalf/core'
import { tellError } from '@behalf/core/spi'
import type { GuardedCall } from './guarded-tools.ts'

const told = new WeakSet<Guard>()

/**
 * Reports that the app passed on the tools without their `toolApproval`, once for each guard. Without `onError` it is
 * printed: the person is asked, and nothing else would say why their approval has no effect.
 */
export function reportUnasked({ owner, name, options }: GuardedCall): void {
  const { guard, onError } = options
  if (told.has(guard)) return
  told.add(guard)
  const error = new ConfigurationError(
    `${owner}.toolApproval`,
    'was not passed on, so this call cannot wait for a person, and their approval has no effect: pass both, as in generateText({ ...guarded })',
  )
  if (onError === undefined) console.warn(error.message)
  else tellError(error, name, options)
}
