import type { AuthorizationDetail, Principal } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Clock } from '../../base/ports/index.ts'
import { checkOptions, kinds } from '../../base/values/index.ts'
import type { AuthorizationServer } from '../../caller/authorization-server/server.ts'
import { type RequestKey, requestKey, type SignRequestOptions } from '../../caller/authorization-server/sign-request.ts'
import type { HintOf } from './hint.ts'

/** Options of `ciba`. */
export interface CibaOptions {
  /**
   * Values of `acr_values`, in order of preference. Required: an answer with any other `acr` approves nothing.
   * @default no `acr` is required
   */
  readonly acrValues?: readonly string[]
  /** Returns the hint that tells the server whom to ask. @default the profile's own way */
  readonly hint?: HintOf
  /** Returns the code that the server requires before it contacts this person (`user_code`). @default none is sent */
  readonly userCode?: (approver: Principal) => string | undefined | Promise<string | undefined>
  /**
   * Time that one delivery of the question may wait for its answer, in seconds.
   * @default what is left of the approval
   */
  readonly requestedExpirySeconds?: number
  /** Sends a signed request object. `true` signs by the profile's `private_key_jwt` key. @default plain parameters */
  readonly signRequest?: boolean | SignRequestOptions
  /** Asks the server to ping when there is an answer: mount `cibaPing` of `@behalf/core/http` for it. @default false */
  readonly ping?: boolean
  /**
   * Whether the granted details match those asked for, for servers that enrich details (RFC 9396 §7.1). Any result
   * other than `true` refuses the answer. @default equal JSON, in any order of keys
   */
  readonly sameDetails?: (granted: readonly AuthorizationDetail[], asked: readonly AuthorizationDetail[]) => boolean
}

/** The options, checked. */
export interface CibaSettings extends Omit<CibaOptions, 'signRequest'> {
  readonly acrValues: readonly string[]
  readonly signRequest?: RequestKey | undefined
}

const optionValues = {
  requestedExpirySeconds: kinds.positiveInteger,
  hint: kinds.function,
  userCode: kinds.function,
  sameDetails: kinds.function,
  ping: kinds.boolean,
}

/** @throws ConfigurationError An option is unknown or wrong. */
export function cibaSettings(options: CibaOptions): CibaSettings {
  checkOptions('ciba', options, optionValues, ['acrValues', 'signRequest'])
  const { acrValues = [] } = options
  const areNames = Array.isArray(acrValues) && acrValues.every((value) => /^[\x21-\x7e]+$/.test(value))
  if (!areNames) throw new ConfigurationError('ciba.acrValues', 'give a list of names without spaces')
  return {
    ...options,
    acrValues: [...acrValues],
    signRequest: requestKey('ciba.signRequest', options.signRequest),
  }
}

/** Context of a backchannel request, and of the polls for its answer. */
export interface PollContext {
  readonly server: AuthorizationServer
  readonly settings: CibaSettings
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}
