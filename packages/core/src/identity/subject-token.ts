import type { Identity } from '../base/contract/index.ts'
import { shared } from '../base/process/shared-state.ts'
import type { Token } from '../credential/token.ts'
import type { Profile } from '../oauth/profiles/profile.ts'

/**
 * Token types, as RFC 8693 names them.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-3 | RFC 8693 §3}
 */
export type SubjectTokenType = 'access_token' | 'id_token' | 'refresh_token' | 'jwt'

/** The token that proves a user to an authorization server. */
export interface SubjectToken {
  /** Token that proves the user or agent. Secret. */
  readonly token: Token
  /** Type of the token, as a token exchange names it. */
  readonly type: SubjectTokenType
  /** Scopes and audience of the token itself, where known: they bound an exchange for the same audience (I5). */
  readonly scopes?: readonly string[]
  /** Audiences of the token. Absent: not known. */
  readonly audience?: readonly string[]
  /** Thumbprint of the key that the token is bound to. It must not be presented as Bearer (I8). */
  readonly keyThumbprint?: string
  /** The id_token of the same login, if there is one: an employer's server asserts a user by it. */
  readonly idToken?: Token
  /** True if the person was present when the token was issued: by a login, or by an interactive client. */
  readonly isInteractive?: boolean
}

/** Proof behind a verified identity: its token, or at least whether its person was present. */
export type Proof = SubjectToken | { readonly isInteractive: boolean }

/** Returns the token behind a verified identity, or `undefined` if it came without one. */
export function subjectTokenOf(identity: Identity): SubjectToken | undefined {
  const proof = shared.verified.get(identity) as Proof | undefined
  return proof !== undefined && 'token' in proof ? proof : undefined
}

/** Returns whether the person was there when the proof of a verified identity was made. */
export function isInteractive(identity: Identity): boolean {
  return (shared.verified.get(identity) as Proof | undefined)?.isInteractive === true
}

/** Returns whether the person is present when a client gets tokens, by the profile of their issuer. */
export function isInteractiveClient(
  { clientId: own, interactiveClients = [own] }: Pick<Profile, 'clientId' | 'interactiveClients'>,
  clientId: string,
): boolean {
  return interactiveClients.includes(clientId)
}
