import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AccessRule, AccessRules, Effect, EffectOf, Policy, Rules } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import {
  checkOptions,
  checkValues,
  copyOf,
  having,
  kinds,
  needed,
  oneOf,
  scopeList,
  upTo,
} from '../../base/values/index.ts'
import { MAX_SENDS } from '../../runs/deliver-question.ts'
import { MAX_ASK_AGAIN_SECONDS } from '../../runs/noes.ts'
import { wholePermission } from '../call/call-rule.ts'
import { isConnectionRule } from '../credentials/connection-access.ts'
import { type AnyRules, anApprover, makePolicy } from './policy-definition.ts'

type RuleName = keyof Rules<unknown, AccessRules>

/** A question or a doubt that lasts longer has a time in milliseconds. */
const aMonth = upTo(31 * 24 * 3600)
const madeRule = {
  words: 'what resource() or connection() made',
  holds: (value: unknown) => {
    const rule = value as AccessRule | null
    return rule?.kind === 'resource' || (rule?.kind === 'connection' && isConnectionRule(rule))
  },
}
const ruleValues = {
  version: kinds.text,
  effect: oneOf('read', 'write'),
  roles: kinds.texts,
  subjects: oneOf('user'),
  permission: kinds.function,
  visibleWhen: kinds.function,
  access: having('an object'),
  writesOnlyBy: oneOf('access'),
  approval: having('{ message }'),
  wait: having('{ maxSeconds }'),
  timeoutMs: kinds.timeoutMs,
  inDoubtSeconds: aMonth,
}
const approvalValues = {
  message: needed(kinds.function),
  details: kinds.function,
  when: kinds.function,
  approver: anApprover,
  lifetimeSeconds: aMonth,
  useWithinSeconds: aMonth,
  channel: kinds.text,
  perCall: kinds.boolean,
  enforcedBy: oneOf('server'),
  maxSends: upTo(MAX_SENDS, 1, 'times'),
  onCrash: oneOf('report', 'retry'),
  askAgainAfterSeconds: upTo(MAX_ASK_AGAIN_SECONDS),
}

/**
 * Declares what a tool needs before it may run: always a verified identity, and every rule in `rules`.
 * @param schema - Any Standard Schema (zod, valibot, arktype, …). It must not change the value that it is given, as morphs of
 *   arktype do. It must not silently drop fields, and parsing its own output must give the same value: the tool runs with the
 *   input that the person approved.
 * @throws ConfigurationError A rule is unknown or contradictory. The error names the rule and the fix.
 */
export function policy<
  Schema extends StandardSchemaV1,
  const Access extends AccessRules = Record<never, never>,
  Named extends Effect = Effect,
  Rule extends RuleName = never,
>(
  schema: Schema,
  // The type after the rules only tells the compiler which rules are given.
  rules: Rules<StandardSchemaV1.InferOutput<Schema>, Access> & { readonly effect?: Named } & {
    readonly [Key in Rule]?: unknown
  },
): Policy<StandardSchemaV1.InferOutput<Schema>, Access, EffectOf<Named, Rule>> {
  checkSchema(schema)
  checkOptions('policy', rules, ruleValues, ['callerScopes'])
  for (const [name, rule] of Object.entries(rules.access ?? {})) {
    checkValues('policy.access.', { [name]: rule }, { [name]: needed(madeRule) })
  }
  const erased = copyOf(rules as unknown as AnyRules)
  if (erased.callerScopes !== undefined) scopeList('policy.callerScopes', erased.callerScopes)
  checkApproval(erased)
  checkWait(erased.wait)
  const permission = wholePermission(erased)
  return makePolicy(schema, permission === undefined ? erased : { ...erased, permission }, false)
}

/**
 * Declares a tool that needs no identity, no permission and no credential. A tool without any policy does not run.
 */
export function publicTool<Schema extends StandardSchemaV1>(
  schema: Schema,
): Policy<StandardSchemaV1.InferOutput<Schema>, Record<never, never>> {
  checkSchema(schema)
  return makePolicy(schema, {}, true)
}

function checkSchema(schema: StandardSchemaV1): void {
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new ConfigurationError('input schema', 'give a Standard Schema, such as z.strictObject({ … })')
  }
}

function checkWait(wait: AnyRules['wait']): void {
  if (wait === undefined) return
  checkOptions('policy.wait', wait, { maxSeconds: needed(upTo(3600)) })
}

function checkApproval({ approval, access = {}, effect }: AnyRules): void {
  if (approval === undefined) return
  checkOptions('policy.approval', approval, approvalValues)
  if (effect === 'read') {
    throw new ConfigurationError('policy.effect', `'read' and approval do not go together: leave effect out`)
  }
  checkExemptions(approval, access)
  if (approval.enforcedBy === 'server') checkServerEnforced(approval, access)
}

/**
 * Refuses exemptions that contradict the approval rule. I5: no call gets a scope that needs an approval without one.
 */
function checkExemptions({ when }: NonNullable<AnyRules['approval']>, access: AccessRules): void {
  const rules = Object.entries(access)
  for (const [name, rule] of rules) {
    const at = `policy.access.${name}.withoutApproval`
    if (when !== undefined && rule.withoutApproval === undefined) {
      throw new ConfigurationError(
        at,
        'approval.when exempts calls: name the scopes of exempted calls, or leave `when` out',
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

/**
 * Checks the parts of A9 (a) that are known here. The first call checks whether the channel and the provider support
 * it.
 */
function checkServerEnforced(approval: NonNullable<AnyRules['approval']>, access: AccessRules): void {
  const rules = Object.values(access)
  const [only] = rules
  const isOwn = only?.kind === 'resource' && only.through === undefined
  if (rules.length !== 1 || !isOwn || approval.details === undefined) {
    throw new ConfigurationError(
      'policy.approval.enforcedBy',
      `'server' needs exactly one credential in access, a resource, and details`,
    )
  }
}
