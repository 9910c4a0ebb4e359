import type { CryptoKey } from 'jose'

/** How the client proves itself to the authorization server. */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic'; readonly clientSecret: string }
  | { readonly method: 'client_secret_post'; readonly clientSecret: string }
  | {
      /** A signed assertion (RFC 7523 §2.2); `aud` is the issuer. */
      readonly method: 'private_key_jwt'
      readonly privateKey: CryptoKey
      readonly algorithm: string
      readonly keyId?: string
    }
  | { readonly method: 'none' }
