import type { Slot } from '../../base/contract/index.ts'
import { shared } from '../../base/process/shared-state.ts'
import { jsonOf } from '../../base/values/plain-json.ts'

/** Number of times that each call was made, per attempt that contains it. */
const counts = new WeakMap<object, Map<string, number>>()

/** Fields of a call by which it differs from other calls of the same code. */
export interface CallWithin {
  /** Name of the tool that is called. */
  readonly tool: string
  /** Input of the call. */
  readonly input: unknown
  /** Object of the framework that lives as long as one attempt of the calling code. */
  readonly attempt?: object | undefined
}

/**
 * Returns the slot of a call that code may make several times under one id. For adapters: ask once for each call.
 *
 * A framework passes the id of a call to the calls that its body makes. Each of these gets its own slot, below the slot
 * of the guarded call around it, with the number of equal calls before it in this attempt. A new attempt makes the same
 * slots again.
 *
 * @param slot - As the framework names the call.
 */
export function slotWithin(slot: Slot, call: CallWithin): Slot {
  const { within, slot: outer } = shared.scope.getStore() ?? {}
  if (within !== undefined && outer !== undefined && threadOf(outer) === threadOf(slot)) {
    const [thread, callId] = typeof slot === 'string' ? [slot] : slot
    const around = typeof outer === 'string' ? [] : [outer[1]]
    return [thread, [...around, ...(callId === undefined ? [] : [callId]), numberOf(within, slot, call)].join('/')]
  }
  const number = call.attempt === undefined ? 1 : numberOf(call.attempt, slot, call)
  if (number === 1) return slot
  return typeof slot === 'string' ? `${slot}/${number}` : [slot[0], `${slot[1]}/${number}`]
}

const threadOf = (slot: Slot): string => (typeof slot === 'string' ? slot : slot[0])

function numberOf(around: object, slot: Slot, { tool, input }: CallWithin): number {
  const known = counts.get(around) ?? new Map<string, number>()
  counts.set(around, known)
  // The guard later refuses an input that is not JSON.
  const name = jsonOf([slot, tool, input]) ?? ''
  const number = (known.get(name) ?? 0) + 1
  known.set(name, number)
  return number
}
