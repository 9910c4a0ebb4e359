import type { StandardSchemaV1 } from '@standard-schema/spec'
import { MAX_ASK_AGAIN_SECONDS } from '../approvals/index.ts'
import type { AccessRule, AccessRules, Effect, EffectOf, Policy, Rules } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys, scopeList } from '../lib/index.ts'
import { type AnyRules, makePolicy } from './policy-definition.ts'
import { wholePermission } from './whole-permission.ts'

type RuleName = keyof Rules<unknown, AccessRules>

const ruleKeys = [
  'version',
  'effect',
  'roles',
  'callerScopes',
  'subjects',
  'permission',
  'visibleWhen',
  'access',
  'approval',
  'wait',
  'timeoutMs',
  'inDoubtSeconds',
]
const approvalKeys = [
  'message',
  'details',
  'when',
  'approver',
  'lifetimeSeconds',
  'useWithinSeconds',
  'channel',
  'perCall',
  'enforcedBy',
  'onCrash',
  'askAgainAfterSeconds',
]

/**
 * Says what a tool needs before it may run: a verified identity always, and whatever `rules` name.
 *
 * @param schema - Any Standard Schema (zod, valibot, arktype, …). It must not drop fields in silence, and
 *   parsing its own output must give the same again: what a person approves is what runs.
 * @throws ConfigurationError A rule that is unknown, or that cannot hold; it names the rule and the fix.
 */
export function policy<
  Schema extends StandardSchemaV1,
  const Access extends AccessRules = Record<never, never>,
  Named extends Effect = Effect,
  Rule extends RuleName = never,
>(
  schema: Schema,
  // What comes after the rules only tells the compiler which rules are there.
  rules: Rules<StandardSchemaV1.InferOutput<Schema>, Access> & { readonly effect?: Named } & {
    readonly [Key in Rule]?: unknown
  },
): Policy<StandardSchemaV1.InferOutput<Schema>, Access, EffectOf<Named, Rule>> {
  checkSchema(schema)
  refuseUnknownKeys('policy', rules, ruleKeys)
  const erased = copyOf(rules as unknown as AnyRules)
  oneOf('policy.effect', erased.effect, ['read', 'write'])
  oneOf('policy.subjects', erased.subjects, ['user'])
  callable('policy', erased, ['permission', 'visibleWhen'])
  if (erased.callerScopes !== undefined) scopeList('policy.callerScopes', erased.callerScopes)
  checkApproval(erased)
  positive('policy.wait.maxSeconds', erased.wait?.maxSeconds)
  positive('policy.timeoutMs', erased.timeoutMs)
  positive('policy.inDoubtSeconds', erased.inDoubtSeconds)
  const permission = wholePermission(erased)
  return makePolicy(schema, permission === undefined ? erased : { ...erased, permission }, false)
}

/**
 * A tool that needs nobody: no identity, no permission, no credential. Said aloud, since what has no
 * policy does not run.
 */
export function publicTool<Schema extends StandardSchemaV1>(
  schema: Schema,
): Policy<StandardSchemaV1.InferOutput<Schema>, Record<never, never>> {
  checkSchema(schema)
  return makePolicy(schema, {}, true)
}

/** Copies the checked rules: the app may reuse the objects for its next policy. */
const copyOf = ({ roles, callerScopes, access, approval, wait, ...rules }: AnyRules): AnyRules => ({
  ...rules,
  ...(roles !== undefined && { roles: Array.isArray(roles) ? [...roles] : roles }),
  ...(callerScopes !== undefined && { callerScopes: Array.isArray(callerScopes) ? [...callerScopes] : callerScopes }),
  ...(access !== undefined && { access: { ...access } }),
  ...(approval !== undefined && { approval: { ...approval } }),
  ...(wait !== undefined && { wait: { ...wait } }),
})

function checkSchema(schema: StandardSchemaV1): void {
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new ConfigurationError('policy schema', 'give a Standard Schema, such as z.object({ … })')
  }
}

function checkApproval({ approval, access = {}, effect }: AnyRules): void {
  if (approval === undefined) return
  refuseUnknownKeys('policy.approval', approval, approvalKeys)
  oneOf('policy.approval.enforcedBy', approval.enforcedBy, ['server'])
  oneOf('policy.approval.onCrash', approval.onCrash, ['report', 'retry'])
  callable('policy.approval', approval, ['details', 'when', 'approver'])
  positive('policy.approval.lifetimeSeconds', approval.lifetimeSeconds)
  positive('policy.approval.askAgainAfterSeconds', approval.askAgainAfterSeconds)
  if ((approval.askAgainAfterSeconds ?? 0) > MAX_ASK_AGAIN_SECONDS) {
    throw new ConfigurationError('policy.approval.askAgainAfterSeconds', `give at most ${MAX_ASK_AGAIN_SECONDS} s`)
  }
  positive('policy.approval.useWithinSeconds', approval.useWithinSeconds)
  if (typeof approval.message !== 'function') {
    throw new ConfigurationError('policy.approval.message', 'give a function that writes what the person reads')
  }
  if (effect === 'read') {
    throw new ConfigurationError('policy.effect', `'read' and approval do not go together: leave effect out`)
  }
  checkExemptions(approval, access)
  if (approval.enforcedBy === 'server') checkServerEnforced(approval, access)
}

/** I5: a scope of a policy with an approval is never had without one. */
function checkExemptions({ when }: NonNullable<AnyRules['approval']>, access: AccessRules): void {
  const rules = Object.entries(access)
  for (const [name, rule] of rules) {
    const at = `policy.access.${name}.withoutApproval`
    if (when !== undefined && rule.withoutApproval === undefined) {
      throw new ConfigurationError(
        at,
        'approval.when exempts calls: name the scopes that an exempted call may ask for, or leave `when` out',
      )
    }
    const guarded = rules.filter(([, other]) => targetOf(other) === targetOf(rule)).flatMap(([, other]) => other.scopes)
    const both = rule.withoutApproval?.find((scope) => guarded.includes(scope))
    if (both !== undefined) {
      throw new ConfigurationError(
        at,
        `${both} needs an approval under another name of this policy: name a smaller scope`,
      )
    }
  }
}

const targetOf = (rule: AccessRule): string =>
  rule.kind === 'resource' ? `resource ${rule.resource}` : `connection ${rule.connection}`

/** A9 (a): what can be seen here already. Whether the channel and the provider can is seen at the first call. */
function checkServerEnforced(approval: NonNullable<AnyRules['approval']>, access: AccessRules): void {
  const rules = Object.values(access)
  const [only] = rules
  const isOwn = only?.kind === 'resource' && only.through === undefined
  if (rules.length !== 1 || !isOwn || approval.details === undefined) {
    throw new ConfigurationError(
      'policy.approval.enforcedBy',
      `'server' needs exactly one credential in access, a resource, and details: they travel inside its token`,
    )
  }
}

/** A misspelt word would silently weaken what it was meant to set (E3). */
function oneOf(option: string, value: unknown, words: readonly string[]): void {
  if (value === undefined || words.some((word) => word === value)) return
  throw new ConfigurationError(option, `is one of ${words.map((word) => `'${word}'`).join(', ')}, or left out`)
}

function callable(option: string, rules: object, names: readonly string[]): void {
  for (const name of names) {
    const rule: unknown = (rules as Record<string, unknown>)[name]
    if (rule !== undefined && typeof rule !== 'function') {
      throw new ConfigurationError(`${option}.${name}`, 'give a function')
    }
  }
}

function positive(option: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
    throw new ConfigurationError(option, 'give a positive number')
  }
}
