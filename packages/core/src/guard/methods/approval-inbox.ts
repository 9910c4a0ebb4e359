import {
  type AuthorizationDetail,
  type Identity,
  isSamePrincipal,
  type Json,
  type JsonObject,
  ownerOf,
  type Principal,
} from '../../base/contract/index.ts'
import { BehalfError, ConfigurationError, InvalidTokenError, TransportError } from '../../base/errors/index.ts'
import { snapshot } from '../../base/values/index.ts'
import { isPerson, type PresentUser, requirePresentUser } from '../../identity/present-user.ts'
import { isVerified } from '../../identity/verified.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { advanceRun } from '../../runs/advance-run.ts'
import { isSameCaller } from '../../runs/caller.ts'
import { endUnused, resolveCrash } from '../../runs/end-run.ts'
import { reopen } from '../../runs/noes.ts'
import { secondsToPoll } from '../../runs/poll-times.ts'
import type { Entry, RunRecord, StoredResult } from '../../runs/record.ts'
import { approvalOf, isUnanswered, stateOf } from '../../runs/run-state.ts'
import type { RunStore } from '../../runs/run-store.ts'
import { channelOfRun, type GuardParts } from '../guard-parts.ts'
import { hasExpired } from '../steps/identify.ts'

/** An owner's view of a run. Contains no token, no `auth_req_id` and no input. */
export interface ApprovalView {
  /** Id of the approval, made by the guard. */
  readonly id: string
  /** Name of the tool whose call needs the approval. */
  readonly tool: string
  /** Text of the question. Empty for a `write` call without a question. */
  readonly message: string
  /** The same in structured form. */
  readonly details: readonly AuthorizationDetail[]
  /** Current state of the approval. */
  readonly state: 'open' | 'approved' | 'denied' | 'expired' | 'failed' | 'cancelled' | 'revoked' | 'used'
  /** State of the run that used the approval. `crashed`: its outcome is unknown until `resolve` records it. */
  readonly run?: 'running' | 'completed' | 'threw' | 'crashed'
  /** Person who is asked. Absent if no question was asked. */
  readonly approver?: Principal
  /** Epoch seconds. */
  readonly createdAt: number
  /** Time at which the question expires, or the approval becomes void, in epoch seconds. */
  readonly expiresAt: number
  /** Time until the next poll may find a change, in seconds. Open questions only. */
  readonly interval?: number
  /** Evidence of the channel for the answer, if it gave some. */
  readonly evidence?: JsonObject
}

/** An approver's view: the question, and whether it is still open (A8). */
export interface ApproverView extends Pick<ApprovalView, 'id' | 'message' | 'details' | 'state' | 'expiresAt'> {
  /** Id of the question, for an answer. */
  readonly questionId: string
}

export function ownerView({ record }: Entry, now: number): ApprovalView {
  const { id, tool, question, createdAt } = record
  const state = stateOf(record)
  const evidence = question?.answer?.evidence
  const base = {
    id,
    tool,
    message: question?.message ?? '',
    details: question?.details ?? [],
    createdAt,
    expiresAt: (state === 'approved' ? approvalOf(record)?.usableUntil : undefined) ?? question?.expiresAt ?? 0,
    ...(question !== undefined && { approver: question.approver }),
    ...(evidence !== undefined && { evidence }),
  }
  switch (state) {
    case 'requested':
    case 'pending':
      return { ...base, state: 'open', interval: secondsToPoll(record, now) }
    case 'running':
    case 'completed':
    case 'threw':
    case 'crashed':
      return { ...base, state: 'used', run: state }
    default:
      return { ...base, state }
  }
}

function approverView(entry: Entry, now: number): ApproverView {
  const { id, message, details, state, expiresAt } = ownerView(entry, now)
  return { id, questionId: entry.record.question?.id ?? '', message, details, state, expiresAt }
}

/**
 * Returns whether a run belongs to this identity. A present user owns all runs that were started for them. A party that
 * acts for a user, a job, and an agent without a user own only the runs that they started: by the same client, actor
 * and delegation.
 */
export function owns(identity: Identity, record: RunRecord): boolean {
  return isSamePrincipal(identity, record.by.owner) && (isPerson(identity) || isSameCaller(record, identity))
}

/** Returns whether this person is the named approver, and is present. */
export function isAsked(identity: Identity, { question }: RunRecord): boolean {
  return isPerson(identity) && isSamePrincipal(question?.approver, identity)
}

/** Options of an inbox request. An identity finds only its own runs and questions. */
export interface InboxOptions {
  /** Verified identity that uses the inbox. */
  readonly identity: Identity
  /** Aborts the request. */
  readonly signal?: AbortSignal
}

/** Options of a paged list. */
export interface ListOptions extends InboxOptions {
  /** @default 50 */
  readonly limit?: number
  /** The id that the last page ended with. */
  readonly after?: string
}

/**
 * Questions and runs, by id and by person (A8).
 *
 * The record of another person, an unknown id, and an identity that no verification made give the same answer: no
 * record. Every method rejects with the reason of its signal, or with one of these:
 *
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError Nothing is known; try again.
 */
export interface ApprovalInbox {
  /** Returns the state of an owner's question, after a poll if one is due. */
  get(id: string, options: InboxOptions): Promise<ApprovalView | undefined>
  /**
   * Lists runs in pages, in no order; a page that is not full is the last. For an owner: runs that are open, approved
   * and unused, running, or crashed. For an approver: open questions. Does not poll for answers.
   */
  list(options: ListOptions & { readonly as: 'owner' }): Promise<readonly ApprovalView[]>
  /** Lists runs for an approver. */
  list(options: ListOptions & { readonly as: 'approver' }): Promise<readonly ApproverView[]>
  /**
   * Cancels a question of the owner's own that is not used yet. Does not change a run that has started or ended: see
   * `state`.
   */
  cancel(id: string, options: InboxOptions): Promise<ApprovalView | undefined>
  /**
   * Records the outcome of the owner's own run whose process died, once the app knows it: by its idempotency key, from
   * the API. `ran`: every slot gets `result`, if one is given. `did_not_run`: the run may start again, within the time
   * that is left of its approval. Does not change a run that has not crashed. Only the owner may call it, and must be
   * present.
   * @throws ConfigurationError `what` is neither, or `result` is no plain JSON.
   * @throws IdentityRequiredError The identity is verified, and no user who is here; the message says why.
   */
  resolve(
    id: string,
    what: 'ran' | 'did_not_run',
    options: InboxOptions & { readonly result?: Json },
  ): Promise<ApprovalView | undefined>
  /**
   * Allows the app to ask an approver again after a denial: their denials of this tool for this owner no longer count
   * (A14). Only the approver may call it, and must be present. Does not change a question that they did not deny.
   * @throws IdentityRequiredError The identity is verified, and no user who is here; the message says why.
   */
  reopen(id: string, options: InboxOptions): Promise<ApproverView | undefined>
}

/** Maximum number of records that one page reads: an inbox is for people. */
const MAX_READ = 10_000

/** Makes the inbox of a guard. */
export function approvalInbox(guard: GuardParts): ApprovalInbox {
  const { runStore } = guard
  const own = async (id: string, identity: Identity): Promise<Entry | undefined> => {
    const entry = await runStore.read(id)
    return entry !== undefined && owns(identity, entry.record) ? entry : undefined
  }
  const present = async <View>(options: InboxOptions, work: (user: PresentUser) => Promise<View>) => {
    const { identity } = options
    if (!isVerified(identity)) return undefined
    return bounded(guard, options, async () => work(await requirePresentUser(identity, guard)))
  }
  return {
    get: (id, options) =>
      within(guard, options, undefined, async (identity, signal) => {
        const entry = await own(id, identity)
        if (entry?.record.question === undefined) return undefined
        const { channel, context } = channelOfRun(entry, guard, signal)
        const settled = await advanceRun(runStore, entry, channel, context)
        return ownerView(settled.entry, runStore.now())
      }),
    list: (async ({ ...options }: ListOptions & { readonly as: 'owner' | 'approver' }) => {
      if (options.as !== 'owner' && options.as !== 'approver') {
        throw new ConfigurationError('approvals.list.as', `give 'owner' or 'approver'`)
      }
      return within(guard, options, [], () => page(runStore, options))
    }) as ApprovalInbox['list'],
    cancel: (id, options) =>
      within(guard, options, undefined, async (identity, signal) => {
        const open = await own(id, identity)
        if (open === undefined) return undefined
        const { entry, tell } = await endUnused(runStore, open, 'cancelled')
        await tell(channelOfRun(open, guard, signal))
        return ownerView(entry, runStore.now())
      }),
    resolve: async (id, what, options) => {
      checkResolution(what)
      const result = resultOf(options.result)
      return present(options, async ({ identity }) => {
        const entry = await own(id, identity)
        return entry && ownerView(await resolveCrash(runStore, entry, { what, result, by: 'owner' }), runStore.now())
      })
    },
    reopen: (id, options) =>
      present(options, async ({ identity }) => {
        const entry = await runStore.read(id)
        if (entry === undefined || !isAsked(identity, entry.record)) return undefined
        if (stateOf(entry.record) === 'denied') await reopen(runStore, entry)
        return approverView(entry, runStore.now())
      }),
  }
}

async function page(
  runStore: RunStore,
  { identity, as, limit = 50, after }: ListOptions & { readonly as: 'owner' | 'approver' },
): Promise<readonly (ApprovalView | ApproverView)[]> {
  const found: (ApprovalView | ApproverView)[] = []
  let left = MAX_READ
  for await (const entry of theirs(runStore, identity, as, after)) {
    const now = runStore.now()
    if (as === 'owner' && owns(identity, entry.record)) found.push(ownerView(entry, now))
    if (as === 'approver' && isOpenTo(identity, entry, now)) found.push(approverView(entry, now))
    if (found.length === limit || --left === 0) break
  }
  return found
}

function theirs(runStore: RunStore, identity: Identity, as: 'owner' | 'approver', after: string | undefined) {
  // A question that cannot be opened must not hide the others from its person.
  const options = { after, onUnreadable: () => {} }
  if (as === 'owner') return runStore.ownedBy(ownerOf(identity), options)
  return identity.kind === 'user' ? runStore.askedOf(identity, options) : []
}

function isOpenTo(identity: Identity, { record }: Entry, now: number): boolean {
  return isUnanswered(record) && isAsked(identity, record) && now < (record.question?.expiresAt ?? 0)
}

/** @throws ConfigurationError */
export function checkResolution(what: unknown): void {
  if (what === 'ran' || what === 'did_not_run') return
  throw new ConfigurationError('approvals.resolve', `give 'ran' or 'did_not_run'`)
}

/** @throws ConfigurationError */
export function resultOf(result: Json | undefined): StoredResult | undefined {
  if (result === undefined) return undefined
  const copied = snapshot(result)
  if ('problem' in copied)
    throw new ConfigurationError('approvals.resolve.result', `is no plain JSON: ${copied.problem}`)
  return { kind: 'json', value: copied.value }
}

/**
 * Runs an operation of the inbox for a caller who may use it.
 *
 * @param work - Gets the checked identity: the caller may reuse the same options for the next user.
 */
async function within<Found>(
  guard: GuardParts,
  options: InboxOptions,
  nothing: Found,
  work: (identity: Identity, signal: AbortSignal) => Promise<Found>,
): Promise<Found> {
  const { identity, signal } = options
  const { revocations, clock } = guard
  signal?.throwIfAborted()
  if (!isVerified(identity)) return nothing
  const now = clock.now()
  if (hasExpired(identity, now)) throw new InvalidTokenError('expired', 'the proof of the identity has expired')
  return bounded(guard, options, async (ending) => {
    if ((await revocations.findNow(identity, now)) === undefined) return work(identity, ending)
    throw new InvalidTokenError('inactive', 'the identity was revoked')
  })
}

/** Works under the total deadline, with typed errors only. */
async function bounded<Found>(
  { timeoutMs }: GuardParts,
  { signal }: InboxOptions,
  work: (signal: AbortSignal) => Promise<Found>,
): Promise<Found> {
  return withinDeadline({ timeoutMs, signal }, work).catch((error: unknown) => {
    if (signal?.aborted === true || BehalfError.isInstance(error)) throw error
    throw new TransportError('the store or the approval channel failed', { cause: error })
  })
}
