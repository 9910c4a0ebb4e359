import { giveBackToken, type RevokingServers } from '../authorization-server/index.ts'
import { BehalfError } from '../errors/index.ts'
import { type KeptLogin, type LoginContext, renewLogin } from './session-login.ts'

/** Where one login is kept, whoever else uses it. */
export interface LoginPlace {
  /** `undefined` when it ended. */
  read(): Promise<{ readonly login: KeptLogin; readonly version: string } | undefined>
  write(login: KeptLogin, ifVersion: string): Promise<string | 'conflict'>
  /** The server has ended it. */
  end(ifVersion: string): Promise<'deleted' | 'conflict'>
  /** One at a time, in all processes. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export interface RenewalContext extends LoginContext {
  readonly signal: AbortSignal
  /** Whether the login needs no renewal now. */
  readonly isFresh: (login: KeptLogin) => boolean
  /** A token that is good still serves while the issuer does not answer. @default true */
  readonly keepsThroughOutage?: boolean
}

/**
 * The login, renewed where it has to be; `undefined` when it ended.
 *
 * A refresh token that rotates must be sent once: a second use looks like theft, and ends the whole chain
 * (RFC 9700 §4.14.2). So one process at a time renews, and the others take what it wrote.
 */
export async function currentLogin(place: LoginPlace, context: RenewalContext): Promise<KeptLogin | undefined> {
  const seen = await place.read()
  if (seen === undefined || context.isFresh(seen.login)) return seen?.login
  try {
    return await place.alone(context.signal, () => renewAlone(place, context))
  } catch (error) {
    const isOutage = BehalfError.isInstance(error) && error.retryable
    if (isOutage && context.keepsThroughOutage !== false && !hasEnded(seen.login, context)) return seen.login
    throw error
  }
}

async function renewAlone(place: LoginPlace, context: RenewalContext): Promise<KeptLogin | undefined> {
  const now = await place.read()
  if (now === undefined || context.isFresh(now.login)) return now?.login
  if (now.login.refreshToken === undefined) return hasEnded(now.login, context) ? undefined : now.login
  const renewal = await renewLogin(now.login, context)
  if (renewal.status === 'renewed') return written(place, renewal.login, now.version, context)
  if (renewal.status === 'ended') {
    await place.end(now.version)
    return undefined
  }
  const { error, refreshToken } = renewal
  const rotated = { ...now.login, refreshToken }
  if (BehalfError.isInstance(error) && error.retryable) {
    // The issuer's keys did not come: the login lives on, by the token that came.
    await written(place, rotated, now.version, context)
  } else {
    await place.end(now.version)
    await forgetAtServer(rotated, context)
  }
  throw error
}

async function written(
  place: LoginPlace,
  login: KeptLogin,
  ifVersion: string,
  context: RenewalContext,
): Promise<KeptLogin | undefined> {
  if ((await place.write(login, ifVersion)) !== 'conflict') return login
  // It was ended meanwhile: what came of it lives nowhere, and must not live on at the server.
  await forgetAtServer(login, context)
  return undefined
}

/** Expired, with no refresh token to bring another. */
export function hasEnded({ identity: { expiresAt } }: KeptLogin, { clock }: Pick<LoginContext, 'clock'>): boolean {
  return expiresAt !== undefined && expiresAt <= clock.now() / 1000
}

/** Ends the login at its issuer, where that takes it. Never fails: the login is gone here already. */
export async function forgetAtServer(
  { identity, refreshToken }: KeptLogin,
  { servers }: { readonly servers: RevokingServers },
): Promise<void> {
  if (refreshToken === undefined) return
  await giveBackToken(servers, { issuer: identity.issuer, token: refreshToken, hint: 'refresh_token' })
}
