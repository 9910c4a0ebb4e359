import type { ContextValue, FgaObject, Permission } from '../../base/contract/index.ts'
import { ConfigurationError, InvalidObjectError } from '../../base/errors/index.ts'
import { copyOf, refuseUnknownKeys, shown } from '../../base/values/index.ts'
import { fits, isObjectName } from './object.ts'

const relationForm = /^[^:#@*\s\p{Cc}]{1,50}$/u

/** Options of `may`. */
export interface MayOptions {
  /** Facts for the model's conditions, each named on purpose. Never spread an input into it. */
  readonly context?: Permission['context']
}

/**
 * Names a relation that both the user and the agent must have to an object.
 *
 * Decides nothing: the guard asks the permission system. Put a limit that must hold on the tuple, since a condition
 * takes from `context` every value that the tuple leaves open.
 *
 * @param relation - Name in the policy; `openFga({ relations })` maps it to relations of user and agent.
 * @throws ConfigurationError The relation is not one word of at most 50 bytes, or a fact is not a plain value, or `now`
 *   is among them: the checker adds it, from its own clock.
 * @throws InvalidObjectError `object` was not made by `object(type, id)`.
 */
export function may(relation: string, object: FgaObject, options: MayOptions = {}): Permission {
  refuseUnknownKeys('may', options, ['context'])
  const { context } = options
  const permission: Permission =
    context === undefined ? { relation, object } : { relation, object, context: Object.freeze(copyOf({ ...context })) }
  assertPermission(permission)
  return Object.freeze(permission)
}

/** Returns the permissions that a rule returned. @throws ConfigurationError It returned another value, or a promise. */
export function permissionsOf(rule: string, returned: Permission | readonly Permission[]): readonly Permission[] {
  const permissions = [returned].flat()
  for (const one of permissions) {
    if (typeof one?.relation === 'string') continue
    if (one instanceof Promise) one.catch(() => {})
    const given = one === undefined ? 'nothing' : shown(one)
    throw new ConfigurationError(rule, `returned ${given}: return may(relation, object(type, id))`)
  }
  return permissions
}

/** Checks a permission again where it is used: at run time, nothing proves that `may` made it. */
export function assertPermission(permission: Permission): void {
  if (!isRelation(permission.relation)) {
    throw new ConfigurationError('relation', 'give one word of at most 50 bytes without ":#@*"')
  }
  if (!isObjectName(permission.object)) {
    throw new InvalidObjectError('a permission asks about something that is not an object name: use object(type, id)')
  }
  const { context } = permission
  if (context === undefined) return
  // A caller that sets the clock of a condition could extend a delegation.
  if (Object.hasOwn(context, 'now')) {
    throw new ConfigurationError('context.now', 'leave it out: the checker adds the time from its own clock')
  }
  for (const name of Object.keys(context)) {
    if (!isContextValue((context as Record<string, unknown>)[name])) {
      throw new ConfigurationError(
        `context.${name}`,
        'is not a string, a finite number, a boolean or a list of strings: name each fact by itself',
      )
    }
  }
}

export function isRelation(text: unknown): text is string {
  return typeof text === 'string' && relationForm.test(text) && fits(text, 50)
}

function isContextValue(value: unknown): value is ContextValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    default:
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
  }
}
