/** An access token and its fields in the token response. */
export interface VaultToken {
  /** The access token of the upstream. */
  readonly access_token: string
  /** `DPoP` if the token is bound to a key, else `Bearer`. */
  readonly token_type: 'Bearer' | 'DPoP'
  /** Lifetime of the token, in seconds. */
  readonly expires_in: number
  /** Granted scopes, separated by spaces. */
  readonly scope: string
}

/** Functions of a mocked authorization server for the token vault of another one, in place of its token endpoint. */
export interface VaultUpstream {
  /** The upstream's issuer, exactly as its tokens write it. */
  readonly issuer: string
  /** A login of a user at the upstream: a refresh token for the vault's client. */
  linkForVault(
    clientId: string,
    subject: string,
    resource: string,
    scopes?: readonly string[],
  ): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }>
  /** Returns a fresh access token, or `undefined` if the refresh token is no longer valid. */
  refreshForVault(clientId: string, refreshToken: string): Promise<VaultToken | undefined>
}
