import { type AnyBehalfError, BehalfError, TransportError } from '../base/errors/index.ts'
import { withinDeadline } from '../oauth/requests/bounded-request.ts'
import { hadNoEffect, isRefusedBefore } from '../oauth/requests/request-fault.ts'
import { type RevokingServers, revokeTokens } from '../oauth/tokens/release-token.ts'
import { isOutage, untilWritten } from '../records/index.ts'
import { type Renewal, renewLogin } from './renew-login.ts'
import type { LoginContext, StoredSession } from './session-login.ts'

/** A login and the version of its record. */
export interface StoredLogin {
  readonly login: StoredSession
  readonly version: string
}

/** Storage of one login, which several processes may use. */
export interface LoginPlace {
  /** Reads the login. `undefined` if it has ended. */
  read(): Promise<StoredLogin | undefined>
  write(login: StoredSession, ifVersion: string): Promise<string | 'conflict'>
  /** Deletes a login that the server has ended. */
  end(ifVersion: string): Promise<'deleted' | 'conflict'>
  /** Runs `work` under a lock: one at a time, in all processes. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export interface RenewalContext extends LoginContext {
  readonly signal: AbortSignal
  /** Returns whether the login needs no renewal now. */
  readonly isFresh: (login: StoredSession) => boolean
  /** A token that is good still serves while the issuer does not answer. @default true */
  readonly keepsThroughOutage?: boolean
  /**
   * Time for which the answer to a refresh may still be on its way to a process that lost its turn, in seconds. The
   * login does not end before.
   * @default 0
   */
  readonly answerSeconds?: number
}

/** Maximum number of consecutive unusable responses of a server. After that, the login ends. */
const MAX_REFUSALS = 3

/**
 * Time for which the write of a response is retried at a store that does not answer, in seconds. Less than a lease's
 * margin.
 */
const WRITE_SECONDS = 10

/**
 * Time limit for reading a store for a caller whose time has ended, in milliseconds: a store that hangs must not delay
 * it.
 */
const READ_MS = 1_000

/**
 * Returns the login, renewed if necessary, or `undefined` when it has ended.
 *
 * A refresh token that rotates must be sent once: a second use looks like theft, and ends the whole chain (RFC 9700
 * §4.14.2). So one process at a time renews, and the others use the login that it wrote. It marks the login before it
 * sends the refresh token. A process that finds the mark knows that a response was lost, and does not send the token
 * again.
 */
export async function currentLogin(place: LoginPlace, context: RenewalContext): Promise<StoredSession | undefined> {
  const seen = await place.read()
  if (seen === undefined || context.isFresh(seen.login)) return seen?.login
  try {
    return await place.alone(context.signal, () => renewAlone(place, context))
  } catch (error) {
    if (isOutage(error) && context.keepsThroughOutage !== false && !hasEnded(seen.login, context)) return seen.login
    throw error
  }
}

/**
 * Returns the stored login to a caller whose time ended while it waited for a renewal, here or in another process.
 * @throws `error` if it is no outage, or the current token has expired.
 */
export async function withoutRenewal(
  place: Pick<LoginPlace, 'read'>,
  error: unknown,
  context: Pick<LoginContext, 'clock'>,
): Promise<StoredSession | undefined> {
  if (!isOutage(error)) throw error
  const seen = await withinDeadline({ timeoutMs: READ_MS }, () => place.read()).catch(() => {
    throw error
  })
  if (seen !== undefined && hasEnded(seen.login, context)) throw error
  return seen?.login
}

async function renewAlone(place: LoginPlace, context: RenewalContext): Promise<StoredSession | undefined> {
  const now = await place.read()
  if (now === undefined || context.isFresh(now.login)) return now?.login
  const { refreshToken, sentAt } = now.login
  if (refreshToken === undefined) return hasEnded(now.login, context) ? undefined : now.login
  if (sentAt !== undefined) return afterLostResponse(place, now, context)
  const sent = await marked(place, now, context)
  if (sent === undefined) return renewAlone(place, context)
  const renewal = await renewLogin(sent.login, context).catch(async (error: unknown) => {
    // The token is unused. If this cannot be written, the token counts as used.
    if (isUnused(error)) await settled(place, sent, now.login).catch(() => undefined)
    throw error
  })
  return taken(place, sent, renewal, context)
}

/** Writes the result of a renewal. */
async function taken(
  place: LoginPlace,
  sent: StoredLogin,
  renewal: Renewal,
  context: RenewalContext,
): Promise<StoredSession | undefined> {
  if (renewal.status === 'unverified') return refused(place, sent, renewal, context)
  const login = renewal.status === 'renewed' ? renewal.login : undefined
  if (await settled(place, sent, login)) return login
  // The login was ended or replaced: its tokens are not stored, and must not stay valid at the server.
  if (login !== undefined) await forgetAtServer(login, context)
  return (await place.read())?.login
}

/** Marks the login: its refresh token is being sent. `undefined`: another process wrote the login first. */
async function marked(
  place: LoginPlace,
  { login, version }: StoredLogin,
  context: RenewalContext,
): Promise<StoredLogin | undefined> {
  const { servers, clock, signal, timeoutMs } = context
  const server = servers.of(login.identity.issuer)
  if (server.profile.rotatesRefreshTokens === false) return { login, version }
  // Without the server's metadata, no request can be sent, so the refresh token is not used up.
  await server.endpoints({ signal, timeoutMs })
  const sent = { ...login, sentAt: clock.now() / 1000 }
  const written = await untilWritten(() => place.write(sent, version), {
    seconds: WRITE_SECONDS,
    isOurs: async () => isSameUse((await place.read())?.login, sent),
  })
  if (written === 'conflict') {
    // The login was ended: its unused token must not stay valid at the server.
    if ((await place.read()) === undefined) await forgetAtServer(login, context)
    return undefined
  }
  if (written !== 'written before') return { login: sent, version: written }
  const stored = await place.read()
  return isSameUse(stored?.login, sent) ? stored : undefined
}

/**
 * Keeps the current token in use until it expires. Then the login has ended, as the server has rotated its refresh
 * token.
 */
async function afterLostResponse(
  place: LoginPlace,
  lost: StoredLogin,
  context: RenewalContext,
): Promise<StoredSession | undefined> {
  const { login } = lost
  const isGood = login.identity.expiresAt !== undefined && !hasEnded(login, context)
  if (isGood && context.keepsThroughOutage !== false) return login
  const { clock, answerSeconds = 0 } = context
  // A time in the future was written before the clock was set back.
  if (login.sentAt !== undefined && Math.abs(clock.now() / 1000 - login.sentAt) < answerSeconds) {
    throw new TransportError('another process waits for the answer to a renewal of the login: try again in a minute')
  }
  // A revocation would have no effect: the used token's successors end with it, and they are stored nowhere.
  if (await settled(place, lost, undefined)) await forgetAtServer(login, context)
  return undefined
}

/**
 * Keeps the newest refresh token of a response that cannot be used, and revokes the tokens that are not accepted.
 * @throws the reason why the response was refused.
 */
async function refused(
  place: LoginPlace,
  { login, version }: StoredLogin,
  { tokens, error, isOthers }: Extract<Renewal, { status: 'unverified' }>,
  context: RenewalContext,
): Promise<never> {
  const { sentAt: _, ...unmarked } = login
  // RFC 6749 §6: without a new refresh token, the old one stays valid.
  const refreshToken = tokens.refreshToken ?? login.refreshToken
  const outage = outageOf(error)
  const refusals = (login.refusals ?? 0) + (outage === undefined ? 1 : 0)
  const isOver = isOthers === true || refusals >= MAX_REFUSALS
  const newest = { ...unmarked, refreshToken, ...(refusals > 0 && { refusals }) }
  const isKept = (await settled(place, { login, version }, isOver ? undefined : newest)) && !isOver
  // During an outage the access token may be valid: no server has refused it.
  const { accessToken } = outage !== undefined && isKept ? { accessToken: undefined } : tokens
  const { issuer } = login.identity
  await revokeTokens(context.servers, issuer, { accessToken, refreshToken: isKept ? undefined : refreshToken })
  throw outage ?? error
}

/**
 * Returns the error if the keys that verify the response could not be fetched: then the response itself may be good.
 */
function outageOf(error: unknown): BehalfError | undefined {
  if (!BehalfError.isInstance(error)) return undefined
  if (error.retryable) return error
  if (!('reason' in error) || error.reason !== 'unknown_key') return undefined
  return new TransportError('the issuer has not published the key of the renewed token yet', { cause: error })
}

/**
 * Writes the result of sending the refresh token, or ends the login. Keeps other changes to the record.
 * @returns false if the login was ended, or has another refresh token now.
 */
async function settled(place: LoginPlace, sent: StoredLogin, next: StoredSession | undefined): Promise<boolean> {
  for (let version = sent.version; ; ) {
    const write = () => (next === undefined ? place.end(version) : place.write(next, version))
    const written = await untilWritten(write, {
      seconds: WRITE_SECONDS,
      isOurs: async () => isSame((await place.read())?.login, next),
    })
    if (written !== 'conflict') return true
    const now = await place.read()
    if (now === undefined || !isSameUse(now.login, sent.login)) return false
    version = now.version
  }
}

function isSame(stored: StoredSession | undefined, ours: StoredSession | undefined): boolean {
  return isSameUse(stored, ours) && stored?.token.value === ours?.token.value
}

function isSameUse(stored: StoredSession | undefined, ours: StoredSession | undefined): boolean {
  return stored?.refreshToken === ours?.refreshToken && stored?.sentAt === ours?.sentAt
}

/**
 * Returns whether the server certainly did not use the refresh token: it refused the client, or never got the request.
 */
function isUnused(error: unknown): boolean {
  if (!BehalfError.isInstance(error)) return false
  const fault = error as AnyBehalfError
  if (fault.code === 'ERR_TRANSPORT') return hadNoEffect(fault)
  return fault.code === 'ERR_OAUTH_RESPONSE' ? isRefusedBefore(fault.error) : fault.code === 'ERR_CONFIGURATION'
}

/** Returns whether a login has expired and has no refresh token. */
export function hasEnded({ identity: { expiresAt } }: StoredSession, { clock }: Pick<LoginContext, 'clock'>): boolean {
  return expiresAt !== undefined && expiresAt <= clock.now() / 1000
}

/** Ends the login at its issuer, if the issuer supports it. Never fails: the login is already removed here. */
export async function forgetAtServer(
  { identity, refreshToken }: StoredSession,
  { servers }: { readonly servers: RevokingServers },
): Promise<void> {
  await revokeTokens(servers, identity.issuer, { ...(refreshToken !== undefined && { refreshToken }) })
}

/**
 * Returns a place whose login exists only while its proof is not revoked (I11). It checks before a login is used or
 * renewed, and again after a renewal was written.
 * @param isRevoked - By the names in the store now.
 */
export function unlessRevoked(place: LoginPlace, isRevoked: (login: StoredSession) => Promise<boolean>): LoginPlace {
  return {
    ...place,
    async read() {
      const found = await place.read()
      return found === undefined || (await isRevoked(found.login)) ? undefined : found
    },
    async write(login, ifVersion) {
      const version = await place.write(login, ifVersion)
      // The access was revoked during the write: no caller gets this login. The clean-up of the revocation finds it and
      // revokes its token.
      return version === 'conflict' || !(await isRevoked(login)) ? version : 'conflict'
    },
  }
}
