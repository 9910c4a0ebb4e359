import type { ClientError } from 'openid-client'
import {
  BehalfError,
  ConfigurationError,
  InvalidResponseError,
  OAuthResponseError,
  TransportError,
} from '../../base/errors/index.ts'
import { defined } from '../../base/values/index.ts'
import { oauthLibrary } from '../lazy-libraries.ts'
import type { Profile } from '../profiles/profile.ts'
import { retryAfterSeconds } from '../tokens/times.ts'
import { type ErrorResponse, readErrorResponse } from '../wire.ts'
import { withoutSecrets, withoutTexts } from './bounded-request.ts'

/** Maximum length of a server's description, in characters. */
const MAX_DESCRIPTION = 500

export interface FaultContext {
  /** Name of what was requested, for messages. */
  readonly what: string
  /** Epoch milliseconds. */
  readonly now: number
  /** Texts that a chatty server may repeat and that must not come into a message. */
  readonly secrets: readonly string[]
}

/** Turns an error of the OAuth library into an error of this SDK. Of a body, keeps only `error` and its description. */
export async function requestFault(error: unknown, context: FaultContext): Promise<unknown> {
  const ours = bornHere(error)
  if (ours !== undefined) return ours
  const { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } = await oauthLibrary()
  if (error instanceof ResponseBodyError) return refusal(error.cause, error.response, error, context)
  if (error instanceof WWWAuthenticateChallengeError) {
    // RFC 6749 §5.2: a 401 to a client carries a challenge besides the error in its body.
    const body: unknown = await error.response.json().catch(() => undefined)
    const fallback = { error: error.cause[0]?.parameters.error }
    return refusal(readErrorResponse(body) === undefined ? fallback : body, error.response, error, context)
  }
  const cause = withoutSecrets(error)
  if (error instanceof ClientError && error.code === 'OAUTH_TIMEOUT') {
    return new TransportError(`${context.what} was not answered in time`, { cause })
  }
  if (error instanceof ClientError && error.code === 'OAUTH_MISSING_SERVER_METADATA') {
    return new ConfigurationError('authorizationServer', `this server's metadata has no endpoint for ${context.what}`, {
      cause,
    })
  }
  const reason = error instanceof ClientError ? reasonOf(error) : undefined
  const unreadable = error instanceof ClientError && isUnreadable(error)
  const status = refusedStatus(error)
  const said = status === undefined ? '' : ` (status ${status})`
  const message = `the answer to ${context.what}${said} breaks the specification`
  return new InvalidResponseError(reason === undefined ? message : `${message}: ${reason}`, {
    cause,
    unreadable,
    status,
  })
}

/**
 * Errors of the library that describe the problem. Their messages name claims and fields, and never contain a value.
 */
const explained: readonly string[] = ['OperationProcessingError', 'UnsupportedOperationError']

function reasonOf({ message, cause, code }: ClientError): string | undefined {
  if (cause instanceof Error && explained.includes(cause.name)) return cause.message
  return code === undefined ? undefined : message
}

/** Returns whether the response breaks the protocol: it is not a JSON object, or a success without a token. */
function isUnreadable({ code, cause }: ClientError): boolean {
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON') return true
  if (!(cause instanceof Error)) return false
  if (code === 'OAUTH_PARSE_ERROR') return cause.message.includes('"response" body')
  const { body } = (cause.cause ?? {}) as { readonly body?: unknown }
  if (body === undefined) return false
  return typeof body !== 'object' || body === null || !('access_token' in body)
}

/**
 * Returns whether a refusal means that a grant has ended: expired, revoked or consumed (RFC 6749 §5.2). Some servers
 * answer 400 and name no error.
 */
export function isGrantGone(error: unknown): boolean {
  if (!BehalfError.isInstance(error)) return false
  const { code, error: name, status } = error as { code: string; error?: unknown; status?: unknown }
  return code === 'ERR_OAUTH_RESPONSE' ? name === 'invalid_grant' : code === 'ERR_INVALID_RESPONSE' && status === 400
}

/** Returns whether the refusal of an exchange means, at this provider, that the user must log in again. */
export function endsLogin(error: unknown, { exchange }: Profile): error is OAuthResponseError {
  if (!BehalfError.isInstance(error) || error.code !== 'ERR_OAUTH_RESPONSE') return false
  const { error: name, errorDescription } = error as OAuthResponseError
  const { loginRequiredErrors = ['invalid_request', 'invalid_grant'] } = exchange ?? {}
  return [name, `${name}: ${errorDescription}`].some((one) => loginRequiredErrors.includes(one))
}

/** Returns the status of a refusal in which the library found no error: its cause is the response. */
function refusedStatus(error: unknown): number | undefined {
  const response = withCauses(error).find((one) => one instanceof Response)
  return response !== undefined && response.status >= 400 ? response.status : undefined
}

/** Returns an error of this SDK that the library wrapped. */
const bornHere = (error: unknown): BehalfError | undefined => withCauses(error).find(BehalfError.isInstance)

/** Returns an error and its causes, as deep as the library nests them. */
function withCauses(error: unknown, depth = 4): readonly unknown[] {
  return error instanceof Error && depth > 1 ? [error, ...withCauses(error.cause, depth - 1)] : [error]
}

function refusal(body: unknown, response: Response, error: Error, context: FaultContext): BehalfError {
  const { status } = response
  const cause = withoutSecrets(error)
  const answer = readErrorResponse(body)
  if (answer === undefined)
    return new InvalidResponseError(`${context.what} was answered with ${status} and no OAuth error`, {
      cause,
      unreadable: true,
      status,
    })
  const retryAfter = retryAfterSeconds(response, context.now)
  return new OAuthResponseError(
    { ...answerWithoutSecrets(answer, context.secrets), status, ...(retryAfter !== undefined && { retryAfter }) },
    { cause },
  )
}

/**
 * Pattern of an error code, as all codes of the specifications match it. A caller's token must not be able to change a
 * code.
 */
const code = /^[a-z_]{1,64}$/

function answerWithoutSecrets(answer: ErrorResponse, secrets: readonly string[]): ErrorResponse {
  const clean = (text: string) => withoutTexts(text, secrets).slice(0, MAX_DESCRIPTION)
  const { acrValues, maxAge } = answer
  return defined({
    error: code.test(answer.error) ? answer.error : clean(answer.error),
    acrValues: acrValues?.map(clean),
    maxAge,
    errorDescription: answer.errorDescription && clean(answer.errorDescription),
  })
}

/** Error codes of a connection that failed before a byte of the request was sent. */
const beforeSending: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
])

/** RFC 6749 §5.2: the server refused the client itself, so it did not use the refresh token. */
const beforeTheGrant: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

/** Returns whether the server refused a request before it examined the grant, by the code of the refusal. */
export const isRefusedBefore = (error: string): boolean => beforeTheGrant.has(error)

/**
 * Returns whether a failed request certainly had no effect. In doubt, it may have had one.
 *
 * RFC 6585 §4: a server refuses a request because there were too many. A 503 may come from a proxy whose server has
 * completed the request.
 */
export function hadNoEffect(fault: TransportError): boolean {
  if (fault.status === 429) return true
  for (let at: unknown = fault.cause, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    if (beforeSending.has((at as { readonly code?: unknown }).code)) return true
  }
  return false
}
