import type { StandardSchemaV1 } from '@standard-schema/spec'
import type {
  AccessRule,
  AccessRules,
  ApprovalRule,
  Effect,
  Identity,
  Json,
  Permission,
  Policy,
  Rules,
} from '../../base/contract/index.ts'
import { canonicalJson, kinds, sha256 } from '../../base/values/index.ts'

/** Call of any rule, as the guard knows it. The compiler checked the types where the policy was written. */
export interface AnyCall {
  readonly input: Json
  readonly identity: Identity
}

/** Rules as the guard reads them, with the input's type forgotten. */
export interface AnyRules extends Omit<Rules<Json, AccessRules>, 'permission' | 'visibleWhen' | 'approval'> {
  readonly permission?: (call: AnyCall) => Permission | readonly Permission[]
  readonly visibleWhen?: (call: Pick<AnyCall, 'identity'>) => Permission | readonly Permission[]
  readonly approval?: Omit<ApprovalRule<Json>, 'message' | 'details' | 'when' | 'approver'> & {
    readonly message: (call: AnyCall) => string
    readonly details?: (call: AnyCall) => ReturnType<NonNullable<ApprovalRule<Json>['details']>>
    readonly when?: (call: AnyCall) => boolean
    readonly approver?: (call: AnyCall) => ReturnType<NonNullable<ApprovalRule<Json>['approver']>>
  }
}

export const anApprover = {
  ...kinds.function,
  words: "a function such as ({ identity }) => ({ issuer: identity.issuer, subject: 'bob' })",
}

/** A policy, as the guard sees it. */
export interface PolicyDefinition {
  readonly isPublic: boolean
  readonly schema: StandardSchemaV1
  readonly rules: AnyRules
  readonly effect: Effect
  readonly access: readonly (readonly [name: string, rule: AccessRule])[]
  readonly hasConnections: boolean
  /** Digest of all data in the rules, after their `version` if they have one. */
  version(): Promise<string>
}

// Registered, so that the guard of one copy of the package recognizes a policy of another copy.
const definitionKey: unique symbol = Symbol.for('@behalf/core@1/policy') as never

/** Makes the opaque value that the developer holds. */
export function makePolicy<Input, Access extends AccessRules, Effects extends Effect>(
  schema: StandardSchemaV1,
  rules: AnyRules,
  isPublic: boolean,
): Policy<Input, Access, Effects> {
  let version: Promise<string> | undefined
  const effect = rules.effect ?? (rules.approval === undefined ? 'read' : 'write')
  const access = Object.entries(rules.access ?? {})
  const definition: PolicyDefinition = {
    isPublic,
    schema,
    rules,
    effect,
    access,
    hasConnections: access.some(([, rule]) => rule.kind === 'connection'),
    version: () => (version ??= digest(rules, effect)),
  }
  return Object.freeze({ [definitionKey]: definition }) as unknown as Policy<Input, Access, Effects>
}

/** `undefined` for anything that `policy()` or `publicTool()` did not make. */
export function definitionOf(policy: unknown): PolicyDefinition | undefined {
  if (typeof policy !== 'object' || policy === null) return undefined
  return (policy as { [definitionKey]?: PolicyDefinition })[definitionKey]
}

function digest(rules: AnyRules, effect: Effect): Promise<string> {
  // Functions have no digest: `version` changes when one of them changes its meaning. The digest counts beside it, so
  // other scopes under the same version are another policy. Time limits of a call do not change the approved action.
  const { timeoutMs: _, wait: __, version, ...meaning } = rules
  const data = JSON.parse(JSON.stringify({ ...meaning, effect })) as Json
  return sha256(canonicalJson(data)).then((hash) => (version === undefined ? '' : `${version}+`) + hash.slice(0, 16))
}

const versions = new WeakMap<PolicyDefinition, string | undefined>()

/**
 * Returns the version of a policy for the audit: every event names it, including the first one. `undefined` without an
 * audit. A promise while its digest is computed for the first time, so that no other call waits.
 */
export function versionOf(
  policy: PolicyDefinition,
  { isSilent }: { readonly isSilent: boolean },
): string | undefined | Promise<string | undefined> {
  if (isSilent) return undefined
  if (versions.has(policy)) return versions.get(policy)
  const learned = (version?: string) => {
    versions.set(policy, version)
    return version
  }
  return policy.version().then(learned, () => learned())
}
