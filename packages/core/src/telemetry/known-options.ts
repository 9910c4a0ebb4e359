import { ConfigurationError } from '../errors/index.ts'

/** E3. A copy of what every other room shares: this one is loaded apart, and brings nothing else with it. */
export function refuseUnknownOptions(name: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new ConfigurationError(`${name}.${unknown}`, `is not an option here; there are ${known.join(', ')}`)
}
