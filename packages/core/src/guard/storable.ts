import type { StoredResult } from '../approvals/index.ts'
import type { Json } from '../contract/index.ts'
import { snapshot } from '../lib/index.ts'

/** A result that is larger is given once and cannot be told again. Characters of JSON. */
const MAX_STORED_RESULT = 256 * 1024

/** A result as it is stored with its run, and why it could not be, where it could not. */
export interface Storable {
  readonly stored: StoredResult
  readonly problem?: string
}

/** A stream is given once. Nobody expects to be told it again. */
export const streamed: Storable = { stored: { kind: 'not_storable' } }

/** Never throws: a result that is not plain JSON is given once, and cannot be told again. */
export function storable(result: unknown): Storable {
  if (result === undefined) return { stored: { kind: 'undefined' } }
  try {
    const copied = snapshot(result)
    if ('problem' in copied) return notStorable(copied.problem)
    const { length } = JSON.stringify(copied.value)
    if (length <= MAX_STORED_RESULT) return { stored: { kind: 'json', value: copied.value as Json } }
    return notStorable(`it is ${length} characters of JSON; at most ${MAX_STORED_RESULT} are stored`)
  } catch {
    return notStorable('it cannot be read')
  }
}

const notStorable = (problem: string): Storable => ({ stored: { kind: 'not_storable' }, problem })
