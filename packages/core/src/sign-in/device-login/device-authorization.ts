import { BehalfError, InvalidResponseError } from '../../base/errors/index.ts'
import { type Clock, systemClock } from '../../base/ports.ts'
import { pause } from '../../base/process/async.ts'
import { copyOf, isLoopback, namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import type { DeviceAuthorization } from '../../oauth/server.ts'
import { readDeviceAuthorization } from '../../oauth/wire.ts'

/** Address and code to show to the person. Show both. */
export interface DeviceCode {
  /** Code that the person types at `verificationUri`. */
  readonly userCode: string
  /** Address of the page that the person opens. */
  readonly verificationUri: string
  /**
   * Address that contains the code, for a QR code or a link. Show the code too: the person compares it (RFC 8628
   * §3.3.1).
   */
  readonly verificationUriComplete?: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Address and code, and the form in which the login is stored. */
export interface DevicePrompt extends DeviceCode {
  /**
   * Form in which the login will be stored. If it is `unsealed`, tell the person: anyone who reads the file has the
   * login.
   */
  readonly keeps: 'sealed' | 'unsealed'
  /** Path at which the login will be stored. */
  readonly path: string
}

/**
 * Groups of letters and digits with dashes between them, 20 characters at most: no escape sequence, and neither a
 * sentence nor an address that a person could follow.
 */
const plainCode = /^(?=.{1,20}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/

/** Rules for what may be shown. */
export interface ShowRules {
  /** Epoch seconds. */
  readonly now: number
  /** The server may be on this machine, over plain http. */
  readonly allowLoopback: boolean
}

/** @throws InvalidResponseError The server's answer is unsafe to show or open. */
export function codeOf(authorization: DeviceAuthorization, { now, allowLoopback }: ShowRules): DeviceCode {
  const { userCode, verificationUri, verificationUriComplete: complete, expiresIn } = authorization
  if (!plainCode.test(userCode)) {
    throw new InvalidResponseError(
      'the server sent a user code that cannot be shown: a code is up to 20 letters, digits and single dashes',
    )
  }
  return {
    userCode,
    verificationUri: addressOf(verificationUri, allowLoopback),
    ...(complete !== undefined && { verificationUriComplete: addressOf(complete, allowLoopback) }),
    expiresAt: now + expiresIn,
  }
}

/** Checks a link that a person clicks or a program opens: `https:` only, or `http:` to loopback where allowed. */
function addressOf(text: string, allowLoopback: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = allowLoopback && url?.protocol === 'http:' && isLoopback(url)
  if (url === undefined || !(url.protocol === 'https:' || isLocal)) {
    throw new InvalidResponseError('the server sent a verification address that is not https')
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidResponseError('the server sent a verification address with user information')
  }
  return url.href
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Seconds that each `slow_down` adds to the interval, permanently (RFC 8628 §3.5). */
const SLOW_DOWN_SECONDS = 5
/** Maximum wait between polls after faults. Seconds. */
const MAX_FAULT_INTERVAL_SECONDS = 120
/** Minimum interval, whatever the server says, in seconds. */
const MIN_INTERVAL_SECONDS = 1
/** Maximum time to poll for one code: a day, in seconds. Timers support at most 24 days. */
const MAX_LIFETIME_SECONDS = 86_400

/** The token endpoint, for one client. */
export interface DeviceTokenEndpoint<Tokens> {
  /**
   * Sends one token request, and returns the tokens of its answer.
   *
   * @throws OAuthResponseError, TransportError
   */
  grant(
    grant: string,
    parameters: Readonly<Record<string, string>>,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<Tokens>
}

/** Outcome of a device login. */
export type DeviceAnswer<Tokens> =
  | { readonly status: 'approved'; readonly response: Tokens }
  | { readonly status: 'denied' }
  | { readonly status: 'expired' }

/**
 * Polls until the person has answered or the code has expired.
 *
 * Waits at least the interval after the last answer; `slow_down` and network faults make it longer.
 *
 * @throws OAuthResponseError Any other refusal ends it.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.5 | RFC 8628 §3.5}
 */
export async function pollDevice<Tokens>(
  server: DeviceTokenEndpoint<Tokens>,
  authorization: DeviceAuthorization,
  {
    clock,
    signal,
    resource,
  }: {
    readonly clock: Clock
    readonly signal?: AbortSignal | undefined
    readonly resource?: Readonly<Record<string, string>>
  },
): Promise<DeviceAnswer<Tokens>> {
  const { deviceCode, expiresIn } = authorization
  const expiresAt = clock.now() + Math.min(expiresIn, MAX_LIFETIME_SECONDS) * 1000
  let interval = Math.max(MIN_INTERVAL_SECONDS, authorization.interval)
  let wait = interval
  for (;;) {
    if (clock.now() + wait * 1000 >= expiresAt) return { status: 'expired' }
    await pause(wait * 1000, signal)
    try {
      const response = await server.grant(deviceGrant, { device_code: deviceCode, ...resource }, { signal })
      return { status: 'approved', response }
    } catch (error) {
      signal?.throwIfAborted()
      const answer = answerOf(error)
      if (answer === 'denied' || answer === 'expired') return { status: answer }
      // §3.5: a connection that timed out makes the client slower, and by more each time.
      if (answer === 'fault') interval = Math.max(interval, Math.min(MAX_FAULT_INTERVAL_SECONDS, interval * 2))
      if (answer === 'slow_down') interval += SLOW_DOWN_SECONDS
      wait = Math.max(interval, retryAfterOf(error))
    }
  }
}

function answerOf(error: unknown): 'pending' | 'slow_down' | 'denied' | 'expired' | 'fault' {
  if (!BehalfError.isInstance(error)) throw error
  if (error.retryable) return 'fault'
  switch ('error' in error ? error.error : undefined) {
    case 'authorization_pending':
      return 'pending'
    case 'slow_down':
      return 'slow_down'
    case 'access_denied':
      return 'denied'
    case 'expired_token':
      return 'expired'
    default:
      throw error
  }
}

function retryAfterOf(error: unknown): number {
  const asked = typeof error === 'object' && error !== null && 'retryAfter' in error ? error.retryAfter : undefined
  return typeof asked === 'number' ? asked : 0
}

/**
 * Authorization server, for one client. The caller makes the requests, so it chooses their addresses and the client's
 * authentication.
 */
export interface DeviceEndpoints<Tokens> extends DeviceTokenEndpoint<Tokens> {
  /** Requests a code, and returns the answer's JSON unchanged (RFC 8628 §3.2). */
  requestCode(options: { readonly signal?: AbortSignal | undefined }): Promise<unknown>
}

/** Options of {@link authorizeOnDevice}. */
export interface AuthorizeOnDeviceOptions {
  /** Shows the person address and code. If it throws, the login ends. */
  readonly show: (code: DeviceCode) => void | Promise<void>
  /** Additional parameters of each token request, such as `resource`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** The page may be on this machine, over plain http. @default false */
  readonly allowLoopback?: boolean | undefined
  /** Ends the login when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** @default the system's clock */
  readonly clock?: Clock | undefined
}

const optionKeys = namesOf<AuthorizeOnDeviceOptions>('show', 'parameters', 'allowLoopback', 'signal', 'clock')

/**
 * Requests a code, shows it, and polls until the person has answered or the code has expired.
 *
 * For clients that make their own requests; an agent's own login is `deviceLogin` of `@behalf/core/node`. Does not read
 * the tokens.
 *
 * @throws InvalidResponseError The server's answer cannot be used, or is unsafe to show or open.
 * @throws OAuthResponseError Any refusal except those of the person.
 * @throws ConfigurationError An option is unknown.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3 | RFC 8628 §3}
 */
export async function authorizeOnDevice<Tokens>(
  server: DeviceEndpoints<Tokens>,
  options: AuthorizeOnDeviceOptions,
): Promise<DeviceAnswer<Tokens>> {
  refuseUnknownKeys('authorizeOnDevice', options, optionKeys)
  const { show, allowLoopback = false, signal, clock = systemClock } = options
  const parameters = copyOf(options.parameters)
  const authorization = readDeviceAuthorization(await server.requestCode({ signal }))
  await show(codeOf(authorization, { now: clock.now() / 1000, allowLoopback }))
  return pollDevice(server, authorization, { clock, signal, ...(parameters !== undefined && { resource: parameters }) })
}
