import type { ClientError } from 'openid-client'
import {
  BehalfError,
  ConfigurationError,
  InvalidResponseError,
  OAuthResponseError,
  TransportError,
} from '../errors/index.ts'
import { oauthLibrary } from './libraries.ts'
import { retryAfterSeconds } from './times.ts'
import { type ErrorResponse, readErrorResponse } from './wire.ts'
import { withoutSecrets } from './without-secrets.ts'

/** A server's own words, cut where they stop being a sentence. */
const MAX_DESCRIPTION = 500

export interface FaultContext {
  /** Name of what was requested, for messages. */
  readonly what: string
  /** Epoch milliseconds. */
  readonly now: number
  /** Texts that a chatty server may repeat and that must not come into a message. */
  readonly secrets: readonly string[]
}

/** Turns what the OAuth library throws into one of our faults. Nothing of a body is kept but `error` and its description. */
export async function requestFault(error: unknown, context: FaultContext): Promise<unknown> {
  const ours = bornHere(error)
  if (ours !== undefined) return ours
  const { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } = await oauthLibrary()
  if (error instanceof ResponseBodyError) return refusal(error.cause, error.response, error, context)
  if (error instanceof WWWAuthenticateChallengeError) {
    // RFC 6749 §5.2: a 401 to a client carries a challenge beside the error in its body.
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
  const message = `the answer to ${context.what} breaks the specification`
  const status = refusedStatus(error)
  return new InvalidResponseError(reason === undefined ? message : `${message}: ${reason}`, {
    cause,
    unreadable,
    status,
  })
}

/** Errors of the library that say what is wrong. Their messages name claims and fields, and never hold a value. */
const explained: readonly string[] = ['OperationProcessingError', 'UnsupportedOperationError']

function reasonOf({ message, cause, code }: ClientError): string | undefined {
  if (cause instanceof Error && explained.includes(cause.name)) return cause.message
  return code === undefined ? undefined : message
}

/** Whether the response breaks the protocol: it is not a JSON object, or a success without a token. */
function isUnreadable({ code, cause }: ClientError): boolean {
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON') return true
  if (!(cause instanceof Error)) return false
  if (code === 'OAUTH_PARSE_ERROR') return cause.message.includes('"response" body')
  const { body } = (cause.cause ?? {}) as { readonly body?: unknown }
  if (body === undefined) return false
  return typeof body !== 'object' || body === null || !('access_token' in body)
}

/**
 * Whether a refusal of a grant that was good once says that the grant is gone: expired, revoked or used up (RFC 6749
 * §5.2). Some servers answer 400 and name no error.
 */
export function isGrantGone(error: unknown): boolean {
  if (!BehalfError.isInstance(error)) return false
  const { code, error: name, status } = error as { code: string; error?: unknown; status?: unknown }
  return code === 'ERR_OAUTH_RESPONSE' ? name === 'invalid_grant' : code === 'ERR_INVALID_RESPONSE' && status === 400
}

/** The status of a refusal in which the library found no error: it hands the response over as a cause. */
function refusedStatus(error: unknown): number | undefined {
  for (let at = error, depth = 0; depth < 4; depth++) {
    if (at instanceof Response) return at.status >= 400 ? at.status : undefined
    if (!(at instanceof Error)) return undefined
    at = at.cause
  }
  return undefined
}

/** A fault of ours that the library wrapped on its way through. */
function bornHere(error: unknown): BehalfError | undefined {
  for (let at = error, depth = 0; depth < 4 && at instanceof Error; at = at.cause, depth++) {
    if (BehalfError.isInstance(at)) return at
  }
  return undefined
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

/** A shorter one is no secret, and taking it out of every word would unmake the sentence. */
const MIN_SECRET = 6
/**
 * Pattern of an error code, as all codes of the specifications match it. A caller's token must not be able to change a
 * code.
 */
const code = /^[a-z_]{1,64}$/

function answerWithoutSecrets(answer: ErrorResponse, secrets: readonly string[]): ErrorResponse {
  // Longest first: of one that begins with another nothing must be left.
  const hidden = secrets.filter(({ length }) => length >= MIN_SECRET).sort((one, two) => two.length - one.length)
  const clean = (text: string) => {
    let out = text
    for (const secret of hidden) out = out.replaceAll(secret, '[token]')
    return out.slice(0, MAX_DESCRIPTION)
  }
  const { acrValues, maxAge } = answer
  return {
    error: code.test(answer.error) ? answer.error : clean(answer.error),
    ...(acrValues !== undefined && { acrValues: acrValues.map(clean) }),
    ...(maxAge !== undefined && { maxAge }),
    ...(answer.errorDescription !== undefined && { errorDescription: clean(answer.errorDescription) }),
  }
}
