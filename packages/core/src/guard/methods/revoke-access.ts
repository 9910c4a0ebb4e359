import type { RevokeOptions } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { defined, namesOf, refuseUnknownKeys, requireText } from '../../base/values/index.ts'
import { revealToken } from '../../credential/index.ts'
import type { OpenedDelegations } from '../../delegations/delegations-part.ts'
import { clientAt } from '../../oauth/authorization-servers.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import type { RevokeTokenOptions } from '../../oauth/server.ts'
import { type RevokingServers, releaseToken } from '../../oauth/tokens/release-token.ts'
import { concerns, nameOf, type Revoked } from '../../records/revocation/index.ts'
import { endForSession, endUnused } from '../../runs/end-run.ts'
import type { SessionsPart } from '../../sign-in/sessions.ts'
import { ownIssuerOf } from '../../token-exchange/token-cache-key.ts'
import { type Callers, channelOfRun, type GuardParts } from '../guard-parts.ts'

/** Maximum wait for servers and channels, once all is written. Milliseconds. */
const TELLING_MS = 3_000

/** Numbers of the records that the revocation ended. */
export interface Revocation {
  /** Questions and unused approvals. */
  readonly approvals: number
  /** Tokens in the memory of this process. */
  readonly tokens: number
  /** Delegations that ended. 0 if the guard has no `delegations`. */
  readonly delegations: number
  /** Number of stored sessions that ended. 0 if the guard has no `sessions`. */
  readonly sessions: number
  /**
   * Store keys of records under this name that cannot be opened: damaged, moved, or sealed under a key that is not
   * listed. They cannot be used, and their tokens were not revoked at their servers. Absent if all records could be opened.
   */
  readonly unreadable?: readonly string[]
}

/** Parts of a guard that end their records of a revoked user. */
export interface EndingParts {
  readonly delegations: OpenedDelegations | undefined
  readonly sessions: SessionsPart | undefined
}

const optionKeys = namesOf<RevokeOptions>('issuer', 'tenant', 'subject', 'session')

/**
 * Ends all open access of a user or a session (I9). Writes the revocation first: from then on, nothing new begins in
 * this process, or in any process that reads the store. Notifies channels and issuers last, when all records are in the
 * store.
 * @param note - Called first with the access that will end. If it rejects, no access ends.
 */
export async function revoke(
  options: RevokeOptions,
  guard: GuardParts,
  parts: EndingParts,
  note: (revoked: RevokeOptions) => Promise<void> = async () => {},
): Promise<Revocation> {
  const revoked = checked(options, guard)
  await note(revoked)
  return withinDeadline({ timeoutMs: guard.timeoutMs }, () => endAccess(revoked, guard, parts))
}

/**
 * Ends the access of a user, a session or a delegation. Notifies servers and channels after all records of it are in
 * the store: a server that hangs must not keep the next record open.
 */
export async function endAccess(revoked: Revoked, guard: GuardParts, parts?: EndingParts): Promise<Revocation> {
  const later: Notice[] = []
  try {
    return await end(revoked, guard, parts, later)
  } finally {
    // Runs even if the store failed: the next call finds neither the ended records nor their tokens.
    const tell = () => Promise.all(later.map((notify) => notify()))
    await withinDeadline({ timeoutMs: TELLING_MS }, tell).catch(() => {})
  }
}

/** Notifies a server or a channel. Never fails. */
type Notice = () => Promise<void>

async function end(
  revoked: Revoked,
  guard: GuardParts,
  parts: EndingParts | undefined,
  later: Notice[],
): Promise<Revocation> {
  const { runStore, revocations, clock, tokens } = guard
  const unreadable: string[] = []
  const onUnreadable = (key: string) => void unreadable.push(key)
  const release = (issuer: string, token: string, hint?: RevokeTokenOptions['hint']) =>
    void later.push(() => releaseToken(guard.servers, { issuer, token, hint }))
  const servers: RevokingServers = {
    of: (issuer) => ({ revoke: async (token, options) => release(issuer, token, options?.hint) }),
  }
  const context = { servers, onUnreadable }
  await revocations.add(revoked, clock.now())
  const { session, delegation } = revoked
  const dropped = await tokens.revoke(revoked, (key, { token }) => {
    const issuer = ownIssuerOf(key)
    if (issuer !== undefined) release(issuer, revealToken(token), 'access_token')
  })
  let approvals = 0
  for await (const entry of runStore.ownedBy(revoked, { onUnreadable })) {
    const { owner, delegationId } = entry.record.by
    if (!concerns(revoked, owner) || (delegation !== undefined && delegation !== delegationId)) continue
    const ended = await (session === undefined
      ? endUnused(runStore, entry, 'revoked')
      : endForSession(runStore, entry, session))
    if (ended.entry.record.end?.how === 'revoked') approvals++
    later.push(() => ended.tell(channelOfRun(entry, guard)))
  }
  const delegations = (await parts?.delegations?.endRevoked(revoked, context)) ?? 0
  const sessions = (await parts?.sessions?.endRevoked(revoked, context)) ?? 0
  return { approvals, tokens: dropped, delegations, sessions, ...(unreadable.length > 0 && { unreadable }) }
}

function checked(options: RevokeOptions, { servers }: Callers): RevokeOptions {
  refuseUnknownKeys('revoke', options, optionKeys)
  requireText('revoke.issuer', options.issuer)
  nameOf(options)
  const { issuer, tenant, subject, session } = options
  // A missing slash would match no user, and the call would still look like a success (I12).
  if (!servers.knows(issuer)) {
    throw new ConfigurationError(
      'revoke.issuer',
      `this guard does not know ${JSON.stringify(issuer)}: give the issuer as identities name it, with a trailing slash if it has one`,
    )
  }
  // An agent that acts for itself has no subject, and the call would look like a success.
  if (subject === clientAt(servers, issuer)) {
    throw new ConfigurationError('revoke.subject', 'is this agent, and a user is revoked: disable it at its issuer')
  }
  const revoked = defined({ issuer, tenant, subject, session })
  for (const [name, value] of Object.entries(revoked)) requireText(`revoke.${name}`, value)
  return revoked
}
