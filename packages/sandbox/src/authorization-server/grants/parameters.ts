import { errors } from 'oidc-provider'
import type { GrantContext } from './grant.ts'

/** Returns a parameter that may occur once. The library refuses a repetition. */
export function optional(ctx: GrantContext, name: string): string | undefined {
  const value = ctx.oidc.params[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Returns the same, and refuses the request with `invalid_request` if it is missing. */
export function required(ctx: GrantContext, name: string): string {
  const value = optional(ctx, name)
  if (value === undefined) throw new errors.InvalidRequest(`${name} is missing`)
  return value
}

/** A parameter that may be repeated. */
export function repeated(ctx: GrantContext, name: string): readonly string[] {
  const value = ctx.oidc.params[name]
  return [value ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== '')
}
