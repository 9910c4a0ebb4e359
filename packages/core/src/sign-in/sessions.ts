import * as z from 'zod/mini'
import { isSamePrincipal, type RevokeOptions, type UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError, InvalidTokenError } from '../base/errors/index.ts'
import type { Clock, Store } from '../base/ports.ts'
import { SingleFlight } from '../base/process/async.ts'
import { defined, namesOf, randomSecret, refuseUnknownKeys, requireText } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { presenceIn, refuseRevoked } from '../identity/present-user.ts'
import { checkAudience, trustedServers } from '../identity/verify-access-token.ts'
import { loginRequired, type SubjectAnswer, type SubjectTokenSource } from '../identity/verify-request.ts'
import { tokenResponseOf } from '../identity/verify-token-response.ts'
import { clientAt, type ProfileOf } from '../oauth/authorization-servers.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import { withinDeadline } from '../oauth/requests/bounded-request.ts'
import { type RequestOptions, type SurroundingsOptions, surroundingKeys, surroundingsOf } from '../oauth/server.ts'
import type { RevokingServers } from '../oauth/tokens/release-token.ts'
import { Collection, type OnUnreadable, openStoreKeys, type Stored, type StoreKeys } from '../records/index.ts'
import { checkLifetime, concerns, revocableName, revocableNames } from '../records/revocation/index.ts'
import {
  identityOfLogin,
  isForAudience,
  isFresh,
  type LoginContext,
  loginOfResponse,
  type StoredSession,
  storedSession,
} from './session-login.ts'
import {
  currentLogin,
  forgetAtServer,
  hasEnded,
  type LoginPlace,
  unlessRevoked,
  withoutRenewal,
} from './session-renewal.ts'

/** Store of the sessions, and the authorization server of their tokens. */
export interface SessionsOptions extends SurroundingsOptions {
  /** Profile of the issuer of the logins, or a function from an issuer to its profile. */
  readonly authorizationServer: Profile | ProfileOf
  /** Store of the sessions. Pass the guard's own store, whose revocations refuse a session at each use. */
  readonly store: Store
  /** The guard's keys. Required with a durable store. */
  readonly keys?: StoreKeys | undefined
  /**
   * Identifier of this app's API: then the access token names the user, with roles, at each renewal. Absent: the
   * id_token names the user. Then a renewal without an id_token does not repeat its claims (roles), and they are no
   * longer known. A session that was made for another audience has ended.
   */
  readonly audience?: string | readonly string[] | undefined
  /** Time before a token expires at which it is renewed, in seconds; less for short-lived tokens. @default 60 */
  readonly refreshBeforeSeconds?: number | undefined
  /** Lifetime of a session, whatever the issuer says, in seconds; 366 days at most. @default 30 days */
  readonly lifetimeSeconds?: number | undefined
}

/** Facts of the login, for `sessions.create`. */
export interface CreateSessionOptions extends RequestOptions {
  /** Nonce that was sent with the login. The id_token must repeat it. */
  readonly nonce?: string | undefined
  /**
   * Ids that the browser had before, which end. Do not `end` them yourself: at an issuer whose logins of one browser are
   * one session (`sid`), the revocation of the old refresh token would end the new login too.
   */
  readonly replaces?: string | readonly string[] | undefined
}

/** Stored sessions that a guard ends when it revokes. Pass it to `createGuard` as `sessions`. */
export interface SessionsPart {
  /** @internal Ends the sessions of a revoked user, or those that the issuer calls `session`; returns how many. */
  endRevoked(
    revoked: RevokeOptions,
    context: { readonly servers: RevokingServers; readonly onUnreadable: OnUnreadable },
  ): Promise<number>
}

/** Stored logins of an app, each under a random id for a cookie of the app. */
export interface Sessions extends SessionsPart {
  /**
   * Stores a login.
   * @param response - `tokens` of a sign-in, or the JSON of the token endpoint's answer, unchanged. Request
   *   `offline_access` if the session must outlive its first token.
   * @returns the id: a secret of 256 bits, of which the store has a keyed hash.
   * @throws InvalidTokenError The answer does not verify, or access was revoked after its login (`inactive`).
   */
  create(
    response: unknown,
    options?: CreateSessionOptions,
  ): Promise<{ readonly id: string; readonly identity: UserIdentity }>
  /** Returns the current identity. Renews the token shortly before it expires. */
  identity(id: string, options?: RequestOptions): Promise<SubjectAnswer>
  /** Returns the same session as a port. */
  source(id: string): SubjectTokenSource
  /**
   * Signs out: removes the session here, and revokes its refresh token at the server if possible. Needs no answer of the
   * server.
   * @returns the login that has ended, for `signIn.logoutUrl`. `undefined`: there was no session with this id.
   * @throws StoreError The store did not answer: the session may go on. Try again.
   */
  end(id: string): Promise<EndedSession | undefined>
}

/** Login of a session that has ended. It proves nothing: give it to `signIn.logoutUrl`. */
export interface EndedSession {
  /** Issuer of the login. */
  readonly issuer: string
  /** The last id_token of the login, if it had one. Never printed. */
  readonly idToken?: Token
}

const optionKeys = namesOf<SessionsOptions>(
  'authorizationServer',
  'store',
  'keys',
  'audience',
  'refreshBeforeSeconds',
  'lifetimeSeconds',
  ...surroundingKeys,
)

const DAYS_30 = 30 * 24 * 3600
/** Time beyond the request's own deadline, for writing its result, in seconds. */
const LEASE_MARGIN = 20
/** Time after which an unconfirmed session is removed, in seconds. */
const UNCONFIRMED_SECONDS = 300

const sessionRecord = z.object({
  v: z.literal(1),
  login: storedSession,
  endsAt: z.number(),
  unconfirmed: z.optional(z.literal(true)),
})
interface SessionRecord {
  readonly v: 1
  readonly login: StoredSession
  /** Time at which the session ends, in epoch seconds. */
  readonly endsAt: number
  /** Set until revocations were read again after the write. Until then, the session cannot be used. */
  readonly unconfirmed?: true | undefined
}

/**
 * Creates sessions for an app's users: sealed in a store, renewed by one process at a time, with the current token
 * behind the identity.
 *
 * A rotating refresh token is sent once, whatever runs in parallel: the other callers, here and in other processes,
 * wait for that request and use its result. A session that was ended, at the issuer or here, is `login_required`. An
 * issuer that does not answer is a `TransportError`, but not while the token is still valid. After a lost response, the
 * current token is used until it expires, since the server may have rotated; then the session is `login_required`. A
 * profile with `rotatesRefreshTokens: false` loses nothing.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function createSessions(options: SessionsOptions): Sessions {
  refuseUnknownKeys('createSessions', options, optionKeys)
  const where = (name: string) => `createSessions.${name}`
  const { refreshBeforeSeconds = 60, lifetimeSeconds = DAYS_30 } = options
  for (const [name, value] of Object.entries({ refreshBeforeSeconds, lifetimeSeconds })) {
    if (!(Number.isFinite(value) && value > 0)) throw new ConfigurationError(where(name), 'give a number of seconds')
  }
  checkLifetime(where('lifetimeSeconds'), lifetimeSeconds)
  const surroundings = surroundingsOf('createSessions', options)
  const { clock, timeoutMs } = surroundings
  const servers = trustedServers('createSessions', options)
  const audience = options.audience === undefined ? undefined : checkAudience(where('audience'), options.audience)
  const records = sessionRecords(options, clock)
  const presence = presenceIn(options.store, options.keys, clock)
  const isRevoked = async (login: StoredSession) =>
    (await presence.revocations.findNow(login.identity, clock.now())) !== undefined
  const flights = new SingleFlight<StoredSession | undefined>()
  const seconds = timeoutMs / 1000 + LEASE_MARGIN

  async function identity(id: string, { signal, timeoutMs: limit = timeoutMs }: RequestOptions = {}) {
    const key = await records.keyOf('id', id)
    const place = () => unlessRevoked(placeOf(records, key, { seconds, clock, audience, servers }), isRevoked)
    const work = (ending: AbortSignal) =>
      currentLogin(place(), {
        servers,
        clock,
        signal: ending,
        isFresh: (login) => isFresh(login, refreshBeforeSeconds, clock.now() / 1000),
      })
    // A renewal that has begun is finished: its answer is the only copy of the next token.
    const login = await withinDeadline({ timeoutMs: limit, signal }, () => flights.run(key, work)).catch(
      (error: unknown) => withoutRenewal(place(), error, { clock }),
    )
    if (login === undefined || hasEnded(login, { clock })) return loginRequired('the session ended')
    return { status: 'verified', identity: identityOfLogin(login) } as const
  }

  async function end(id: string, next?: UserIdentity): Promise<EndedSession | undefined> {
    requireText(where('id'), id)
    const key = await records.keyOf('id', id)
    let ended: StoredSession | undefined
    for (let entry = await records.find(key); entry !== undefined; entry = await records.find(key)) {
      const login = 'record' in entry ? entry.record.login : undefined
      ended = login ?? ended
      try {
        await records.delete(entry)
      } finally {
        // A renewal that began before may still return the login.
        flights.forget(key)
        // Revoked even if the store loses its answer: no later call can find the token.
        if (login !== undefined && !isOne(login, next)) await forgetAtServer(login, { servers })
      }
    }
    return (
      ended && defined({ issuer: ended.identity.issuer, idToken: ended.idToken ? new Token(ended.idToken) : undefined })
    )
  }

  return {
    async create(response, { nonce, signal, replaces = [] } = {}) {
      const ending = [replaces].flat()
      const asked = { audience, nonce, receivedAt: clock.now() / 1000 }
      const login = await loginOfResponse(tokenResponseOf(response), asked, { servers, clock, signal })
      checkKey(login, records, servers.of(login.identity.issuer).profile)
      const id = randomSecret()
      const record: SessionRecord = { v: 1, login, endsAt: clock.now() / 1000 + lifetimeSeconds }
      await refuseRevoked(login.identity, presence)
      for (const before of ending) await end(before, login.identity)
      const key = await records.keyOf('id', id)
      const version = await records.put(
        key,
        { ...record, unconfirmed: true },
        { ifVersion: null, owner: login.identity },
      )
      try {
        // I11: revoked between the read and the write, or during the write.
        await refuseRevoked(login.identity, presence)
        if ((await records.put(key, record, { ifVersion: version })) === 'conflict') throw endedMeanwhile()
      } catch (error) {
        await records.delete({ key, version }).catch(() => {})
        await forgetAtServer(login, { servers })
        throw error
      }
      return { id, identity: identityOfLogin(login) }
    },
    identity,
    source: (id) => ({ identity: (asked) => identity(id, asked) }),
    end: (id) => end(id),
    endRevoked: (revoked, context) => endSessions(records, revoked, context),
  }
}

/** Returns whether both are of one login at the issuer: some servers end all of it with one of its refresh tokens. */
const isOne = ({ identity: one }: StoredSession, other: UserIdentity | undefined) =>
  other?.sessionId !== undefined && other.sessionId === one.sessionId && isSamePrincipal(one, other)

const endedMeanwhile = () => new InvalidTokenError('inactive', 'access was revoked while the session was made')

type SessionRecords = Collection<SessionRecord>

function sessionRecords({ store, keys }: SessionsOptions, clock: Clock): SessionRecords {
  return new Collection(openStoreKeys(store, keys), {
    kind: 'session',
    schema: sessionRecord,
    index: ({ login: { identity } }) =>
      revocableNames(identity, identity.sessionId === undefined ? [] : [identity.sessionId]),
    ends: ({ unconfirmed, endsAt }) => ({
      expiresInSeconds: unconfirmed ? UNCONFIRMED_SECONDS : Math.max(0, endsAt - clock.now() / 1000),
    }),
  })
}

async function endSessions(
  records: SessionRecords,
  revoked: RevokeOptions,
  context: Parameters<SessionsPart['endRevoked']>[1],
): Promise<number> {
  let ended = 0
  for await (const found of records.under(revocableName(revoked), context)) {
    let entry: Stored<SessionRecord> | undefined = found
    while (entry !== undefined) {
      const { login } = entry.record
      if (!concerns(revoked, login.identity)) break
      // Revoked before the record is deleted: if the store loses its answer, no later call can find the token.
      await forgetAtServer(login, context)
      if ((await records.delete(entry)) === 'deleted') {
        ended++
        break
      }
      entry = await records.get(found.key)
    }
  }
  return ended
}

/** Checks the key. I8: a stored login must be usable after a restart, and in other processes. */
function checkKey({ token }: StoredSession, { durable }: SessionRecords, { dpop }: Profile): void {
  if (token.keyThumbprint === undefined || !durable || dpop?.importable === true) return
  throw new ConfigurationError('authorizationServer.dpop', 'a bound token is stored: give a key made by importDpopKey')
}

type Place = Pick<LoginContext, 'servers' | 'clock'> & Pick<StoredSession, 'audience'> & { readonly seconds: number }

function placeOf(records: SessionRecords, key: string, { seconds, clock, audience, servers }: Place): LoginPlace {
  let endsAt = 0
  return {
    async read() {
      const entry = await records.get(key)
      if (entry === undefined) return undefined
      const { login, unconfirmed } = entry.record
      endsAt = entry.record.endsAt
      if (unconfirmed || endsAt <= clock.now() / 1000 || !isForAudience(login, audience)) return undefined
      const { issuer, clientId } = login.identity
      // Another client's refresh token would end the login (RFC 6749 §6), and its user is not here with our client (I10).
      return clientId === clientAt(servers, issuer) ? { login, version: entry.version } : undefined
    },
    write: (login, ifVersion) => records.put(key, { v: 1, login, endsAt }, { ifVersion }),
    end: (version) => records.delete({ key, version }),
    alone: (signal, work) => records.alone(key, { seconds, signal }, work),
  }
}
