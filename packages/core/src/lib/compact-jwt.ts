const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/**
 * Whether a text is a JWT in the compact form: three parts in base64url, without padding or white space, which decoders
 * let pass. The signature may be empty: that is for the verification to refuse.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-2 | RFC 7515 §2}
 */
export function isCompactJwt(text: string): boolean {
  return COMPACT.test(text) && text.split('.').every((part) => part.length % 4 !== 1)
}
