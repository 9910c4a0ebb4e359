import * as base64url from 'jose/base64url'

/** 256 random bits, base64url: a state, a nonce, a code verifier (RFC 7636 §4.1). */
export const randomSecret = (): string => base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
