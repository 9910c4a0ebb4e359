import type { AuthorizationDetail, Grant, Session } from './state.ts'
import type { VaultToken } from './vault-upstream.ts'

/** An `act` claim. */
export interface ActorClaim {
  readonly sub: string
  readonly act?: ActorClaim
  readonly [claim: string]: unknown
}

/** An access token to issue. */
export interface AccessTokenRequest {
  /** Id of the client that the token is issued to. */
  readonly clientId: string
  /** The user, or the client itself if there is no user. */
  readonly subject: string
  /** Identifiers of the APIs that the token is for. */
  readonly audience: readonly string[]
  /** Scopes that the token has. */
  readonly scopes: readonly string[]
  /** The party that acts for the user. */
  readonly actor?: ActorClaim | undefined
  /** Details that a person approved. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** The login that the token is from. */
  readonly session?: Session | undefined
  /** `jti` of the token whose chain the new token joins. @default that of `grant` */
  readonly chainOf?: string | undefined
  /** The chain that the token belongs to, where the server has one at hand. */
  readonly grant?: Grant | undefined
  /** The key that the token is bound to (RFC 9449 §6.1). */
  readonly thumbprint?: string | undefined
  /** Caps the life time, epoch seconds: an exchanged token ends with its subject token at the latest. */
  readonly notAfter?: number | undefined
}

/** An access token and its fields in the token response. */
export interface IssuedAccessToken extends VaultToken {
  /** Details that the token has. */
  readonly authorization_details?: readonly AuthorizationDetail[]
}
