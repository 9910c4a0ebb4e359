import { ConfigurationError } from '@behalf/core'

/** @throws ConfigurationError An option is unknown: it would silently have no effect. */
export function refuseUnknownKeys(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new ConfigurationError(`${where}.${unknown}`, `is not an option here; there are ${known.join(', ')}`)
}
