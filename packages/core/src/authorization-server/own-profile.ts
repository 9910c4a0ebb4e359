import type { Profile } from './profile.ts'

type Members = Readonly<Record<PropertyKey, unknown>>

const copies = new WeakMap<Profile, Profile>()

/**
 * The profile as it is now: itself where it is frozen, as all that the SDK makes are, else a frozen copy of it and its parts.
 * An app may fill in a profile that it spread for its next issuer. What is known of an issuer is kept by this object, so it is
 * the same one for as long as the app's own says the same.
 */
export function ownProfile(profile: Profile): Profile {
  if (Object.isFrozen(profile)) return profile
  const known = copies.get(profile)
  if (known !== undefined && isSame(known, profile)) return known
  const copy = frozen(profile, (part) => (isPart(part) ? frozen(part, (value) => value) : part))
  copies.set(profile, copy)
  return copy
}

function frozen<Value extends object>(value: Value, copyOf: (member: unknown) => unknown): Value {
  const members = Reflect.ownKeys(value).map((key) => [key, copyOf((value as Members)[key])] as const)
  return Object.freeze(Object.fromEntries(members)) as Value
}

function isSame(one: unknown, other: unknown, depth = 0): boolean {
  if (one === other) return true
  if (depth > 1 || typeof one !== 'object' || one === null || (depth > 0 && !isPart(other))) return false
  const keys = Reflect.ownKeys(other as object)
  const isEqual = (key: PropertyKey) => isSame((one as Members)[key], (other as Members)[key], depth + 1)
  return keys.length === Reflect.ownKeys(one).length && keys.every(isEqual)
}

/** A part that an app may change, such as `clientAuthentication`, and not a key or a list of the SDK's. */
const isPart = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Object.isFrozen(value) &&
  Object.getPrototypeOf(value) === Object.prototype
