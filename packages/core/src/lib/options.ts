import { ConfigurationError } from '../errors/index.ts'

/** Every key of an options type, written out once; the compiler finds a missing or a foreign one. */
export type OptionKeys<Options> = { readonly [Key in keyof Options & string]-?: true }

/**
 * Refuses options that nobody reads (E3): a misspelt one would otherwise leave a guard off in silence.
 *
 * @param where - Who takes the options, as the app writes it: `oidc`, `createGuard`.
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options,
  known: OptionKeys<Options>,
): void {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError(where, 'give an object of options')
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(known, key)) continue
    throw new ConfigurationError(`${where}.${key}`, `no such option; there are ${Object.keys(known).join(', ')}`)
  }
}

/** An option that must be a text with something in it. */
export function requireText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') throw new ConfigurationError(option, 'give a non-empty string')
  return value
}

/** A list of non-empty texts with something in it, copied and frozen. */
export function requireTexts(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new ConfigurationError(option, 'give at least one string')
  return Object.freeze(value.map((item, index) => requireText(`${option}[${index}]`, item)))
}
