import { namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import { textClaim } from '../jwt/read-claims.ts'
import { checkIssuer } from './check-profile.ts'
import { allowInsecureLoopback, type ExchangeProfile, type Profile, type TokenProfile } from './profile.ts'
import { type ProfileOptions, plainExchange, profileKeys, readProfileOptions } from './profile-options.ts'

/** Options of {@link spring}. */
export interface SpringOptions extends ProfileOptions {
  /** Issuer, exactly as the server's metadata writes it. */
  readonly issuer: string
  /** Accepted signature algorithms. @default RS256 */
  readonly algorithms?: readonly string[] | undefined
  /** Lets the issuer be on this machine, over plain HTTP. For tests and local development only. */
  readonly [allowInsecureLoopback]?: true | undefined
}

const optionKeys = namesOf<SpringOptions>(...profileKeys, 'issuer')

/** The server takes its own access tokens, under both of their names. */
const exchange: ExchangeProfile = { ...plainExchange, subjectTokens: ['access_token', 'jwt'] }

/**
 * Reads tokens as the server makes them by itself: no type, a list of scopes, and the client as the only audience. A
 * token without `client_id` names its client only if that is one of ours; the audience of any other may be an API.
 */
function tokenOf(clients: readonly string[]): TokenProfile {
  const clientId: TokenProfile['clientId'] = (claims) => {
    const [audience, ...others] = [claims.aud].flat()
    const isOurs = others.length === 0 && clients.includes(audience as string)
    return textClaim(claims, 'client_id') ?? (isOurs ? (audience as string) : undefined)
  }
  return {
    accessTokenTypes: ['', 'jwt'],
    requiredClaims: ['sub', 'iat', 'jti', 'nbf'],
    clientId,
    tenant: () => undefined,
    scopes: ({ scope }) => scope,
    // An id_token has `azp`, and no `nbf`. Without the client, a token of the client itself would look like a user's.
    isAccessToken: (claims) => claims.azp === undefined && claims.nbf !== undefined && clientId(claims) !== undefined,
  }
}

/**
 * Makes the profile of a Spring Authorization Server (Spring Security 7).
 *
 * By itself the server ignores `resource`: `aud` of each access token is the client, and every exchange for an API is
 * refused here. A token customizer of the server must make `aud` follow `resource`, and write `client_id`: the guide
 * "Providers" has it. There is no backchannel authentication. Makes no request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://docs.spring.io/spring-security/reference/servlet/oauth2/authorization-server/index.html | Spring Authorization Server}
 */
export function spring(options: SpringOptions): Profile {
  refuseUnknownKeys('spring', options, optionKeys)
  const insecure = options[allowInsecureLoopback] === true
  const read = readProfileOptions('spring', options, { secretMethod: 'client_secret_basic', algorithms: ['RS256'] })
  return Object.freeze({
    provider: 'spring',
    issuer: checkIssuer('spring.issuer', options.issuer, insecure),
    ...read,
    target: 'resource',
    ciba: undefined,
    exchange,
    token: tokenOf([read.clientId, ...(read.interactiveClients ?? [])]),
    ...(insecure && { [allowInsecureLoopback]: true as const }),
  })
}
