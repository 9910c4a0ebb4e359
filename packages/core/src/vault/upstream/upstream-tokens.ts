/** Tokens from a provider. */
export interface UpstreamTokens {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn?: number
  readonly refreshToken?: string
  /** Absent: as was asked, or as before. */
  readonly scopes?: readonly string[]
}

/** Tokens that a provider gave for a code. */
export interface RedeemedTokens extends UpstreamTokens {
  readonly idToken?: string
}

/** An account, as the provider knows it. */
export interface UpstreamAccount {
  readonly id: string
  readonly label?: string
}

/** One try to link an account. */
export interface AuthorizationAttempt {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
}
