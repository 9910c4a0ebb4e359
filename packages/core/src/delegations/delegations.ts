import { type AgentIdentity, type Identity, isSamePrincipal, type UserIdentity } from '../base/contract/index.ts'
import {
  ConfigurationError,
  DelegationError,
  type DelegationRefusal,
  IdentityRequiredError,
  InvalidTokenError,
} from '../base/errors/index.ts'
import { SingleFlight } from '../base/process/async.ts'
import { copyOf, requireText } from '../base/values/index.ts'
import { type PresenceContext, type PresentUser, requirePresentUser } from '../identity/present-user.ts'
import { admit, fieldsOf, isVerified } from '../identity/verified.ts'
import { clientAt } from '../oauth/authorization-servers.ts'
import { withinDeadline } from '../oauth/requests/bounded-request.ts'
import type { RequestOptions } from '../oauth/server.ts'
import type { Resealed } from '../records/index.ts'
import { identityOfLogin, type LoginContext, type StoredSession } from '../sign-in/session-login.ts'
import { currentLogin, forgetAtServer, unlessRevoked } from '../sign-in/session-renewal.ts'
import { type CreateDelegationOptions, draftDelegation } from './create-delegation.ts'
import { type DelegatedCredentials, type DelegationRecord, type DelegationView, viewOf } from './delegation-record.ts'
import type { DelegationStore } from './delegation-store.ts'

/** Limits on the use of an identity that comes from a delegation. */
export interface DelegationBounds {
  readonly agent: string
  readonly client: string
  readonly credentials: DelegatedCredentials
  readonly tools: ReadonlySet<string> | undefined
  readonly scopes: ReadonlySet<string> | undefined
}

const bounds = new WeakMap<Identity, DelegationBounds>()

/** Ties an identity to its delegation. Nothing that an app can make does. */
export function bindToDelegation(
  identity: Identity,
  { agent, client, credentials, tools, scopes }: DelegationRecord,
): void {
  bounds.set(identity, {
    agent,
    client,
    credentials,
    tools: tools && new Set(tools),
    scopes: scopes && new Set(scopes),
  })
}

/** Returns the limits of a delegated identity. `undefined` if this copy of the package did not make it. */
export function delegationBoundsOf(identity: Identity): DelegationBounds | undefined {
  return bounds.get(identity)
}

/** Lifetime of an identity without a token: the length of a job. In seconds. */
const TOKENLESS_SECONDS = 3600

/** Returns an identity without a token, for the length of a job. */
function tokenless(record: DelegationRecord, now: number): UserIdentity {
  return admit({ ...proofOf(record), expiresAt: Math.min(record.expiresAt, now + TOKENLESS_SECONDS) })
}

/** The user of a delegation, as of its creation. Has no roles: those that the user has now are unknown. */
function proofOf({ owner, id, sessionId, provenAt }: DelegationRecord): UserIdentity {
  return {
    kind: 'user',
    ...owner,
    ...(sessionId !== undefined && { sessionId }),
    delegationId: id,
    provenAt,
    claims: { iat: provenAt },
  }
}

/**
 * Returns whether the user, the session or the delegation was revoked after the user agreed, by the names in the store
 * now.
 */
async function isRevoked(record: DelegationRecord, { revocations, clock }: PresenceContext): Promise<boolean> {
  return (await revocations.findNow(proofOf(record), clock.now())) !== undefined
}

export type { Resealed }

/**
 * Lets an agent work for an absent user. A delegation is made with the user present, has limits, is listed, and can be
 * revoked.
 */
export interface Delegations {
  /**
   * Stores the terms that the user agrees to now.
   *
   * Grants nothing by itself: policies, roles, permissions and approvals are checked at every call, as if the user were
   * present. `credentials` in the answer names the source of jobs' tokens: the refresh token, the vault's worker grant,
   * or none. With `'none'`, only permissions work, and credentials that an approval gives.
   *
   * @throws ConfigurationError A limit is missing or wrong.
   * @throws IdentityRequiredError The identity is not a present user; the message says why.
   * @throws InvalidTokenError The refresh token is invalid, or the user's proof has expired or was revoked.
   * @throws InvalidResponseError The refresh token is another user's.
   */
  create(options: CreateDelegationOptions & RequestOptions): Promise<DelegationView>
  /** Lists the user's own delegations, including revoked and expired ones, as long as they are stored (30 days). */
  list(options: { readonly identity: UserIdentity }): Promise<readonly DelegationView[]>
  /**
   * Ends one of the user's own delegations: at once here and in the store, and in other processes as `guard.revoke`
   * does.
   * @throws IdentityRequiredError, InvalidTokenError The user is not present, or must sign in again.
   * @returns `'not_found'` if the user has none with this id, or ended it before.
   */
  revoke(id: string, options: { readonly identity: UserIdentity }): Promise<'revoked' | 'not_found'>
  /**
   * Returns the identity for which a job acts. Asks the issuer each time, so that changes there (roles, an ended login)
   * take effect. Keep the identity for one job only.
   *
   * The id is no secret and no credential. Only the agent that the delegation was created for gets an identity. The
   * guard's configured name and its client at the user's issuer identify the agent, and so does `agentIdentity`, if it
   * is required or given.
   *
   * @throws DelegationError It gives none; `reason` says why.
   * @throws TransportError The issuer did not answer. Try again later.
   * @throws StoreError The store did not answer.
   */
  identity(id: string, options?: UseDelegationOptions): Promise<UserIdentity>
  /**
   * Seals all delegations under the first of `keys.seal`, for the operator who retires an older key. Skips records that
   * are already sealed under it, so that an interrupted call can be continued.
   * @returns how many were sealed, and the keys of the records that cannot be opened: keep the old key while there are
   *   any, or have their users agree again.
   * @throws StoreError The store did not answer: call again.
   */
  reseal(): Promise<Resealed>
}

/** Options of `delegations.identity`. */
export interface UseDelegationOptions extends RequestOptions {
  /** The agent's own verified identity, from `requestAgentIdentity`. Required if `provesAgent` was agreed to. */
  readonly agentIdentity?: AgentIdentity | undefined
}

/** Event of a delegation, for the audit. */
export interface DelegationNote {
  readonly action: 'created' | 'used' | 'refused' | 'revoked'
  readonly record: DelegationRecord | undefined
  readonly id: string
  readonly code?: DelegationRefusal
}

export interface DelegationsContext extends LoginContext, PresenceContext {
  readonly store: DelegationStore
  /** The acting agent's configured name. */
  readonly agent: string
  /** Whether the guard's vault can request the tokens of an absent user. */
  readonly hasWorkerGrant: boolean
  readonly timeoutMs: number
  /** Rejects if audit is required and the sink did not accept the event: then the delegation gives nothing. */
  readonly note: (note: DelegationNote) => Promise<void>
  /** Announces that identities of this delegation are no longer valid. */
  readonly announceEnd: (record: DelegationRecord) => Promise<void>
}

/** Time beyond the request's own deadline, for writing its result, in seconds. */
const LEASE_MARGIN = 20

/** @see {@link Delegations} */
export function createDelegations(context: DelegationsContext): Delegations {
  const { store, clock, note } = context
  const flights = new SingleFlight<StoredSession | undefined>()
  const bounded = <T>({ signal, timeoutMs = context.timeoutMs }: RequestOptions, work: () => Promise<T>) =>
    withinDeadline({ timeoutMs, signal }, work)
  return {
    create: ({ signal, timeoutMs, ...given }) => {
      const options = copyOf<CreateDelegationOptions>(given)
      return bounded({ signal, timeoutMs }, async () => {
        const user = await requirePresentUser(options.identity, context)
        checkKey(options, context)
        const record = await draftDelegation(options, user, context)
        try {
          await note({ action: 'created', record, id: record.id })
          await keep(record, user, context)
        } catch (error) {
          // The refresh token was used, and the new one is not stored: it must not stay valid at the server.
          if (record.login !== undefined) await forgetAtServer(record.login, context)
          throw error
        }
        return viewOf(record, clock.now() / 1000)
      })
    },
    async list({ identity }) {
      requireUser(identity)
      const views: DelegationView[] = []
      for await (const { record } of store.owned(identity, () => {})) {
        if (isSamePrincipal(record.owner, identity) && record.state !== 'unconfirmed')
          views.push(viewOf(record, clock.now() / 1000))
      }
      return views
    },
    async revoke(id, options) {
      const user = await requirePresentUser(options.identity, context)
      const found = await store.read(requireText('delegations.revoke.id', id))
      if (found === undefined || !isSamePrincipal(found.record.owner, user.identity)) return 'not_found'
      await context.announceEnd(found.record)
      if (!(await store.revoke(found, context))) return 'not_found'
      await note({ action: 'revoked', record: found.record, id })
      return 'revoked'
    },
    reseal: () => store.reseal(),
    identity: (id, { agentIdentity, ...limits } = {}) =>
      bounded(limits, async () => {
        requireText('delegations.identity.id', id)
        const record = (await store.read(id))?.record
        try {
          const identity = await identityOf(record, context, agentIdentity, flights)
          await note({ action: 'used', record, id })
          return identity
        } catch (error) {
          if (error instanceof DelegationError) await note({ action: 'refused', record, id, code: error.reason })
          throw error
        }
      }),
  }
}

/**
 * Writes the record, and allows its use after the names were read again: its proof may have been revoked during the
 * write (I11).
 */
async function keep(record: DelegationRecord, user: PresentUser, context: DelegationsContext): Promise<void> {
  const { store } = context
  const stored = await store.create(record)
  try {
    await user.confirm()
    if (await store.confirm(stored)) return
    throw new InvalidTokenError('inactive', 'access was revoked while the delegation was made')
  } catch (error) {
    // A record that cannot be ended now is removed in some minutes: it was never confirmed.
    await store.revoke(stored, context).catch(() => {})
    await context.note({ action: 'refused', record, id: record.id, code: 'revoked' })
    throw error
  }
}

async function identityOf(
  record: DelegationRecord | undefined,
  context: DelegationsContext,
  agentIdentity: AgentIdentity | undefined,
  flights: SingleFlight<StoredSession | undefined>,
): Promise<UserIdentity> {
  const now = context.clock.now() / 1000
  const usable = usableBy(record, context, now)
  checkAgent(usable, agentIdentity, now)
  if (await isRevoked(usable, context)) throw new DelegationError('revoked', 'its user’s access was revoked')
  const { id, limit, login, expiresAt } = usable
  const renewed = login && (await flights.run(id, (signal) => renewedLogin(usable, context, signal)))
  if (login !== undefined && renewed === undefined) {
    // Ended by the issuer, or by its owner while the issuer was asked: the store knows which.
    if (await isRevoked(usable, context)) throw new DelegationError('revoked', 'its user’s access was revoked')
    usableBy((await context.store.read(id))?.record, context, now)
    throw new DelegationError('login_required', 'the issuer has ended the login behind the delegation')
  }
  // Counted last: a use that gave no identity, because the issuer did not answer, is no use.
  if (limit !== undefined && (await context.store.countUse(id, limit.windowSeconds)) > limit.uses) {
    throw new DelegationError('used_up', `the delegation may be used ${limit.uses} times in ${limit.windowSeconds} s`)
  }
  if (renewed === undefined) return bound(tokenless(usable, now), usable)
  const end = Math.min(expiresAt, renewed.identity.expiresAt ?? Number.POSITIVE_INFINITY)
  const { sessionId: _ofTheLogin, ...identity } = fieldsOf(renewed.identity)
  const { provenAt, sessionId } = usable
  const ofDelegation = { expiresAt: end, delegationId: id, provenAt, ...(sessionId !== undefined && { sessionId }) }
  return bound(identityOfLogin({ ...renewed, identity }, ofDelegation), usable)
}

/** Checks that the agent may use the delegation. Each reason is reported only to the agent that it concerns. */
function usableBy(
  record: DelegationRecord | undefined,
  { agent, servers }: DelegationsContext,
  now: number,
): DelegationRecord {
  if (record === undefined || record.state === 'unconfirmed') {
    throw new DelegationError('unknown', 'there is no delegation with this id')
  }
  const { issuer } = record.owner
  // A guard chooses its own name. The issuer knows it by its client.
  if (record.agent !== agent || record.client !== clientAt(servers, issuer)) {
    throw new DelegationError('other_agent', 'the delegation was made for another agent, or for another client')
  }
  if (record.state === 'revoked') throw new DelegationError('revoked', 'the delegation was revoked')
  if (record.expiresAt <= now) throw new DelegationError('expired', 'the delegation is past its end')
  if (record.state === 'active') return record
  throw new DelegationError('login_required', 'the issuer has ended the login behind the delegation')
}

/** Checks the agent's identity, if it is given, whether or not it was required. */
function checkAgent(record: DelegationRecord, agent: AgentIdentity | undefined, now: number): void {
  if (agent === undefined) {
    if (record.provesAgent !== true) return
    throw new DelegationError('other_agent', 'the delegation demands the agent’s own identity: give `agentIdentity`')
  }
  const { issuer, tenant } = record.owner
  const proves =
    isVerified(agent) &&
    agent.kind === 'agent' &&
    agent.issuer === issuer &&
    (agent.tenant === undefined || agent.tenant === tenant) &&
    agent.clientId === record.client &&
    (agent.expiresAt === undefined || agent.expiresAt > now)
  if (!proves) throw new DelegationError('other_agent', 'the agent’s identity is not that of the delegation’s agent')
}

function renewedLogin(
  record: DelegationRecord,
  context: DelegationsContext,
  signal: AbortSignal,
): Promise<StoredSession | undefined> {
  const { store, servers, clock, timeoutMs } = context
  const place = store.placeOf(record.id, timeoutMs / 1000 + LEASE_MARGIN)
  return currentLogin(
    unlessRevoked(place, () => isRevoked(record, context)),
    {
      servers,
      clock,
      signal,
      // Another caller has renewed the login since this use read it. Its time is not compared: the clock of that
      // process may be ahead.
      isFresh: ({ token }) => token.value !== record.login?.token.value,
      keepsThroughOutage: false,
    },
  )
}

function bound(identity: UserIdentity, record: DelegationRecord): UserIdentity {
  bindToDelegation(identity, record)
  return identity
}

function requireUser(identity: UserIdentity): void {
  if (isVerified(identity) && identity.kind === 'user' && identity.delegationId === undefined) return
  throw new IdentityRequiredError('delegations are their owner’s: give the verified identity of a present user')
}

/**
 * Checks the key. I8: a stored login must be usable after a restart, and in other processes. Runs before the refresh
 * token is consumed (E3).
 */
function checkKey({ refreshToken, identity }: CreateDelegationOptions, { store, servers }: DelegationsContext): void {
  if (refreshToken === undefined || !store.durable || !isVerified(identity) || !servers.knows(identity.issuer)) return
  if (servers.of(identity.issuer).profile.dpop?.importable !== false) return
  throw new ConfigurationError('authorizationServer.dpop', 'a bound token is stored: give a key made by importDpopKey')
}
