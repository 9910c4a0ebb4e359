import type { Fault } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'

/** Makes the app's `onFault` safe to call: what it throws or rejects with changes nothing. */
export function faultListener(listener: ((fault: Fault) => unknown) | undefined): (fault: Fault) => void {
  if (listener === undefined) return () => {}
  if (typeof listener !== 'function') throw new ConfigurationError('onFault', 'give a function that takes a fault')
  return (fault) => {
    try {
      const heard: unknown = listener(fault)
      // An async function has no other way to fail.
      Promise.resolve(heard).catch(() => {})
    } catch {
      // The call goes on as it would without a listener.
    }
  }
}
