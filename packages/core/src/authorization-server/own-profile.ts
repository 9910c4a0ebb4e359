import type { Profile } from './profile.ts'

const copies = new WeakMap<Profile, Profile>()

/**
 * The profile as it is now: itself where it is frozen, as all that the SDK makes are, else a frozen copy. An app may fill in
 * a profile that it spread for its next issuer. What is known of an issuer is kept by this object, so it is the same one for
 * as long as the app's own says the same.
 */
export function ownProfile(profile: Profile): Profile {
  if (Object.isFrozen(profile)) return profile
  const known = copies.get(profile)
  if (known !== undefined && saysTheSame(known, profile)) return known
  const copy = Object.freeze({ ...profile })
  copies.set(profile, copy)
  return copy
}

function saysTheSame(one: Profile, other: Profile): boolean {
  const keys = Reflect.ownKeys(other) as (keyof Profile)[]
  return keys.length === Reflect.ownKeys(one).length && keys.every((key) => one[key] === other[key])
}
