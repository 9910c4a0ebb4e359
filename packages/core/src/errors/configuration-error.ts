import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/** An option is missing or wrong. Thrown at construction, before any I/O; the message names the option and the fix. */
export class ConfigurationError extends BehalfError {
  override readonly name = 'ConfigurationError'
  readonly code = 'ERR_CONFIGURATION'
  /** The option, as a path: `keys.seal[0]`. */
  readonly option: string

  constructor(option: string, fix: string, options: ErrorOptions = {}) {
    super(`${option}: ${fix}`, options)
    this.option = option
  }
}
