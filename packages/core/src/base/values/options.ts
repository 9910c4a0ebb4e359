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
