import { ConfigurationError } from '../../base/errors/index.ts'
import { isLoopback, namesSpecialUse, requireText, requireTexts } from '../../base/values/index.ts'

/** Accepts only asymmetric signatures: with a symmetric one, the public key would be the secret. */
const asymmetric = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/

/** Returns whether a JWS algorithm is a signature that only the holder of a private key can make. */
export function isAsymmetric(algorithm: string): boolean {
  return asymmetric.test(algorithm)
}

/** Checks an issuer identifier: `https:`, without query, fragment or credentials (RFC 8414 §2). */
export function checkIssuer(option: string, value: unknown, allowInsecureLoopback: boolean): string {
  const issuer = requireText(option, value)
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined)
    throw new ConfigurationError(option, 'give the issuer as a URL, exactly as its metadata writes it')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowInsecureLoopback && isLoopback(url))) {
    throw new ConfigurationError(
      option,
      'must be https (http: to loopback only, and with [allowInsecureLoopback]: true)',
    )
  }
  if (namesSpecialUse(url) && !(allowInsecureLoopback && isLoopback(url))) {
    throw new ConfigurationError(
      option,
      'must not be an address of special use or localhost: give the server a name (loopback with [allowInsecureLoopback]: true)',
    )
  }
  if (url.username !== '' || url.password !== '' || issuer.includes('?') || issuer.includes('#')) {
    throw new ConfigurationError(option, 'must have no query, fragment, user name or password')
  }
  if (url.pathname.includes('/.well-known/')) {
    throw new ConfigurationError(option, 'give the issuer itself, not the URL of its metadata')
  }
  return issuer
}

/** Checks a URL to which a token or a secret is sent. */
export function checkEndpoint(option: string, value: unknown, insecure: boolean): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && insecure && isLoopback(url))) return
  throw new ConfigurationError(option, 'give an absolute https: URL')
}

/** Checks the accepted signature algorithms: asymmetric, and at least one. */
export function checkAlgorithms(option: string, value: unknown): readonly string[] {
  const algorithms = requireTexts(option, value)
  for (const [index, algorithm] of algorithms.entries()) {
    if (isAsymmetric(algorithm)) continue
    throw new ConfigurationError(`${option}[${index}]`, 'give an asymmetric signature algorithm, such as ES256')
  }
  return algorithms
}
