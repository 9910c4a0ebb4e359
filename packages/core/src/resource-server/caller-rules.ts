import type { Actor, Identity } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import { refuseUnknownKeys, requireText } from '../base/values/index.ts'

/** An agent, by the name that the token's own issuer gives it, or by that of another issuer. */
export type ActorName = string | { readonly issuer: string; readonly subject: string }

/** The outermost actor, without earlier ones: only it may take part in a decision (RFC 8693 §4.1). */
export type ActingParty = Omit<Actor, 'actor'>

/** Rules for the agents that may act here. */
export interface ActorRules {
  /** The allowed agents, or a function that decides. Absent: every agent is allowed. */
  readonly allow?: readonly ActorName[] | ((actor: ActingParty, identity: Identity) => boolean) | undefined
  /** Whether a token must name an actor that acts for a user. @default false */
  readonly required?: boolean | undefined
}

/** Validates the rules, and copies them: the app may reuse the objects for the next request. */
export function checkActorRules(option: string, rules: ActorRules | undefined): ActorRules {
  if (rules === undefined) return {}
  refuseUnknownKeys(option, rules, ['allow', 'required'])
  const { allow } = rules
  if (allow === undefined || typeof allow === 'function') return { ...rules }
  if (!Array.isArray(allow)) throw new ConfigurationError(`${option}.allow`, 'give a list of agents, or a function')
  for (const [index, name] of allow.entries()) checkName(`${option}.allow[${index}]`, name)
  return { ...rules, allow: allow.map((name: ActorName) => (typeof name === 'string' ? name : { ...name })) }
}

function checkName(option: string, name: ActorName): void {
  if (typeof name === 'string') {
    requireText(option, name)
    return
  }
  refuseUnknownKeys(option, name, ['issuer', 'subject'])
  requireText(`${option}.issuer`, name.issuer)
  requireText(`${option}.subject`, name.subject)
}

/**
 * Returns whether the rules admit this identity: the agent that acts for a user, or an agent without a user.
 *
 * A user's token without an actor passes, unless an actor is required.
 */
export function mayAct({ allow, required = false }: ActorRules, identity: Identity): boolean {
  const party = actingParty(identity)
  if (party === undefined) return !required
  // An agent alone acts for no user.
  if (required && identity.kind === 'agent') return false
  if (allow === undefined) return true
  if (typeof allow === 'function') return allow(party, identity) === true
  const issuer = party.issuer ?? identity.issuer
  return allow.some((name) =>
    typeof name === 'string'
      ? issuer === identity.issuer && name === party.subject
      : name.issuer === issuer && name.subject === party.subject,
  )
}

function actingParty(identity: Identity): ActingParty | undefined {
  if (identity.kind === 'agent') return { subject: identity.clientId, clientId: identity.clientId }
  if (identity.actor === undefined) return undefined
  const { actor: _, ...outermost } = identity.actor
  return outermost
}

/** Requirements for the user's login. */
export interface AuthenticationRules {
  /** Accepted levels of login, the preferred one first. One suffices. */
  readonly acrValues?: readonly string[] | undefined
  /** Maximum time since the login, in seconds. */
  readonly maxAge?: number | undefined
}

/** Form of a level: the challenge puts the levels into a quoted string, separated by spaces. */
const acrValue = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function checkAuthenticationRules(option: string, { acrValues, maxAge }: AuthenticationRules): void {
  if (acrValues !== undefined && !(Array.isArray(acrValues) && acrValues.length > 0 && acrValues.every(isAcrValue))) {
    throw new ConfigurationError(
      `${option}.acrValues`,
      'give at least one value, without spaces, quotes and backslashes',
    )
  }
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new ConfigurationError(`${option}.maxAge`, 'give whole seconds, 0 or more')
  }
}

const isAcrValue = (value: unknown): boolean => typeof value === 'string' && acrValue.test(value)
