import type { AccessRules } from './access.ts'
import type { Identity, UserIdentity } from './identity.ts'
import type { Permission, PermissionInput } from './permission.ts'
import type { Principal } from './principal.ts'

declare const policyBrand: unique symbol
declare const inputType: unique symbol
declare const accessType: unique symbol
declare const effectType: unique symbol

/**
 * Requirements of a tool, as data. Made by `policy()` or `publicTool()` only.
 *
 * Carries the types of the input, the credentials and the effect, and no function of them, so it stays covariant. A
 * policy fits a tool if the tool's body accepts the policy's input and credentials.
 */
export interface Policy<Input = unknown, Access extends AccessRules = AccessRules, Effects extends Effect = Effect> {
  /** Marks objects that this package made. */
  readonly [policyBrand]: true
  /** Carries the type of the input. No value exists at run time. */
  readonly [inputType]?: Input
  /** Carries the type of the access rules. No value exists at run time. */
  readonly [accessType]?: Access
  /** Carries the type of the effect. No value exists at run time. */
  readonly [effectType]?: Effects
}

/** The input type that a policy hands to the tool's body. */
export type InputOf<P> = P extends Policy<infer Input, AccessRules> ? Input : never

/** The credentials that a policy hands to the tool's body, by name. */
export type AccessOf<P> = P extends Policy<unknown, infer Access> ? Access : never

/** Arguments of a rule: the parsed input, frozen, and the verified identity. */
export interface RuleCall<Input> {
  /** Parsed input of the call. */
  readonly input: Input
  /** Verified identity of the call. */
  readonly identity: Identity
}

/** Arguments of a permission rule. Its input does not compile as `context`: name each fact. */
export interface PermissionCall<Input> {
  /** Parsed input of the call. */
  readonly input: PermissionInput<Input>
  /** Verified identity of the call. */
  readonly identity: Identity
}

/** Whether a tool only reads, or writes. A write runs at most once under its slot. */
export type Effect = 'read' | 'write'

/** `'write'` where the rules say so, or hold an approval and name no effect; else either. */
export type EffectOf<Named extends Effect, Rule> = [Effect] extends [Named]
  ? 'approval' extends Rule
    ? 'write'
    : Effect
  : 'write' extends Named
    ? 'write'
    : Effect

/**
 * One authorization detail; `type` says what the other fields mean.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-2 | RFC 9396 §2}
 */
export interface AuthorizationDetail {
  /** Kind of the detail, as the API documents it. */
  readonly type: string
  /** Fields of this kind. */
  readonly [field: string]: unknown
}

/** The question put to a human before the tool runs, and how its answer is used. */
export interface ApprovalRule<Input> {
  /** Message for the person. Plain text; the channel's rules check it before anything is sent. */
  readonly message: (call: RuleCall<Input>) => string
  /** The same in structured form, for servers and APIs that compare it. */
  readonly details?: (call: RuleCall<Input>) => readonly AuthorizationDetail[]
  /** Returns whether a call needs the question. @default every call */
  readonly when?: (call: RuleCall<Input>) => boolean
  /** Person who is asked: named by the policy, never by the model. @default the user for whom the agent acts */
  readonly approver?: (call: RuleCall<Input> & { readonly identity: UserIdentity }) => Principal
  /**
   * Time for which a second denial closes an equal call, in seconds, at most 86,400. After the first denial, the person
   * is asked once more, at least 60 s later.
   * @default 600
   */
  readonly askAgainAfterSeconds?: number
  /** Time that the question may stay open, in seconds. @default 3600 */
  readonly lifetimeSeconds?: number
  /**
   * Time that an answer may be used, in seconds. It counts from the answer if the channel proves that time, else from
   * the last poll that found the question open. If people answer while the app does not poll, such as overnight, use a
   * larger value or a watcher.
   * @default 900
   */
  readonly useWithinSeconds?: number
  /** Name of the channel, where the guard has several. @default the only one, else `default` */
  readonly channel?: string
  /** Ask for every call, even where an equal question is open. @default false */
  readonly perCall?: boolean
  /** `'server'`: only where the approved details travel inside the token. Refused at construction elsewhere. */
  readonly enforcedBy?: 'server'
  /**
   * Of a run in doubt: end its later tries with `unknown_outcome` (`'report'`), or run it again under its own slot with
   * the same idempotency key, three tries in all (`'retry'`): for APIs that honour the key, and bodies that make the same
   * requests in the same order each time. @default 'report'
   */
  readonly onCrash?: 'report' | 'retry'
}

/** The approval rule: `when` exempts calls, so each credential must say what an exempted call may ask for. */
export type ExemptionsNamed<Input, Access extends AccessRules> = [Access[keyof Access]] extends [
  { readonly withoutApproval: readonly string[] },
]
  ? ApprovalRule<Input>
  : ApprovalRule<Input> & { readonly when?: never }

/** Rules of a policy, as the app writes them. */
export interface Rules<Input, Access extends AccessRules> {
  /**
   * Raise it when a function below changes its meaning: what was approved under the old version is asked again.
   *
   * Functions have no digest. Without a `version` of their own, two policies that differ only in what their functions
   * do (`permission`, `approval.when`, `message`, `details`, `approver`, `account`) have the same version, and so has
   * one policy before and after its functions changed. Give a `version` wherever there is an `approval`. The static rules,
   * without `timeoutMs` and `wait`, have a digest in any case: other scopes are another policy under the same version too.
   */
  readonly version?: string
  /** `'write'` calls run at most once under their slot. @default 'read', and 'write' where `approval` stands */
  readonly effect?: Effect
  /** The user must hold at least one of these roles. */
  readonly roles?: readonly string[]
  /**
   * Scopes that the token of the caller must carry, all of them: for the API or the MCP server that this tool is part of.
   * An identity whose token is not known has none. `access` says what the tool needs of other APIs. @default none
   */
  readonly callerScopes?: readonly string[]
  /** `'user'`: the permission model has no agents; only the user's right is checked, and the trace says so. */
  readonly subjects?: 'user'
  /** Returns the permissions that this call needs. Absent: none are checked. */
  readonly permission?: (call: PermissionCall<Input>) => Permission | readonly Permission[]
  /**
   * The part of the permission that needs no input, such as the right to call the tool at all: what
   * `guard.visible` asks. Required at every call as well, beside `permission`.
   */
  readonly visibleWhen?: (call: { readonly identity: Identity }) => Permission | readonly Permission[]
  /** Credentials that the body needs, by name. Absent: none. */
  readonly access?: Access
  /** Asks a person before a write. Absent: no person is asked. */
  readonly approval?: ExemptionsNamed<Input, Access>
  /** Wait inside the call for what a person has to do, at most this long. @default return the interrupt at once */
  readonly wait?: { readonly maxSeconds: number }
  /** Total time for all the guard does before the body, milliseconds. @default the guard's */
  readonly timeoutMs?: number
  /**
   * Of a `write`: how long an equal call under another slot is refused while a run is in doubt, in seconds, where the
   * call needs no approval. Where it needs one, the person is asked and told of the run in doubt. @default 3600
   */
  readonly inDoubtSeconds?: number
}
