import { decodeJwt } from 'jose'
import type { TokenFacts } from './sandbox-event.ts'

type Claims = Readonly<Record<string, unknown>>

/**
 * Reads an access token without verifying it. An opaque token has no facts.
 * @param scopes - Scopes that the server named beside the token. @default none
 */
export function factsOf(accessToken: string, scopes: readonly string[] = []): TokenFacts {
  const claims = claimsOf(accessToken)
  const actors: string[] = []
  for (let { act } = claims; typeof act === 'object' && act !== null; act = (act as Claims).act) {
    actors.push(String((act as Claims).sub))
  }
  return {
    subject: String(claims.sub ?? 'unknown'),
    audience: [claims.aud ?? []].flat().map(String),
    scopes: typeof claims.scope === 'string' ? claims.scope.split(' ').filter(Boolean) : scopes,
    actors,
    ...(Array.isArray(claims.authorization_details) && { authorizationDetails: claims.authorization_details }),
  }
}

/** Reads the token of an `Authorization` header. `undefined`: it has none. */
export function factsOfHeader(authorization: string | null): TokenFacts | undefined {
  const token = /^(?:Bearer|DPoP) (\S+)$/i.exec(authorization ?? '')?.[1]
  return token === undefined ? undefined : factsOf(token)
}

/** Returns the claims of a JWT, and no claims for any other text. */
export function claimsOf(jwt: string): Claims {
  try {
    return decodeJwt(jwt)
  } catch {
    return {}
  }
}

/** A JWT, or a run of characters that may be an opaque token or a code: those have 43. */
const TOKEN = /eyJ[\w-]+(?:\.[\w-]*)+|[\w-]{40,}/g

/**
 * Removes tokens from text that a client sent, or that repeats a client's text: a token may be at an unexpected place.
 */
export function withoutTokens(text: string, shownAs: (token: string) => string = () => '[hidden]'): string {
  return text.replaceAll(TOKEN, (found) => shownAs(found))
}
