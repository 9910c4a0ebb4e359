import type { AuthorizationDetail, Identity, Json } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import { canonicalJson, sha256 } from '../base/values/index.ts'
import { checkBinding } from '../identity/check-access-token.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { isVerified } from '../identity/verified.ts'
import { identityFromAccessToken } from '../identity/verify-access-token.ts'
import { audienceOf, readAuthorizationDetails } from '../identity/wire.ts'
import { unknownIssuer, wrongAudience } from '../oauth/jwt/read-claims.ts'
import type { AuthorizationServers } from '../oauth/server.ts'
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
  /** Headers to add to the API's response: sometimes a fresh nonce. */
  readonly headers: Readonly<Record<string, string>>
}

/** Data that an introspection needs. */
export interface IntrospectContext {
  /** Our own identifiers: a token for another audience must not become an identity. */
  readonly audience: readonly string[]
  /** Thumbprint of the key that the caller proved, if any. */
  readonly provedKey: string | undefined
  /** Aborts the request. */
  readonly signal: AbortSignal | undefined
}

/**
 * Asks the issuer about a token (RFC 7662).
 *
 * Returns a verified identity, or throws `InvalidTokenError` (`inactive`) for an invalid token.
 */
export type Introspect = (token: string, context: IntrospectContext) => Promise<Identity>

export interface CallerRules {
  readonly servers: AuthorizationServers
  readonly audience: readonly string[]
  readonly introspect: Introspect | undefined
  readonly introspectJwts: boolean
}

/**
 * A JWS whose header is a JSON object, in any spelling of its parts: an issuer may accept more spellings than we do.
 * Any other token is opaque to us.
 */
const jwt = /^eyJ[^.]*\.[^.]*\.[^.]*$/

/** Verifies a token, and returns its caller with the rights that it grants. @throws InvalidTokenError */
export async function verifyCaller(
  token: string,
  scheme: Scheme,
  rules: CallerRules,
  context: Omit<IntrospectContext, 'audience'>,
): Promise<Passed> {
  const { provedKey, signal } = context
  const identity =
    rules.introspect === undefined || (jwt.test(token) && !rules.introspectJwts)
      ? await identityFromAccessToken(token, rules.servers, rules.audience, { signal, provedKey })
      : await introspected(token, rules, rules.introspect, context)
  const { claims } = identity
  const authorizationDetails = readAuthorizationDetails(claims)
  const scopes = subjectTokenOf(identity)?.scopes ?? []
  const tokenId = typeof claims.jti === 'string' && claims.jti !== '' ? claims.jti : await idOf(token, claims)
  return { ok: true, identity, scopes, authorizationDetails, claims, tokenId, scheme, headers: {} }
}

/**
 * Returns an id that does not depend on how the token is written. A signature can be written in more than one way. So
 * can an opaque token, in ways that only its issuer knows: then the issuer's answer gives the id, if it says when the
 * token expires. The issuer may list the details in another order each time.
 */
async function idOf(token: string, claims: Claims): Promise<string> {
  if (jwt.test(token)) return sha256(token.slice(0, token.lastIndexOf('.')))
  const { sub, client_id, iat, exp } = claims
  if (exp === undefined) return sha256(token)
  const details = readAuthorizationDetails(claims).map((detail) => canonicalJson(detail as Json))
  return sha256(canonicalJson([sub, client_id, iat, exp, details.sort()].map((claim) => (claim as Json) ?? null)))
}

type Claims = Passed['claims']

async function introspected(
  token: string,
  { servers, audience }: CallerRules,
  introspect: Introspect,
  context: Omit<IntrospectContext, 'audience'>,
): Promise<Identity> {
  const identity = await introspect(token, { ...context, audience })
  if (!isVerified(identity)) {
    throw new ConfigurationError('introspect', 'return the identity that createIntrospection made')
  }
  if (!servers.knows(identity.issuer)) {
    throw unknownIssuer(identity.issuer)
  }
  // RFC 7662 §2.2: a server may omit `aud`; if it is present, it must match.
  const named = audienceOf(identity.claims)
  if (named.length > 0 && !named.some((one) => audience.includes(one))) {
    throw wrongAudience(named, audience)
  }
  checkBinding(identity.claims, context.provedKey)
  return identity
}
