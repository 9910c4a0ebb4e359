import type { Identity, UserIdentity } from '../base/contract/index.ts'
import { BehalfError, IdentityRequiredError, InvalidTokenError } from '../base/errors/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import { orNothing } from '../base/values/plain-json.ts'
import { openStoreKeys, type StoreKeys } from '../records/index.ts'
import { provenAtOf, Revocations } from '../records/revocation/index.ts'
import { isInteractive } from './subject-token.ts'
import { isVerified } from './verified.ts'

/** Data that decides whether a proof counts now. */
export interface PresenceContext {
  readonly revocations: Revocations
  readonly clock: Clock
}

/** Returns the data that judges presence if there is no guard: the names that `guard.revoke` wrote into its store. */
export function presenceIn(store: Store, keys: StoreKeys | undefined, clock: Clock): PresenceContext {
  return { revocations: new Revocations(openStoreKeys(store, keys)), clock }
}

declare const present: unique symbol

/**
 * A present person (I10): the proof is interactive, names no actor, and was not revoked, by the names in the store.
 * Made by {@link requirePresentUser} only: the symbol excludes every other object, for the compiler.
 */
export interface PresentUser {
  readonly [present]: true
  readonly identity: UserIdentity
  /** Time before the names were read, in epoch seconds: a revocation that was not seen is not older. */
  readonly checkedAt: number
  /**
   * Reads the names again after a write: a proof that was revoked during the write creates nothing (I11).
   * @throws InvalidTokenError `inactive`: undo what was written.
   * @throws StoreError Nothing is known: undo what was written.
   */
  confirm(): Promise<void>
}

/**
 * Creates the proof that a person is present. Functions that only a person may call take it as a parameter.
 * @throws IdentityRequiredError The identity is not a present person; the message says why.
 * @throws InvalidTokenError `expired` or `inactive`: the person must sign in again.
 * @throws StoreError Nothing is known about revocations. Try again later.
 */
export async function requirePresentUser(identity: unknown, context: PresenceContext): Promise<PresentUser> {
  const user = requirePerson(identity)
  const now = context.clock.now() / 1000
  if (user.expiresAt !== undefined && user.expiresAt <= now) {
    throw new InvalidTokenError('expired', 'the proof of the identity has expired: sign in again')
  }
  await refuseRevoked(user, context)
  return { identity: user, checkedAt: now, confirm: () => refuseRevoked(user, context) } as PresentUser
}

/**
 * Returns the user if the identity alone shows a person, and throws otherwise. Does not check its time and revocations:
 * {@link requirePresentUser} does.
 * @throws IdentityRequiredError It is no person; the message says why.
 */
function requirePerson(identity: unknown): UserIdentity {
  if (!isVerified(identity)) throw absent('no verification made the identity')
  if (identity.kind !== 'user') throw absent('the identity is an agent’s own')
  if (identity.delegationId !== undefined) throw absent('the identity is that of a delegation, whose user is away')
  if (identity.actor !== undefined) throw absent('the identity names an actor, who acts for the user')
  if (!isInteractive(identity)) {
    throw absent(
      `the token was issued to the client ${JSON.stringify(identity.clientId ?? '')}, which must be one of the profile’s \`interactiveClients\``,
    )
  }
  return identity
}

/** Returns whether an error of {@link requirePresentUser} means that the person must sign in. */
export function isAbsence(error: unknown): error is BehalfError {
  return BehalfError.isInstance(error) && (error.code === 'ERR_IDENTITY_REQUIRED' || error.code === 'ERR_INVALID_TOKEN')
}

/** Returns whether the identity alone shows a person. */
export function isPerson(identity: unknown): identity is UserIdentity {
  return orNothing(() => requirePerson(identity)) !== undefined
}

/**
 * Returns the time at which a proof was made, in epoch seconds, to compare it with later revocations. The proof exists
 * now, so the time is at most the present, whatever it claims.
 * @throws InvalidTokenError `claims`: the proof does not say it.
 */
export function requireProofTime(user: UserIdentity, clock: Clock): number {
  const provenAt = provenAtOf(user)
  if (provenAt !== undefined) return Math.min(provenAt, clock.now() / 1000)
  throw new InvalidTokenError(
    'claims',
    'the proof does not say when it was made: use a token with `auth_time` or `iat`',
  )
}

const absent = (why: string): IdentityRequiredError =>
  new IdentityRequiredError(`${why}: give a session, an id_token, or an access token of an interactive client`)

/**
 * Reads the names: a revoked proof makes nothing new (I11).
 *
 * @throws InvalidTokenError `inactive`
 * @throws StoreError Nothing is known.
 */
export async function refuseRevoked(user: UserIdentity, { revocations, clock }: PresenceContext): Promise<void> {
  if ((await revocations.findNow(user, clock.now())) === undefined) return
  throw new InvalidTokenError('inactive', 'access was revoked after the proof of the identity was made: sign in again')
}

/**
 * Returns the signed-in user of a request. All handlers use this one port.
 *
 * Returns a verified identity, or `undefined` if no user is signed in. An error counts as a fault, and never lets the
 * request pass.
 */
export type IdentityOf<Incoming = Request> = (request: Incoming) => Identity | undefined | Promise<Identity | undefined>

/**
 * Returns the present user. `undefined` if no user is signed in, and for an agent, a delegation, a token of a client
 * that is not interactive, and a proof that expired or was revoked.
 *
 * @throws StoreError Revocations could not be read.
 */
export async function signedInUser(
  request: Request,
  identityOf: IdentityOf,
  context: PresenceContext,
): Promise<PresentUser | undefined> {
  const identity = await identityOf(request)
  return requirePresentUser(identity, context).catch((error: unknown) => {
    if (isAbsence(error)) return undefined
    throw error
  })
}
