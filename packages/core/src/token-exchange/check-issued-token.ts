import * as z from 'zod/mini'
import type { Actor, AuthorizationDetail, Identity, Json } from '../base/contract/index.ts'
import { BehalfError, InvalidResponseError, InvalidTokenError } from '../base/errors/index.ts'
import { meansSame } from '../base/values/index.ts'
import type { Token } from '../credential/index.ts'
import { checkAccessToken, checkBinding, checkRequiredClaims } from '../identity/check-access-token.ts'
import { isBound, isForOthers, readActor } from '../identity/wire.ts'
import { isOfOtherClient, subjectOf, unverifiedClaims } from '../oauth/jwt/read-claims.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer, RequestOptions, TokenResponse } from '../oauth/server.ts'
import { checkNewToken } from '../oauth/tokens/new-tokens.ts'
import { grantedScopes } from '../oauth/tokens/scopes.ts'

/** Required outermost actor of the new token. A field that is absent may have any value. */
export interface ExpectedActor {
  /** `sub` of the actor. */
  readonly subject?: string
  /** `iss` of the actor. */
  readonly issuer?: string
}

/** Returns the number of parties that act, one through the other. */
export function depthOf(actor: Actor | undefined): number {
  let depth = 0
  for (let at = actor; at !== undefined; at = at.actor) depth++
  return depth
}

const mayAct = z.looseObject({ sub: z.optional(z.string()), iss: z.optional(z.string()) })

/**
 * Checks the expected actor against the party that the user's token allows to act. Pure.
 *
 * The server decides; this only avoids sending a token that the server must refuse.
 *
 * @throws InvalidTokenError `actor`: the token names another party.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.4 | RFC 8693 §4.4}
 */
export function checkMayAct(claims: Readonly<Record<string, unknown>>, expected: ExpectedActor | undefined): void {
  if (claims.may_act === undefined || expected === undefined) return
  const { success, data } = mayAct.safeParse(claims.may_act)
  if (!success) throw new InvalidTokenError('actor', 'the may_act claim is malformed')
  const { subject = data.sub, issuer = data.iss } = expected
  if (subject !== (data.sub ?? subject) || issuer !== (data.iss ?? issuer)) {
    throw new InvalidTokenError('actor', "the user's token lets another party act")
  }
}

/** Values of the request, to compare with the answer. */
export interface Expected {
  readonly identity: Identity
  readonly actor: ExpectedActor | undefined
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Prefix of each scope in the answer, if the provider writes its target there. */
  readonly scopePrefix?: string
  /** Type of the issued token, as a URI. Absent: the grant is not that of RFC 8693, and its answer has no such type. */
  readonly issuedTokenType?: string
  readonly accessToken: boolean
  readonly authorizationDetails: readonly AuthorizationDetail[] | undefined
  /** The subject token is bound to a key. */
  readonly bound: boolean
  /** True if our key was proved: then the new token must be bound to it. */
  readonly proved: boolean
  /** Tokens that were sent. The answer must not return one of them as new. */
  readonly handedIn: readonly Token[]
}

/** Claims of a JWT of the server, after its verification. */
export interface IssuedClaims {
  readonly claims: Readonly<Record<string, unknown>>
  readonly actor: Actor | undefined
}

/** Compares the answer itself with the request. Pure. @throws InvalidResponseError */
export function checkResponse(response: TokenResponse, expected: Expected): void {
  checkNewToken(response, expected)
  if (response.tokenType === 'n_a') throw refused('issued no access token of type Bearer or DPoP')
  if (response.tokenType === 'bearer') {
    // I8: any holder could use the new token, unlike the bound one.
    if (expected.bound || isBound(expected.identity.claims)) {
      throw refused('issued an unbound token for one that is bound to a key')
    }
    // RFC 9449 §5: a server that ignores the proof returns another token type, and the client must discard the token.
    if (expected.proved) throw refused('issued an unbound token, where our key was proved')
  }
}

/** Returns the scopes that the new token really has, under the requested names. */
export function checkScopes(
  { scopes: answered }: Pick<TokenResponse, 'scopes'>,
  issued: IssuedClaims | undefined,
  { scopes: asked, scopePrefix = '' }: Expected,
  profile: Profile,
): readonly string[] {
  const granted = grantedScopes(profile.token, {
    asked,
    answered: answered?.map((scope) => (scope.startsWith(scopePrefix) ? scope.slice(scopePrefix.length) : scope)),
    claims: issued?.claims,
  })
  if ('problem' in granted) throw refused(granted.problem)
  return granted.scopes ?? asked
}

/**
 * Verifies the new token, if it is a JWT of the server that issued it. Returns `undefined` for any other token.
 * @throws InvalidResponseError It does not verify, or is for another user or target than requested.
 */
export async function verifyIssued(
  { accessToken: token, tokenType }: TokenResponse,
  server: AuthorizationServer,
  expected: Expected,
  { signal }: RequestOptions,
): Promise<IssuedClaims | undefined> {
  const { profile } = server
  // Shows whether the token can be verified at all.
  if ((await unverifiedClaims(token))?.iss !== profile.issuer) return undefined
  try {
    const types = expected.accessToken ? profile.token.accessTokenTypes : undefined
    const verified = await server.verifyJwt(token, { audience: expected.audience, types, signal })
    const { claims } = verified
    if (expected.accessToken) checkAccessToken(profile, verified)
    else checkRequiredClaims(profile.token, claims)
    checkClaims(claims, profile, expected)
    if (isForOthers(claims, expected.audience, profile.token))
      throw refused('issued a token that is for other APIs too')
    // RFC 9449 §6.1: the answer and the token must agree on the binding.
    checkBinding(claims, tokenType === 'dpop' ? profile.dpop?.thumbprint : undefined)
    return { claims, actor: readActor(claims.act) }
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_INVALID_TOKEN') throw error
    throw new InvalidResponseError(`the authorization server issued a token that does not verify: ${error.message}`, {
      cause: error,
    })
  }
}

function checkClaims(claims: Readonly<Record<string, unknown>>, profile: Profile, expected: Expected): void {
  if (isOfOtherClient(profile, claims)) throw refused('issued a token for another client')
  const { identity } = expected
  const subject = identity.kind === 'user' ? identity.subject : subjectOf(profile, identity.claims)
  // I7: a subject identifies a user only at its own issuer.
  if (identity.issuer !== profile.issuer) return
  if (subjectOf(profile, claims) !== subject) throw refused('issued a token for another subject')
  const tenant = profile.token.tenant(claims)
  if (tenant !== undefined && tenant !== identity.tenant) throw refused('issued a token for another tenant')
}

/** Compares the outermost actor only (RFC 8693 §4.1): the others are for the audit. */
export function checkActor(issued: IssuedClaims | undefined, expected: ExpectedActor | undefined): void {
  if (expected === undefined) return
  if (issued === undefined) throw refused('issued a token that cannot be read, so who acts cannot be checked')
  const { actor } = issued
  if (actor === undefined) {
    throw refused('issued a token that names no actor: impersonation, where delegation was asked')
  }
  const { subject = actor.subject, issuer = actor.issuer } = expected
  if (actor.subject !== subject || actor.issuer !== issuer) throw refused('issued a token for another actor')
}

/**
 * Compares the granted details. RFC 9396 §7: the server returns them; §7.1: they may be less, or more. Only equal
 * details are accepted.
 */
export function checkDetails(
  response: TokenResponse,
  issued: IssuedClaims | undefined,
  asked: Expected['authorizationDetails'],
): void {
  if (asked === undefined) return
  const inToken = issued?.claims.authorization_details
  const granted = response.authorizationDetails ?? inToken ?? []
  // An API reads the details in the token, whatever the response contains.
  if (![granted, inToken ?? granted].every((details) => meansSame(details, asked as Json))) {
    throw refused('granted other authorization details than were asked')
  }
}

function refused(what: string): InvalidResponseError {
  return new InvalidResponseError(`the authorization server ${what}; the token was dropped`)
}
