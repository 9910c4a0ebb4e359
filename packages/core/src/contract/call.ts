import type { AccessRules } from './access.ts'
import type { Identity } from './identity.ts'

/**
 * A credential in use: a `fetch` that puts the token on requests to the origins it was issued for.
 *
 * Works until its call ends. Redirects come back as they are and are never followed.
 */
export interface Credential {
  /**
   * Sends a request with the token of this credential, to the origins that its rule names.
   *
   * @throws CredentialMisuseError The request goes to another origin, or sets its own `Authorization`,
   *   or the call has ended, or the current identity is another principal's (`runAs`).
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** The audited exception, for SDKs that take no `fetch`: the raw token, for the time of `use`. */
  withToken<Result>(use: (token: string) => Result | Promise<Result>): Promise<Result>
  /** Scopes that the server granted. */
  readonly scopes: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt?: number
}

/** Context that a tool's body gets with its input. */
export interface Call<Access extends AccessRules = AccessRules> {
  /** Name of the tool that runs. */
  readonly tool: string
  /** Absent in public tools. */
  readonly identity?: Identity
  /** Credentials that the policy declares, by their names there. */
  readonly access: { readonly [Name in keyof Access]: Credential }
  /** The same on every try of a `write` call; a fresh one for each `read` call. */
  readonly idempotencyKey: string
  /** Aborted when the call is to end. */
  readonly signal: AbortSignal
}
