import type { Identity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { RolesRead } from './role-map.ts'

/** Place of the user's roles in a verified token. */
export type RoleClaim = string | readonly string[]

/** Checks a claim name or path, and copies it. */
export function claimPath(option: string, claim: RoleClaim): readonly string[] {
  const path = typeof claim === 'string' ? [claim] : claim
  if (!Array.isArray(path) || path.length === 0 || !path.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigurationError(option, "give the claim's name, or the path to it: ['realm_access', 'roles']")
  }
  return [...path]
}

/** Returns the value at a path of claims. Reads own properties only, so that `constructor` is not found by accident. */
export function claimAt(claims: Identity['claims'], path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    return (value as Record<string, unknown>)[name]
  }, claims)
}

/** Returns the roles at a path of claims, or the reason why they cannot be read. */
export function rolesAt(claims: Identity['claims'], path: readonly string[]): RolesRead {
  const value = claimAt(claims, path)
  const name = path.join('.')
  if (value === undefined) return { problem: `the token has no claim ${name}` }
  return isRoleList(value) ? value : { problem: `the claim ${name} is no list of texts` }
}

/** Returns whether a claim is a list of strings. Any other value gives no roles: a half-read claim would be wrong. */
export function isRoleList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((role) => typeof role === 'string')
}

/** Returns each role once, frozen. */
export function roleList(roles: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(roles)])
}
