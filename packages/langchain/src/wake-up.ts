/** What a paused call is resumed with: says that it is worth a look, and nothing else. */
export const wakeUp = { behalf: 'look again' } as const

export const isWakeUp = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'behalf' in value && value.behalf === wakeUp.behalf
