/** Value that resumes a paused call: it only says that the call should check again. */
export const wakeUp = { behalf: 'look again' } as const

export const isWakeUp = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'behalf' in value && value.behalf === wakeUp.behalf
