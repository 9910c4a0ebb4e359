import { type Clock, systemClock } from '../../base/ports.ts'
import { copyOf, namesOf, refuseUnknownKeys } from '../../base/values/index.ts'
import { readDeviceAuthorization } from '../../oauth/wire.ts'
import { codeOf, type DeviceCode } from './device-prompt.ts'
import { type DeviceAnswer, type DeviceTokenEndpoint, pollDevice } from './poll-device.ts'

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
