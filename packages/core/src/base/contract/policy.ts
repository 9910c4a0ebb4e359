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

/** Type of the input that a policy passes to the tool's body. */
export type InputOf<P> = P extends Policy<infer Input, AccessRules> ? Input : never

/** Credentials that a policy passes to the tool's body, by name. */
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

/** `'write'` if the rules say so, or have an approval and name no effect; else either. */
export type EffectOf<Named extends Effect, Rule> = [Effect] extends [Named]
  ? 'approval' extends Rule
    ? 'write'
    : Effect
  : 'write' extends Named
    ? 'write'
    : Effect

/**
 * One authorization detail; `type` defines the meaning of the other fields.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-2 | RFC 9396 §2}
 */
export interface AuthorizationDetail {
  /** Kind of the detail, as the API documents it. */
  readonly type: string
  /** Fields of this kind. */
  readonly [field: string]: unknown
}

/** Question for a person before the tool runs, and the use of its answer. */
export interface ApprovalRule<Input> {
  /** Message for the person. Plain text; the channel's rules check it before anything is sent. */
  readonly message: (call: RuleCall<Input>) => string
  /** The same in structured form, for servers and APIs that compare it. */
  readonly details?: (call: RuleCall<Input>) => readonly AuthorizationDetail[]
  /** Returns whether a call needs the question. @default every call */
  readonly when?: (call: RuleCall<Input>) => boolean
  /** Returns the person to ask. The policy names them, never the model. @default the user for whom the agent acts */
  readonly approver?: (call: RuleCall<Input> & { readonly identity: UserIdentity }) => Principal
  /**
   * Time for which a second denial closes an equal call, in seconds, at most 86,400. After the first denial, the person
   * is asked once more, at least 60 s later.
   * @default 600
   */
  readonly askAgainAfterSeconds?: number
  /** Time that the question may stay open, in seconds, at most 31 days. @default 3600 */
  readonly lifetimeSeconds?: number
  /**
   * Time that an answer may be used, in seconds, at most 31 days. It counts from the answer if the channel proves that
   * time, else from the last poll that found the question open. If people answer while the app does not poll, such as
   * overnight, use a larger value or a watcher.
   * @default 900
   */
  readonly useWithinSeconds?: number
  /** Maximum number of times that the question is sent without an answer: 1, 2 or 3. `1` asks once. @default 3 */
  readonly maxSends?: number
  /** Name of the channel, if the guard has several. @default the only one, else `default` */
  readonly channel?: string
  /** Ask for every call, even where an equal question is open. @default false */
  readonly perCall?: boolean
  /** `'server'`: only where the approved details travel inside the token. Refused at construction elsewhere. */
  readonly enforcedBy?: 'server'
  /**
   * Handling of later tries of a run in doubt. `'report'` ends them with `unknown_outcome`. `'retry'` runs it again
   * under its own slot with the same idempotency key, three tries in all. `'retry'` is for APIs that honour the key,
   * and for bodies that make the same requests in the same order each time.
   * @default 'report'
   */
  readonly onCrash?: 'report' | 'retry'
}

/** Type that a compiler error shows for a `when` beside a credential without `withoutApproval`. */
export interface NeedsWithoutApproval {
  /** Member whose name is the compiler's message. */
  readonly 'with approval.when, each rule of access needs withoutApproval: the scopes of calls that do not ask': never
}

/** Approval rule: `when` exempts calls, so each credential must name the scopes that an exempted call may request. */
export type ExemptionsNamed<Input, Access extends AccessRules> = [Access[keyof Access]] extends [
  { readonly withoutApproval: readonly string[] },
]
  ? ApprovalRule<Input>
  : Omit<ApprovalRule<Input>, 'when'> & { readonly when?: ((call: RuleCall<Input>) => boolean) & NeedsWithoutApproval }

/** Rules of a policy, as the app writes them. */
export interface Rules<Input, Access extends AccessRules> {
  /**
   * Version of the functions below. Raise it when one of them changes its meaning: approvals under the old version are
   * asked again.
   *
   * Functions have no digest. Without a `version`, two policies that differ only in their functions (`permission`,
   * `approval.when`, `message`, `details`, `approver`, `account`) have the same version. So has one policy before and
   * after its functions changed. Give a `version` wherever there is an `approval`. The static rules, without
   * `timeoutMs` and `wait`, always have a digest: other scopes are another policy under the same version too.
   */
  readonly version?: string
  /**
   * Effect of the tool. `'write'` calls run at most once under their slot. A `'read'` runs again each time. `onFault` gets
   * a tool without an effect that sends another request than `GET`, `HEAD` or `OPTIONS`: name `'read'` for a search.
   * @default 'read', and 'write' if there is an `approval`
   */
  readonly effect?: Effect
  /** The user must hold at least one of these roles. */
  readonly roles?: readonly string[]
  /**
   * Scopes that the caller's token must all have, for the API or MCP server that this tool is part of. An identity
   * without a known token has none. `access` names the scopes that the tool needs at other APIs.
   * @default none
   */
  readonly callerScopes?: readonly string[]
  /** `'user'`: the permission model has no agents. The guard checks only the user's right, and the trace says so. */
  readonly subjects?: 'user'
  /** Returns the permissions that this call needs. Absent: none are checked. */
  readonly permission?: (call: PermissionCall<Input>) => Permission | readonly Permission[]
  /**
   * The part of the permission that needs no input, such as the right to call the tool. `guard.visible` asks it. Every
   * call requires it too, besides `permission`.
   */
  readonly visibleWhen?: (call: { readonly identity: Identity }) => Permission | readonly Permission[]
  /** Credentials that the body needs, by name. Absent: none. */
  readonly access?: Access
  /**
   * `'access'`: the body changes things only by requests of the credentials in `access`, and by guarded calls. Then a
   * write that threw may be tried again, with the same approval and idempotency key, if the API definitely refused
   * every request that could write, and the raw token was not used. On Node, other requests of the body that could
   * write are noticed, and leave the run in doubt.
   * @default a write that threw is in doubt, unless it threw `HadNoEffect`
   */
  readonly writesOnlyBy?: 'access'
  /** Asks a person before a write. Absent: no person is asked. */
  readonly approval?: ExemptionsNamed<Input, Access>
  /**
   * Waits inside the call for a person's action, for at most these seconds, up to 3600.
   * @default return the interrupt at once
   */
  readonly wait?: { readonly maxSeconds: number }
  /** Total time for all the guard does before the body, milliseconds. @default the guard's */
  readonly timeoutMs?: number
  /**
   * Time for which a `write` refuses an equal call under another slot while a run is in doubt, in seconds. It applies
   * to calls that need no approval. If the call needs one, the question tells the person of the run in doubt.
   * @default 3600
   */
  readonly inDoubtSeconds?: number
}
