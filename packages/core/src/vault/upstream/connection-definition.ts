import { ConfigurationError } from '../../base/errors/index.ts'
import { copyOf, namesOf, refuseUnknownKeys, requireText, scopeList } from '../../base/values/index.ts'
import { requireBoolean } from '../../base/values/options.ts'
import {
  type ClientAuthenticationOptions,
  clientAuthenticationKeys,
} from '../../oauth/client/client-authentication-options.ts'
import { checkEndpoint } from '../../oauth/profiles/check-profile.ts'
import { oidc } from '../../oauth/profiles/oidc.ts'
import { allowInsecureLoopback, type Profile, type ProfileEndpoints } from '../../oauth/profiles/profile.ts'
import { ownParameters } from '../../oauth/requests/authorization-response.ts'
import { metadataOf } from '../../oauth/wire.ts'

/** Tokens from a provider. */
export interface UpstreamTokens {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn?: number
  readonly refreshToken?: string
  /** Absent: as was asked, or as before. */
  readonly scopes?: readonly string[]
}

/** Tokens that a provider gave for a code. */
export interface RedeemedTokens extends UpstreamTokens {
  readonly idToken?: string
}

/** An account, as the provider knows it. */
export interface UpstreamAccount {
  readonly id: string
  readonly label?: string
}

/** One try to link an account. */
export interface AuthorizationAttempt {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
}

/**
 * Members of an answer that form an account's id; `a.b` reads a member of an object. Several are joined with colons,
 * all of them are required, and none may contain a colon.
 */
export type AccountIdPath = string | readonly string[]

/** Source of a linked account's id. */
export type AccountSource =
  /** The verified id_token: the default for connections with an `issuer`. */
  | { readonly from: 'id_token'; readonly id?: string; readonly label?: string }
  /** The answer of the token endpoint. */
  | { readonly from: 'answer'; readonly id: AccountIdPath; readonly label?: string }
  /** The answer to a request with the new access token. */
  | { readonly from: 'endpoint'; readonly url: string; readonly id: AccountIdPath; readonly label?: string }
  /** No id: each user has one account, and a second one replaces it. */
  | { readonly from: 'none' }

/** Request that revokes a grant at a provider without RFC 7009. */
export interface RevocationRequest {
  /** `{client_id}` is replaced. */
  readonly url: string
  /** HTTP method of the request. */
  readonly method: 'POST' | 'DELETE'
  /** `client`: HTTP Basic with our own secret; `token`: the access token as Bearer. */
  readonly authorization: 'client' | 'token'
  /** Put the access token into a JSON body under this name. */
  readonly tokenField?: string
}

/** Facts of a provider: the part of a connection that is the same for every app. Plain data. */
export interface ConnectionPreset {
  /** Name of the provider, for people. */
  readonly label: string
  /** Issuer of a server with metadata, exactly as the metadata writes it. Else give `endpoints`. */
  readonly issuer?: string
  /** Place of the metadata. @default 'oidc' */
  readonly discovery?: 'oidc' | 'oauth2'
  /** Endpoints of a server without metadata. */
  readonly endpoints?: ProfileEndpoints
  /** Scopes to add to every authorization request, such as `openid` and `offline_access`. @default none */
  readonly alwaysScopes?: readonly string[]
  /** Further parameters of the authorization request, such as `access_type`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** The parameter that names scopes. @default 'scope' */
  readonly scopeParameter?: string
  /** Separator of scopes, in requests and answers. @default ' ' */
  readonly scopeSeparator?: ' ' | ','
  /** The API that tokens are asked for (RFC 8707), in every request. */
  readonly resource?: string
  /** Member of a token answer that contains the user's token, if it is not the answer itself. */
  readonly answerMember?: string
  /** `token_type` values that mean Bearer here. */
  readonly bearerTypes?: readonly string[]
  /**
   * Prefix of access tokens that have permissions instead of scopes. The SDK ignores scopes in their answers, and the
   * account counts as linked with the requested scopes.
   * @default none
   */
  readonly unscopedTokenPrefix?: string
  /** Source of a linked account's id. */
  readonly account?: AccountSource
  /**
   * Whether a refresh token can be used only once, and for how long after its use the provider repeats the same answer.
   * @default `{ rotates: true, graceSeconds: 0 }`: nothing is ever sent twice
   */
  readonly refresh?: { readonly rotates: boolean; readonly graceSeconds?: number }
  /** OAuth errors of a refresh that mean that the grant has ended. @default invalid_grant */
  readonly reconnectErrors?: readonly string[]
  /**
   * Errors of a refresh that leave the refresh token unused for certain, as the provider documents them: only then is a
   * rotating token sent again. `invalid_client`, `unauthorized_client` and `unsupported_grant_type` always count.
   * @default none
   */
  readonly unusedErrors?: readonly string[]
  /**
   * Errors that mean that a later retry may succeed. `server_error`, `temporarily_unavailable` and `slow_down` always
   * count.
   * @default none
   */
  readonly outageErrors?: readonly string[]
  /** @default RFC 7009, where the server has it */
  readonly revocation?: RevocationRequest
}

/** One connection: a preset, our client there, and the scopes that it may request. */
export interface ConnectionDefinition extends ConnectionPreset, ClientAuthenticationOptions {
  /** OAuth client id of the app at this provider. */
  readonly clientId: string
  /** All scopes that may be requested. A policy's scopes must be among them. */
  readonly scopes: readonly string[]
  /** Plain http to loopback, for tests. */
  readonly [allowInsecureLoopback]?: true | undefined
}

const presetKeys = namesOf<ConnectionPreset>(
  'label',
  'issuer',
  'discovery',
  'endpoints',
  'alwaysScopes',
  'authorizationParameters',
  'scopeParameter',
  'scopeSeparator',
  'resource',
  'answerMember',
  'bearerTypes',
  'unscopedTokenPrefix',
  'account',
  'refresh',
  'reconnectErrors',
  'unusedErrors',
  'outageErrors',
  'revocation',
)

const definitionKeys = [...presetKeys, ...clientAuthenticationKeys, 'clientId', 'scopes']

/** A connection, read and checked. */
export interface CheckedConnection extends ConnectionPreset {
  readonly name: string
  readonly profile: Profile
  readonly scopes: readonly string[]
  readonly alwaysScopes: readonly string[]
  readonly scopeSeparator: ' ' | ','
  readonly scopeParameter: string
  readonly account: AccountSource
  readonly rotates: boolean
  readonly graceSeconds: number
  readonly reconnectErrors: readonly string[]
  readonly unusedErrors: readonly string[]
  readonly outageErrors: readonly string[]
}

/** Parameters that only this SDK may set: they make an authorization request safe. */
const reserved = [
  ...['client_id', 'response_type', 'redirect_uri', 'state', 'nonce', 'code_challenge', 'code_challenge_method'],
  ...['response_mode', 'request', 'request_uri', 'scope', 'resource'],
]

/** @throws ConfigurationError Names the option that is missing, unknown or wrong. */
export function checkConnection(where: string, name: string, definition: ConnectionDefinition): CheckedConnection {
  const at = `${where}.${name}`
  if (typeof definition !== 'object' || definition === null) throw new ConfigurationError(at, 'give a connection')
  const given = copyOf(definition)
  refuseUnknownKeys(at, given, definitionKeys)
  const { issuer, endpoints, authorizationParameters: more = {} } = given
  requireText(`${at}.label`, given.label)
  const authorizationParameters = ownParameters(`${at}.authorizationParameters`, more, reserved)
  const profile = profileOf(at, given, issuer, endpoints)
  const { account = issuer === undefined ? { from: 'none' } : { from: 'id_token' } } = given
  checkAccount(at, account, given)
  if (given.revocation !== undefined)
    checkEndpoint(`${at}.revocation.url`, given.revocation.url, given[allowInsecureLoopback] === true)
  return Object.freeze({
    ...Object.fromEntries(presetKeys.map((key) => [key, given[key]]).filter(([, value]) => value !== undefined)),
    name,
    authorizationParameters,
    label: given.label,
    profile,
    scopes: scopeList(`${at}.scopes`, given.scopes),
    alwaysScopes: given.alwaysScopes === undefined ? [] : scopeList(`${at}.alwaysScopes`, given.alwaysScopes),
    scopeSeparator: given.scopeSeparator ?? ' ',
    scopeParameter: given.scopeParameter ?? 'scope',
    account,
    ...checkRefresh(`${at}.refresh`, given.refresh),
    reconnectErrors: given.reconnectErrors ?? ['invalid_grant'],
    unusedErrors: given.unusedErrors ?? [],
    outageErrors: given.outageErrors ?? [],
  })
}

function checkRefresh(
  at: string,
  refresh: ConnectionPreset['refresh'] = { rotates: true },
): Pick<CheckedConnection, 'rotates' | 'graceSeconds'> {
  refuseUnknownKeys(at, refresh, ['rotates', 'graceSeconds'])
  const { rotates, graceSeconds = 0 } = refresh
  requireBoolean(`${at}.rotates`, rotates)
  if (!(Number.isFinite(graceSeconds) && graceSeconds >= 0)) {
    throw new ConfigurationError(`${at}.graceSeconds`, 'give a number of seconds, 0 or more')
  }
  return { rotates, graceSeconds }
}

function profileOf(
  at: string,
  given: ConnectionDefinition,
  issuer: string | undefined,
  endpoints: ProfileEndpoints | undefined,
): Profile {
  if ((issuer === undefined) === (endpoints === undefined)) {
    throw new ConfigurationError(at, 'give `issuer` for a server with metadata, or `endpoints` for one without')
  }
  const insecure = given[allowInsecureLoopback]
  for (const [name, url] of Object.entries(endpoints ?? {})) {
    if (name !== 'namesIssuer' && url !== undefined) checkEndpoint(`${at}.endpoints.${name}`, url, insecure === true)
  }
  const client = Object.fromEntries(
    [...clientAuthenticationKeys, 'clientId' as const].map((key) => [key, given[key]]).filter(([, value]) => value),
  ) as Pick<ConnectionDefinition, 'clientId'>
  try {
    const profile = oidc({
      ...client,
      // Without metadata, the token endpoint's origin identifies the server: nothing else names it.
      issuer: issuer ?? new URL(endpoints?.token ?? '').origin,
      discovery: given.discovery,
      ciba: false,
      exchange: false,
      [allowInsecureLoopback]: insecure,
    })
    return endpoints ? Object.freeze({ ...profile, discovery: 'none', metadata: metadataOf(endpoints) }) : profile
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const option = error.option.replace(/^oidc/, at)
    throw new ConfigurationError(option, error.message.slice(error.option.length + 2))
  }
}

function checkAccount(at: string, account: AccountSource, given: ConnectionDefinition): void {
  switch (account.from) {
    case 'id_token':
      if (given.issuer !== undefined) return
      throw new ConfigurationError(`${at}.account`, 'an id_token needs an issuer: name another source')
    case 'endpoint':
      checkEndpoint(`${at}.account.url`, account.url, given[allowInsecureLoopback] === true)
      return
    case 'answer':
    case 'none':
      return
    default:
      throw new ConfigurationError(`${at}.account.from`, "give 'id_token', 'answer', 'endpoint' or 'none'")
  }
}
