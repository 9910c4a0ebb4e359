import { InvalidTokenError } from '../errors/index.ts'
import { safeCause } from './safe-cause.ts'

/**
 * `iss` of a JWT, unverified: to choose among servers that the app trusts, and for nothing else.
 *
 * The payload as Latin-1 text is JSON of the same structure, and an issuer is a URL, so ASCII; nothing else
 * is read of it. Decoding all of it would cost twice as much.
 *
 * @throws InvalidTokenError `malformed`
 */
export function readIssuer(jwt: string): unknown {
  const [, payload = '', signature, ...rest] = jwt.split('.', 4)
  try {
    if (signature === undefined || rest.length > 0) throw new TypeError('not three parts')
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    if (typeof claims !== 'object' || claims === null) throw new TypeError('no object')
    return (claims as { readonly iss?: unknown }).iss
  } catch (error) {
    throw new InvalidTokenError('malformed', 'the token is not a well-formed signed JWT', { cause: safeCause(error) })
  }
}

/** A token that names an issuer which is none of ours. Whoever made the token wrote that name. */
export function unknownIssuer(issuer: unknown): InvalidTokenError {
  const name = typeof issuer === 'string' ? JSON.stringify(issuer.slice(0, 200)) : 'none'
  return new InvalidTokenError('issuer', `the token is from an issuer that is not known here: ${name}`)
}
