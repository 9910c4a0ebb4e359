import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import type { StandardSchemaWithJSON } from '@mastra/core/schema'

/** Value that resumes a suspended call. It carries no decision: the guard checks again, whatever the value is (A3). */
export interface WakeUp {
  /** Marks the value as a wake-up of this package. `look`: check the call again. */
  readonly $behalf: 'look'
}

export const wakeUp: WakeUp = Object.freeze({ $behalf: 'look' })

export const isWakeUp = (value: unknown): value is WakeUp =>
  typeof value === 'object' && value !== null && '$behalf' in value

/**
 * Returns the interrupt with which the wrapper of this tool suspended a call. `undefined` if the tool's own code
 * suspended it.
 */
export function ourInterrupt(payload: unknown, tool: string): Interrupt | undefined {
  const interrupt = parseInterrupt(payload)
  return interrupt?.tool === tool ? interrupt : undefined
}

type Schema = StandardSchemaWithJSON<unknown>

/** Extends the tool's own schema, so that it also accepts the wrapper's values for suspend and resume. */
export function orOurs(schema: Schema, isOurs: (value: unknown) => boolean): Schema {
  const { validate, ...standard } = schema['~standard']
  return {
    '~standard': {
      ...standard,
      validate: (value, options) => (isOurs(value) ? { value } : validate(value, options)),
    },
  }
}
