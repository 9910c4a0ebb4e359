import { ConfigurationError } from '../errors/index.ts'

/** Refuses unknown keys: a misspelt option would silently keep its default (E3). */
export function refuseUnknownKeys(option: string, value: object, known: readonly string[]): void {
  // JavaScript callers may pass null, and the TypeError of Object.keys would name nothing.
  if (typeof value !== 'object' || value === null) throw new ConfigurationError(option, 'give an object of options')
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new ConfigurationError(`${option}.${key}`, `is not an option here; there are ${known.join(', ')}`)
    }
  }
}

type Defined<Fields> = { [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name] } & {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], undefined>
}

/** Leaves out the members that are undefined. */
export const defined = <Fields extends object>(fields: Fields): Defined<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>

/** Names of options, for {@link refuseUnknownKeys}: the compiler checks that each is one. */
export const namesOf = <Options>(...names: readonly (keyof Options & string)[]): typeof names => names

/**
 * Copies an app's data, with the lists and plain objects in it: the app may reuse its own objects for the next user
 * while a call waits. Functions, instances of classes, and completely frozen values are not copied.
 */
export function copyOf<Data>(data: Data): Data {
  if (isFixed(data)) return data
  if (Array.isArray(data)) return data.map(copyOf) as Data
  const own = data as Data & object
  return Object.fromEntries(Reflect.ownKeys(own).map((key) => [key, copyOf(own[key as keyof Data])])) as Data
}

/**
 * Returns whether no app can change the value. Only plain objects and lists that are not deeply frozen can be changed.
 */
function isFixed(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return true
  const prototype: unknown = Object.getPrototypeOf(data)
  if (!Array.isArray(data) && prototype !== Object.prototype && prototype !== null) return true
  return Object.isFrozen(data) && Object.values(data).every(isFixed)
}

/** Returns an option that must be a non-empty text. */
export function requireText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') throw new ConfigurationError(option, 'give a non-empty string')
  return value
}

/** Checks an option that must be `true` or `false`. */
export function requireBoolean(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new ConfigurationError(option, 'give true or false')
}

/** Checks a list of at least one non-empty text. Returns a frozen copy. */
export function requireTexts(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw new ConfigurationError(option, 'give at least one string')
  return Object.freeze(value.map((item, index) => requireText(`${option}[${index}]`, item)))
}

/** Requirement of an option: in words, and as a check. */
export interface OptionKind {
  readonly words: string
  readonly holds: (value: unknown) => boolean
  readonly isNeeded?: true
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''

const kind = (words: string, holds: OptionKind['holds']): OptionKind => ({ words, holds })

/** Accepts a number of these units. The maximum of seconds refuses a time that is meant in milliseconds. */
export const upTo = (most: number, least = 0.001, unit = 'seconds'): OptionKind =>
  kind(`${least} to ${most} ${unit}`, (value) => typeof value === 'number' && value >= least && value <= most)

/** Maximum time of a timer, in milliseconds: a longer timer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The kinds that options have. */
export const kinds = {
  timeoutMs: upTo(LONGEST_TIMER, 1, 'ms'),
  positiveInteger: kind('a positive whole number', (value) => Number.isSafeInteger(value) && Number(value) > 0),
  function: kind('a function', (value) => typeof value === 'function'),
  boolean: kind('true or false', (value) => typeof value === 'boolean'),
  text: kind('a non-empty string', isText),
  texts: kind('a list of non-empty strings', (value) => Array.isArray(value) && value.every(isText)),
}

/** Also refuses a missing option. */
export const needed = (one: OptionKind): OptionKind => ({ ...one, isNeeded: true })

/** Accepts one of these words. */
export const oneOf = (...allowed: readonly string[]): OptionKind => ({
  words: `one of ${allowed.map((word) => `'${word}'`).join(', ')}`,
  holds: (value) => allowed.some((word) => word === value),
})

/** Accepts an object with these methods. `words`: how to make one. */
export const having = (words: string, ...methods: readonly string[]): OptionKind => ({
  words,
  holds: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    methods.every((method) => typeof (value as Readonly<Record<string, unknown>>)[method] === 'function'),
})

export const aClock = having('an object with now(), which returns epoch milliseconds', 'now')

/**
 * Checks the values of options. An option that is `undefined` is absent, which only those of {@link needed} must not be.
 * @param prefix - Begins the names of the options in errors, such as `policy.`.
 * @throws ConfigurationError Names the option, its value if that is no secret, and what to give.
 */
export function checkValues(prefix: string, options: object, allowed: Readonly<Record<string, OptionKind>>): void {
  for (const [name, { words, holds, isNeeded }] of Object.entries(allowed)) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if ((value === undefined && !isNeeded) || holds(value)) continue
    throw new ConfigurationError(`${prefix}${name}`, `is ${shown(value)}; give ${words}`)
  }
}

/**
 * Checks options as {@link checkValues} does, and refuses unknown ones.
 *
 * @param others - Names of options that are checked elsewhere.
 */
export function checkOptions(
  owner: string,
  options: object,
  allowed: Readonly<Record<string, OptionKind>>,
  others: readonly string[] = [],
): void {
  refuseUnknownKeys(owner, options, [...Object.keys(allowed), ...others])
  checkValues(`${owner}.`, options, allowed)
}

/** @param seconds - Epoch seconds, as a token may name them. */
export const shownTime = (seconds: unknown): string =>
  new Date(Math.max(-8.64e12, Math.min(Number(seconds) || 0, 8.64e12)) * 1000).toISOString()

/** Numbers and the like are shown. A text may be a secret. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === '') return 'empty'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value instanceof Promise) return 'a promise'
  return typeof value === 'object' ? 'an object of another kind' : `a ${typeof value}`
}
