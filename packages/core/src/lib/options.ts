import { ConfigurationError } from '../errors/index.ts'

/** A misspelt option would silently weaken what it was meant to set (E3): keys that nobody knows are refused. */
export function refuseUnknownKeys(option: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new ConfigurationError(`${option}.${key}`, `is not an option here; there are ${known.join(', ')}`)
    }
  }
}
