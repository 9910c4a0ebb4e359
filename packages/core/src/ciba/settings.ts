import type { AuthorizationDetail, Principal } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import type { Clock } from '../base/ports.ts'
import { checkOptions, kinds, oneOf } from '../base/values/index.ts'
import { type RequestKey, requestKey, type SignRequestOptions } from '../oauth/client/sign-request.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer } from '../oauth/server.ts'

/** Names the person to ask, in one of the three ways that CIBA has. */
export type BackchannelHint =
  | { readonly loginHint: string }
  /** A signed token that names the person. Client and server agree on its form. */
  | { readonly loginHintToken: string }
  /** An id_token that the server issued to us for this person. */
  | { readonly idTokenHint: string }

/** Finds the hint of an approver. */
export type HintOf = (approver: Principal) => BackchannelHint | Promise<BackchannelHint>

/** Returns the hint as form parameters. */
export function hintParameters(hint: BackchannelHint): Readonly<Record<string, string>> {
  if ('loginHint' in hint) return { login_hint: hint.loginHint }
  if ('loginHintToken' in hint) return { login_hint_token: hint.loginHintToken }
  return { id_token_hint: hint.idTokenHint }
}

/** Options of `ciba`. */
export interface CibaOptions {
  /** Levels of login to ask for (`acr_values`), in order of preference. @default none */
  readonly acrValues?: readonly string[]
  /**
   * Whether an answer must be at one of the levels of `acrValues`. `'essential'` needs `acrValues`, if it is given: an
   * answer with any other `acr`, or without one, approves nothing. With the profile `'fapi'`, the level is also asked
   * for as an essential claim (OpenID Connect Core §5.5.1.1). `'voluntary'`: `acrValues` are a wish: the server decides
   * the level, and may omit it.
   * @default 'essential'
   */
  readonly acr?: 'essential' | 'voluntary'
  /** Returns the hint that tells the server whom to ask. @default the profile's own way */
  readonly hint?: HintOf
  /** Returns the code that the server requires before it contacts this person (`user_code`). @default none is sent */
  readonly userCode?: (approver: Principal) => string | undefined | Promise<string | undefined>
  /**
   * Maximum time that one delivery of the question waits for its answer, in seconds.
   * @default what is left of the approval
   */
  readonly requestedExpirySeconds?: number
  /** Sends a signed request object. `true` signs by the profile's `private_key_jwt` key. @default plain parameters */
  readonly signRequest?: boolean | SignRequestOptions
  /**
   * Asks the server to ping when there is an answer: mount `cibaPing` of `@behalf/core/http` for it. `'only'` polls only
   * after a ping, and once before the request expires, in case a ping was lost.
   * @default false
   */
  readonly ping?: boolean | 'only'
  /**
   * Whether the answer's token is the credential of a policy without `approval.details`, by its scopes alone. The trace
   * says `enforcedBy: sdk`.
   * @default false: the token is dropped, and the credential comes from an exchange
   */
  readonly scopedToken?: boolean
  /**
   * `'fapi'` refuses what FAPI-CIBA does not allow: a client that authenticates by a secret, an algorithm other than
   * PS256 and ES256, a request that is not signed, and a missing `acrValues` unless `acr` is `'voluntary'`. The profile's
   * `private_key_jwt` key signs requests unless `signRequest` gives another one.
   * @default the provider's rules alone
   */
  readonly profile?: 'fapi'
  /**
   * Returns whether the granted details match those asked for, for servers that enrich details (RFC 9396 §7.1). Any
   * result other than `true` refuses the answer.
   * @default equal JSON, in any order of keys
   */
  readonly sameDetails?: (granted: readonly AuthorizationDetail[], asked: readonly AuthorizationDetail[]) => boolean
}

/** The checked options. */
export interface CibaSettings extends Omit<CibaOptions, 'signRequest'> {
  readonly acrValues: readonly string[]
  /** Levels of which an answer must name one. Empty: any level. */
  readonly requiredAcr: readonly string[]
  readonly signRequest?: RequestKey | undefined
}

const optionValues = {
  requestedExpirySeconds: kinds.positiveInteger,
  hint: kinds.function,
  userCode: kinds.function,
  sameDetails: kinds.function,
  ping: { words: "true, false or 'only'", holds: (value: unknown) => typeof value === 'boolean' || value === 'only' },
  scopedToken: kinds.boolean,
  profile: oneOf('fapi'),
  acr: oneOf('essential', 'voluntary'),
}

/** @throws ConfigurationError An option is unknown or wrong. */
export function cibaSettings(options: CibaOptions): CibaSettings {
  checkOptions('ciba', options, optionValues, ['acrValues', 'signRequest'])
  const { acrValues = [] } = options
  const areNames = Array.isArray(acrValues) && acrValues.every((value) => /^[\x21-\x7e]+$/.test(value))
  if (!areNames) throw new ConfigurationError('ciba.acrValues', 'give a list of names without spaces')
  const isFapi = options.profile === 'fapi'
  const signRequest = requestKey('ciba.signRequest', options.signRequest ?? isFapi)
  if (isFapi && signRequest === undefined) {
    throw new ConfigurationError('ciba.signRequest', 'FAPI-CIBA needs signed requests: leave it out, or give a key')
  }
  const isRequired = options.acr !== 'voluntary'
  if (isRequired && (isFapi || options.acr === 'essential') && acrValues.length === 0) {
    const fix = "name it, or leave it to the server: acr: 'voluntary'"
    throw new ConfigurationError('ciba.acrValues', `an essential level of login (FAPI-CIBA) has no value here: ${fix}`)
  }
  return { ...options, acrValues: [...acrValues], requiredAcr: isRequired ? [...acrValues] : [], signRequest }
}

/** Context of a backchannel request, and of the polls for its answer. */
export interface PollContext {
  readonly server: AuthorizationServer
  readonly settings: CibaSettings
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

const fapiAlgorithms = ['PS256', 'ES256']

/** Returns what FAPI-CIBA forbids of a client, in words (FAPI Security Profile 1.0, Part 2, §5.2.2 and §8.6). */
export function fapiProblem(
  { clientAuthentication, algorithms }: Profile,
  { signRequest }: CibaSettings,
): string | undefined {
  const { method } = clientAuthentication
  if (method !== 'private_key_jwt' && !method.endsWith('tls_client_auth')) {
    return `FAPI-CIBA needs private_key_jwt or a certificate, and the client authenticates by ${method}`
  }
  if (signRequest === true && method !== 'private_key_jwt') {
    return 'FAPI-CIBA needs signed requests: give ciba({ signRequest }) a key'
  }
  const keys = [clientAuthentication, ...(typeof signRequest === 'object' ? [signRequest] : [])]
  const used = keys.flatMap((key) => ('algorithm' in key ? key.algorithm : []))
  const other = [...used, ...algorithms].find((algorithm) => !fapiAlgorithms.includes(algorithm))
  return other && `FAPI-CIBA allows PS256 and ES256, and not ${other}: name the algorithms in the profile`
}
