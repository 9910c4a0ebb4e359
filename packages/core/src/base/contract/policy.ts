import type { Identity, Principal, UserIdentity } from './identity.ts'

declare const fgaObject: unique symbol
declare const modelWritten: unique symbol

/** An OpenFGA object name, made by `object(type, id)` only: a plain string does not compile. */
export type FgaObject = string & { readonly [fgaObject]: true }

/**
 * Marks the input of a permission rule, for the compiler alone: a model wrote it, so it must not become
 * `context` as a whole, spread or not. Nothing carries the mark at run time.
 */
export interface ModelWritten {
  /** Exists for the compiler only. */
  readonly [modelWritten]?: true
}

/** Parsed input as a permission rule gets it. The rule may read its fields, and must name each one. */
export type PermissionInput<Input> = Input extends object ? Input & ModelWritten : Input

/** Relation that both the user and the agent must have to an object. Made by `may(relation, object)`. */
export interface Permission {
  /** Relation that the caller must have, as the authorization model names it. */
  readonly relation: string
  /** Object to which the relation must hold. */
  readonly object: FgaObject
  /** Facts for conditions, field by field. `now` is added by the checker and cannot be set here. */
  readonly context?: Readonly<Record<string, ContextValue>> & {
    readonly now?: never
    readonly [modelWritten]?: never
  }
}

/** A single fact. Objects are refused, so that a whole input cannot become the context by mistake. */
export type ContextValue = string | number | boolean | readonly string[]

/** Chooses an account for a user, by the vault's account id; `undefined` leaves it to the vault. */
export type AccountChoice = (call: { readonly identity: UserIdentity }) => string | undefined

/** An upstream (third-party) account of the user, reached with a token from the vault. */
export interface ConnectionRule {
  /** Always this value; it discriminates the union. */
  readonly kind: 'connection'
  /** Name of the connection, as the vault knows it. */
  readonly connection: string
  /** Scopes that the tool needs at the provider, as the provider writes them in its answers. */
  readonly scopes: readonly string[]
  /**
   * Scopes that a call may request when `approval.when` exempts it. Shares no scope with `scopes`. An exempted call is
   * refused an account whose token holds one of `scopes`.
   */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see the token: the provider's API. */
  readonly origins: readonly string[]
  /**
   * Vault's id of the linked account to use, where there are several: one id for all users, or a function of the
   * identity. The app chooses it, never the model.
   * @default the user's only account, or the one that they chose in the app's pages
   */
  readonly account?: string | AccountChoice
  /**
   * Header from which the API reads an idempotency key, such as `Idempotency-Key`. In a `write` call, the first request
   * that is not a GET, HEAD, OPTIONS or TRACE carries the call's key, the n-th one `key.n`, whichever credential sends
   * it. A header that the body sets itself is not changed. A body that is retried must make the same requests in the
   * same order. If it skips a request that is done already, set the header yourself, from `idempotencyKey` and a name
   * for each request.
   * @default none is set
   */
  readonly idempotencyHeader?: string
}

/** Another way to a resource's token than an exchange at the user's own issuer. Made by `idJag()`. */
export interface ResourceRoute {
  /** Kind of the route: an identity assertion (ID-JAG). */
  readonly kind: 'id-jag'
  /** The authorization server that issues the token. */
  readonly issuer: string
}

/** An API of the app's own. Its token comes from an exchange, or from an approval. */
export interface ResourceRule {
  /** Always this value; it discriminates the union. */
  readonly kind: 'resource'
  /** The API's identifier: an absolute URI without a fragment (RFC 8707 §2). */
  readonly resource: string
  /** Route by which the guard gets the token. @default an exchange at the user's issuer */
  readonly through?: ResourceRoute
  /** Scopes that the body needs. */
  readonly scopes: readonly string[]
  /** Scopes that a call may request when `approval.when` exempts it. Absent: no call may be exempted. */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see this token. */
  readonly origins: readonly string[]
  /** The header that this API reads an idempotency key from: set on the writing requests of `write` calls. */
  readonly idempotencyHeader?: string
}

/** One credential that a policy declares. */
export type AccessRule = ConnectionRule | ResourceRule

/** The credentials that a tool needs, by name. */
export type AccessRules = Readonly<Record<string, AccessRule>>

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
   * write are noticed, and leave the run in doubt. Without `access`: only guarded calls change things.
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
