import type { AuthorizationDetail, Identity } from '../../base/contract/index.ts'
import type { Scheme } from './challenge.ts'

/** Caller that may continue, and its rights. */
export interface Passed {
  /** Always this value; it discriminates the union. */
  readonly ok: true
  /** Verified user or agent that calls the API. */
  readonly identity: Identity
  /** Scopes of the token. */
  readonly scopes: readonly string[]
  /** Details that the token was approved for (RFC 9396 §9.1). The API compares them with the request. */
  readonly authorizationDetails: readonly AuthorizationDetail[]
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>
  /**
   * Id of the token: `jti`, else a hash of its signed part, or of the issuer's answer about an opaque token. It is the
   * same for each use of the same token, in every spelling.
   */
  readonly tokenId: string
  /** Scheme by which the token was presented. `DPoP`: its key was proved. */
  readonly scheme: Scheme
  /** Headers to add to the API's answer: a fresh nonce now and then, else none. */
  readonly headers: Readonly<Record<string, string>>
}
