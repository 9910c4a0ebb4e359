import type { VaultToken } from '../options.ts'
import type { AuthorizationDetail, Grant, Session } from '../state.ts'

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
  /** The grant whose chain the token joins, if the server knows it. */
  readonly grant?: Grant | undefined
  /** The key that the token is bound to (RFC 9449 §6.1). */
  readonly thumbprint?: string | undefined
  /** Latest expiry of the token, in epoch seconds: an exchanged token never outlives its subject token. */
  readonly notAfter?: number | undefined
}

/** An access token and its fields in the token response. */
export interface IssuedAccessToken extends VaultToken {
  /** Details that the token has. */
  readonly authorization_details?: readonly AuthorizationDetail[]
}
