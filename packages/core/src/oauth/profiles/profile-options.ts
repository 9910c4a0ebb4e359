import type { Principal } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { checkValues, defined, kinds, namesOf, requireText, requireTexts } from '../../base/values/index.ts'
import {
  type ClientAuthenticationOptions,
  chooseClientAuthentication,
  clientAuthenticationKeys,
} from '../client/client-authentication-options.ts'
import type { DpopKey } from '../client/dpop-key.ts'
import { checkAlgorithms } from './check-profile.ts'
import type { CibaProfile, ExchangeProfile } from './profile.ts'

/** Options of every profile. */
export interface ProfileOptions extends ClientAuthenticationOptions {
  /** OAuth client id of the agent at this provider. */
  readonly clientId: string
  /** Accepted signature algorithms; name only those that the server uses. */
  readonly algorithms?: readonly string[] | undefined
  /** Our key: token requests prove it, and tokens are bound to it. See `generateDpopKey`, `importDpopKey`. */
  readonly dpop?: DpopKey | undefined
  /**
   * The server's name for our agent in `act`. Given: a token for a user must name it, and impersonation is refused.
   * @default no actor is required: not every provider writes `act`
   */
  readonly actor?: string | undefined
  /**
   * Whether a refresh token can be used only once. Give `false` if the server accepts the same token again: then a lost
   * response needs no new login.
   * @default true: no refresh token is ever sent twice
   */
  readonly rotatesRefreshTokens?: boolean | undefined
  /**
   * Clients that get access tokens only while their user is present, such as the app's web client. Only their tokens,
   * logins and sessions answer questions, create delegations and connect accounts.
   * @default the profile's own `clientId`
   */
  readonly interactiveClients?: readonly string[] | undefined
  /**
   * Whether the given `fetch` shows the client's certificate: then the server's `mtls_endpoint_aliases` are used, also
   * with `private_key_jwt` (RFC 8705 §5).
   * @default true where a certificate authenticates the client
   */
  readonly mutualTls?: boolean | undefined
}

export const profileKeys = namesOf<ProfileOptions>(
  ...clientAuthenticationKeys,
  'clientId',
  'algorithms',
  'dpop',
  'actor',
  'rotatesRefreshTokens',
  'interactiveClients',
  'mutualTls',
)

export interface ProfileDefaults {
  readonly secretMethod: 'client_secret_basic' | 'client_secret_post'
  readonly algorithms: readonly string[]
  readonly rotatesRefreshTokens?: boolean
}

/** Reads the options that all profiles share. */
export function readProfileOptions(
  where: string,
  options: ProfileOptions,
  { secretMethod, algorithms, rotatesRefreshTokens }: ProfileDefaults,
) {
  const dpop = checkDpop(`${where}.dpop`, options.dpop)
  const { boolean, text } = kinds
  checkValues(`${where}.`, options, { mutualTls: boolean, rotatesRefreshTokens: boolean, actor: text })
  const { mutualTls, actor, interactiveClients: clients } = options
  const { rotatesRefreshTokens: rotates = rotatesRefreshTokens } = options
  const interactiveClients = clients === undefined ? undefined : requireTexts(`${where}.interactiveClients`, clients)
  return {
    clientId: requireText(`${where}.clientId`, options.clientId),
    clientAuthentication: chooseClientAuthentication(where, options, secretMethod),
    algorithms: checkAlgorithms(`${where}.algorithms`, options.algorithms ?? algorithms),
    ...defined({ dpop, interactiveClients, actor, mutualTls, rotatesRefreshTokens: rotates }),
  }
}

function checkDpop(option: string, key: DpopKey | undefined): DpopKey | undefined {
  if (key === undefined) return undefined
  if (typeof key?.proof === 'function' && typeof key.thumbprint === 'string') return key
  throw new ConfigurationError(option, 'give a key that generateDpopKey or importDpopKey made; await it first')
}

/** CIBA as its specification defines it. Assumes nothing that the specification leaves open. */
export const plainCiba: CibaProfile = {
  hint: ({ subject }) => ({ login_hint: subject }),
  checkBindingMessage: () => undefined,
  requestedExpiry: { parameter: 'requested_expiry', min: 1, max: 86_400 },
  carriesAuthorizationDetails: false,
  reportsExpiryAsDenied: false,
}

/** RFC 8693, promising nothing that it leaves open. */
export const plainExchange: ExchangeProfile = {
  grant: 'token-exchange',
  carriesAuthorizationDetails: false,
  subjectTokens: ['access_token', 'id_token', 'refresh_token', 'jwt'],
  // RFC 8693 §2.2.2 defines the first; RFC 6749 §5.2, and servers that follow it, use the second.
  loginRequiredErrors: ['invalid_request', 'invalid_grant'],
}

/** Checks a host name, in the exact spelling of the issuer: it is compared as text. */
export function checkDomain(option: string, value: unknown, example: string): string {
  const domain = requireText(option, value)
  if (!URL.canParse(`https://${domain}/`) || new URL(`https://${domain}/`).host !== domain) {
    throw new ConfigurationError(option, `give the bare domain in lower case, such as ${example}`)
  }
  return domain
}

/** Returns the name of an approver for a provider that does not know them by their subject. */
export type LoginHint = (approver: Principal) => string

/** Makes the `login_hint` for a provider that requires user names. It throws if the app gave no function. */
export function userNameHint(option: string, loginHint: LoginHint | undefined) {
  if (loginHint !== undefined && typeof loginHint !== 'function') {
    throw new ConfigurationError(option, 'give a function that answers with the user name of an approver')
  }
  return (approver: Principal): Readonly<Record<string, string>> => {
    if (loginHint === undefined) {
      throw new ConfigurationError(
        option,
        'this provider is asked for an approver by user name, not by subject: give a function that knows it',
      )
    }
    return { login_hint: requireText(option, loginHint(approver)) }
  }
}
