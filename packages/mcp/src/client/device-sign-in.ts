import { type Fetch, InvalidResponseError, OAuthResponseError, TransportError } from '@behalf/core'
import type { OAuthClientInformationMixed } from '@modelcontextprotocol/client'
import * as z from 'zod/mini'
import { isLoopback } from '../guarded/is-loopback.ts'
import { pause } from '../guarded/pause.ts'
import { authenticateClient, type TokenEndpointMetadata } from './authenticate-client.ts'
import { SignInError } from './sign-in-error.ts'
import { StoredTokens } from './wire.ts'

/** What the user has to be shown. */
export interface DeviceCode {
  readonly userCode: string
  readonly verificationUri: string
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete?: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Options of `signInByDevice`. */
export interface DeviceSignInOptions {
  /** Shows the code and where to type it in. */
  readonly show: (code: DeviceCode) => void | Promise<void>
  /** @default all that the client may ask for, else what the server names */
  readonly scopes?: readonly string[]
  readonly signal?: AbortSignal
}

/** Where a device login is made. */
export interface DeviceServer {
  readonly deviceEndpoint: string
  readonly tokenEndpoint: string
  readonly metadata: TokenEndpointMetadata
  readonly client: OAuthClientInformationMixed
  readonly resource: string
  readonly scope: string | undefined
  readonly fetch: Fetch
  /** The MCP server is on this machine, so a page over plain http may be too. */
  readonly allowLoopback: boolean
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** RFC 8628 §3.2, §3.5. */
const DEFAULT_INTERVAL = 5
/** No faster, and no slower than a timer can wait, whatever the server says. Seconds. */
const MIN_INTERVAL = 1
const MAX_INTERVAL = 600
/** A code that lives longer is not waited for: a day is enough for any user. Seconds. */
const MAX_LIFETIME = 86_400
/** As terminals show it, whatever the server sends: no escape sequence, no line break. */
const printable = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/
const SLOW_DOWN = 5

const Authorization = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  verification_uri_complete: z.optional(z.string()),
  expires_in: z.number(),
  interval: z.optional(z.number()),
})
const Refusal = z.object({ error: z.string(), error_description: z.optional(z.string()) })

/**
 * Asks for a code, shows it, and polls until the user has answered.
 *
 * @throws SignInError The user refused, or let the code run out.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3 | RFC 8628 §3}
 */
export async function deviceSignIn(
  server: DeviceServer,
  show: (code: DeviceCode) => void | Promise<void>,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof StoredTokens>> {
  const { resource, scope } = server
  const asked = await post(server, server.deviceEndpoint, { resource, ...(scope && { scope }) }, signal)
  const parsed = Authorization.safeParse(asked)
  if (!parsed.success) throw refusalOf(asked) ?? broken('a device authorization that breaks RFC 8628')
  const { device_code: code, user_code: userCode, verification_uri_complete: complete } = parsed.data
  if (!printable.test(userCode)) throw broken('a user code that cannot be shown')
  const lifetime = Math.min(parsed.data.expires_in, MAX_LIFETIME)
  const end = performance.now() + lifetime * 1000
  await show({
    userCode,
    verificationUri: webPage(parsed.data.verification_uri, server),
    ...(complete !== undefined && { verificationUriComplete: webPage(complete, server) }),
    expiresAt: Math.floor(Date.now() / 1000) + lifetime,
  })
  let interval = Math.max(MIN_INTERVAL, parsed.data.interval ?? DEFAULT_INTERVAL)
  for (;;) {
    interval = Math.min(interval, MAX_INTERVAL)
    await pause(interval * 1000, signal)
    if (performance.now() > end) throw new SignInError('timed_out', 'the code ran out before the user answered')
    const answer = await poll(server, { grant_type: GRANT, device_code: code, resource }, signal)
    const tokens = StoredTokens.safeParse(answer)
    if (tokens.success) return tokens.data
    if (answer !== undefined) interval += slowDownOf(answer)
  }
}

/** How much slower to go on, in seconds. @throws What ends the login. */
function slowDownOf(answer: unknown): number {
  const refusal = refusalOf(answer)
  switch (refusal?.error) {
    case 'authorization_pending':
      return 0
    case 'slow_down':
      return SLOW_DOWN
    case 'access_denied':
      throw new SignInError('refused', 'the user refused')
    case 'expired_token':
      throw new SignInError('timed_out', 'the code ran out')
    default:
      throw refusal ?? broken('a token answer that breaks RFC 6749')
  }
}

/** An outage does not end a login that the user is in the middle of (RFC 8628 §3.5). */
async function poll(
  server: DeviceServer,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await post(server, server.tokenEndpoint, parameters, signal)
  } catch (error) {
    if (error instanceof TransportError) return undefined
    throw error
  }
}

async function post(
  { client, fetch, metadata }: DeviceServer,
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const body = new URLSearchParams({ ...parameters, client_id: client.client_id })
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' })
  authenticateClient(client, headers, body, metadata)
  const response = await fetch(endpoint, { method: 'POST', headers, body: body.toString(), ...(signal && { signal }) })
  if (response.status >= 500 || response.status === 429) {
    throw new TransportError(`the authorization server answered ${response.status}`, { status: response.status })
  }
  return response.json().catch(() => undefined)
}

function refusalOf(answer: unknown): OAuthResponseError | undefined {
  const refusal = Refusal.safeParse(answer)
  if (!refusal.success) return undefined
  return new OAuthResponseError({ error: refusal.data.error, status: 400 })
}

/** It is shown to a person, who opens it and types a code into it. */
function webPage(address: string, { allowLoopback }: DeviceServer): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isLocal = allowLoopback && url?.protocol === 'http:' && isLoopback(url)
  if (url !== undefined && (url.protocol === 'https:' || isLocal)) return url.href
  throw broken('a verification address that is no page')
}

const broken = (what: string): InvalidResponseError =>
  new InvalidResponseError(`the authorization server answered with ${what}`)
