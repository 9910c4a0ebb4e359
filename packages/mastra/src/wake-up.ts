import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import type { StandardSchemaWithJSON } from '@mastra/core/schema'

/** What a suspended call is resumed with. It says nothing: the guard looks again, whatever it is resumed with (A3). */
export interface WakeUp {
  /** Marks the value as a wake-up of this package. `look`: check the call again. */
  readonly $behalf: 'look'
}

export const wakeUp: WakeUp = Object.freeze({ $behalf: 'look' })

export const isWakeUp = (value: unknown): value is WakeUp =>
  typeof value === 'object' && value !== null && '$behalf' in value

/** The interrupt that a call of this tool was suspended with by its wrapper, and not by its own code. */
export function ourInterrupt(payload: unknown, tool: string): Interrupt | undefined {
  const interrupt = parseInterrupt(payload)
  return interrupt?.tool === tool ? interrupt : undefined
}

type Schema = StandardSchemaWithJSON<unknown>

/** The tool's own schema, which also lets pass what the wrapper suspends and is resumed with. */
export function orOurs(schema: Schema, isOurs: (value: unknown) => boolean): Schema {
  const { validate, ...standard } = schema['~standard']
  return {
    '~standard': {
      ...standard,
      validate: (value, options) => (isOurs(value) ? { value } : validate(value, options)),
    },
  }
}
