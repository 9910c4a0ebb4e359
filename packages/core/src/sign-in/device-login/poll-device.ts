import { BehalfError } from '../../base/errors/index.ts'
import type { Clock } from '../../base/ports.ts'
import { pause } from '../../base/process/async.ts'
import type { DeviceAuthorization } from '../../oauth/server.ts'

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
