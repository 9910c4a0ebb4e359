import type { Json } from '../../base/contract/index.ts'
import { snapshot } from '../../base/values/index.ts'

/**
 * Returns a frozen copy of plain JSON, or `undefined` for any other value. For adapters: an app may reuse the same object
 * for its next call, so an adapter copies the arguments of a call before it waits.
 */
export function plainCopy(value: unknown): Json | undefined {
  const copied = snapshot(value)
  return 'value' in copied ? copied.value : undefined
}
