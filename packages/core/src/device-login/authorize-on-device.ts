import { readDeviceAuthorization } from '../authorization-server/wire.ts'
import { copyOf, refuseUnknownKeys } from '../lib/index.ts'
import { type Clock, systemClock } from '../ports/index.ts'
import { codeOf, type DeviceCode } from './device-prompt.ts'
import { type DeviceAnswer, type DeviceTokenEndpoint, pollDevice } from './poll-device.ts'

/** An authorization server, for one client: who makes the requests decides where they go, and how the client proves itself. */
export interface DeviceEndpoints<Tokens> extends DeviceTokenEndpoint<Tokens> {
  /** Asks for a code, and gives back the answer's JSON as it came (RFC 8628 §3.2). */
  requestCode(options: { readonly signal?: AbortSignal | undefined }): Promise<unknown>
}

/** Options of {@link authorizeOnDevice}. */
export interface AuthorizeOnDeviceOptions {
  /** Shows the person address and code; what it throws ends the login. */
  readonly show: (code: DeviceCode) => void | Promise<void>
  /** More for each token request, such as `resource`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** The page may be on this machine, over plain http. @default false */
  readonly allowLoopback?: boolean | undefined
  /** Ends the login when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** @default the system's clock */
  readonly clock?: Clock | undefined
}

const optionKeys = [
  'show',
  'parameters',
  'allowLoopback',
  'signal',
  'clock',
] as const satisfies readonly (keyof AuthorizeOnDeviceOptions)[]

/**
 * Asks for a code, shows it, and polls until the person has answered or the code has run out.
 *
 * For clients that make their requests themselves; an agent's own login is `deviceLogin` of `@behalf/core/node`. What
 * the tokens say is not looked at.
 *
 * @throws InvalidResponseError What the server sent cannot be used, or is not fit to be shown or opened.
 * @throws OAuthResponseError Any refusal but those of the person.
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
