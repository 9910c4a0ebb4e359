import type { Identity } from './identity.ts'
import type { AccessRules } from './policy.ts'

/**
 * Name by which a run can be found again: `[threadId, toolCallId]` if the framework persists both, or the caller's own
 * key in jobs. It is neither a secret nor a proof: a slot finds only records of its owner.
 */
export type Slot = string | readonly [threadId: string, callId: string]

/** One tool call, as an adapter passes it to the guard. */
export interface Invocation {
  /** Name of the tool that the model called. */
  readonly tool: string
  /**
   * Id of this call. The same slot and input name the same run: a write runs once for them. For 30 days, a later call gets
   * the first one's result, with `replayed: true`, and does nothing. So a constant slot, such as `'job-1'`, is one action.
   */
  readonly slot: Slot
  /** Input from the model. The policy's schema parses it before any other use. */
  readonly input: unknown
  /**
   * Input from the model before the framework parsed it, for adapters whose framework parses before the guard. It names
   * the run in place of `input`, so a schema with a random default does not give a second try another name. If it is
   * not plain JSON, `input` names the run.
   */
  readonly rawInput?: unknown
  /** Absent: only policies made by `publicTool` run. */
  readonly identity?: Identity | undefined
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A credential in use: a `fetch` that adds the token to requests to the origins that it was issued for.
 *
 * Works until its call ends. Does not follow redirects: it returns them as responses.
 */
export interface Credential {
  /**
   * Sends a request with the token of this credential, to the origins that its rule names.
   *
   * @throws CredentialMisuseError The request goes to another origin, or sets its own `Authorization`,
   *   or the call has ended, or the current identity is another principal's (`runAs`).
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /**
   * Sends a request as `fetch` does, and throws if the API definitely refuses it: with 400, 401, 403 to 406, 410 to 417,
   * 428, 429 or 431. Returns every other response. A refused request that could write is evidence that a write had no
   * effect, unless this call acted before in a way that the SDK saw: by another request of its credentials, the raw
   * token, or a guarded write.
   * Use `fetch` in a body that acts by a client, database or queue of its own.
   *
   * @throws HadNoEffect The API refused a request that could write. Its `cause` names the status.
   * @throws Error The API refused a request with `GET`, `HEAD` or `OPTIONS`.
   * @throws CredentialMisuseError As for `fetch`.
   */
  readonly send: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Passes the raw token to `use`, for SDKs that accept no `fetch`. Each use is recorded in the audit. */
  withToken<Result>(use: (token: string) => Result | Promise<Result>): Promise<Result>
  /** Scopes that the server granted. */
  readonly scopes: readonly string[]
  /** Time at which the token expires, in epoch seconds. */
  readonly expiresAt?: number
}

/** Context that a tool's body gets with its input. */
export interface Call<Access extends AccessRules = AccessRules> {
  /** Name of the tool that runs. */
  readonly tool: string
  /** Absent in public tools: a revoked or expired identity may call these. */
  readonly identity?: Identity
  /** Credentials that the policy declares, by their names there. */
  readonly access: { readonly [Name in keyof Access]: Credential }
  /** Key of the call: the same on every try of a `write` call, and a fresh one for each `read` call. */
  readonly idempotencyKey: string
  /** Aborted when the call must end. */
  readonly signal: AbortSignal
}
