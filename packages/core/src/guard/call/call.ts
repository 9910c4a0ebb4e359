import type { Invocation, Json } from '../../base/contract/index.ts'
import type { VerifiedIdentity } from '../../identity/verified.ts'
import type { Claim } from '../../runs/claim-run.ts'
import type { Entitled } from '../../runs/entitlement.ts'
import type { Entry } from '../../runs/record.ts'
import type { GrantableScopes } from '../steps/grantable-scopes.ts'
import type { PolicyDefinition } from '../tools/policy-definition.ts'
import type { Acts } from './acts.ts'
import type { CachedTokens, CallCredentials } from './call-credentials.ts'
import type { CallReport } from './call-report.ts'
import type { CallDeadline } from './deadline.ts'

/** A call before any check. */
export interface IncomingCall {
  readonly invocation: Invocation
  readonly policy: PolicyDefinition
  readonly report: CallReport
  readonly deadline: CallDeadline
  readonly acts: Acts
}

/** The input fits the schema of the policy. */
export interface ParsedCall extends IncomingCall {
  /** Parsed and frozen. The body, the rules and the question get this value. */
  readonly input: Json
  /** Plain JSON before the schema. Names a run, together with its slot (A12). */
  readonly rawInput: Json
}

/** The identity was verified, is fresh and was not revoked. */
export interface IdentifiedCall extends ParsedCall {
  readonly identity: VerifiedIdentity
  /** Last time that identity, roles and permissions were checked, in epoch milliseconds. */
  readonly checkedAt: number
}

/** Roles, permissions and linked accounts allow the call. */
export interface PermittedCall extends IdentifiedCall {
  readonly grantable: GrantableScopes
  /** Tokens that the step for linked accounts found, or that were opened since. Absent if the policy has no connection. */
  readonly cached?: CachedTokens | undefined
  /** Whether the call waited for a person, or for an equal call. */
  readonly waited?: boolean
}

/** The run of a write, and the reason that allows it to start. */
export interface ReadyRun {
  readonly entry: Entry
  readonly entitled: Entitled
}

/** A call whose person has answered, or that needed no answer. */
export interface ApprovedCall extends PermittedCall {
  /** `undefined` for a read. */
  readonly run: ReadyRun | undefined
}

/** All that a body needs to start: parsed input, and opened access. A public tool has no identity, and a read no claim. */
export interface AdmittedCall extends ParsedCall {
  readonly identity?: VerifiedIdentity | undefined
  /** Absent for a public tool. */
  readonly grantable?: GrantableScopes
  readonly access: CallCredentials
  /** `undefined` for a read. */
  readonly claim: Claim | undefined
}

/**
 * A call to which each step adds its result; exactly one step writes each field. For the steps of a warm call, where
 * `Object.assign` would take a tenth of the time.
 */
export type Growing<Call extends IncomingCall> = { -readonly [Key in keyof Call]: Call[Key] }

/** Returns whether a person must have approved this call. */
export const needsApproval = ({ grantable }: PermittedCall): boolean => grantable.approvalCase === 'approved'
