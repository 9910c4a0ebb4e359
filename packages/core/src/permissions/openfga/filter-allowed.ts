import type { Effect, Identity, Permission } from '../../base/contract/index.ts'
import { BehalfError, ConfigurationError, IdentityRequiredError, InvalidTokenError } from '../../base/errors/index.ts'
import { type Clock, systemClock } from '../../base/ports.ts'
import { orAborted } from '../../base/process/async.ts'
import { aClock, checkOptions, having, kinds, needed } from '../../base/values/index.ts'
import { currentIdentity } from '../../identity/run-as.ts'
import { isVerified } from '../../identity/verified.ts'
import type { AccessChecker, AccessDecision, AccessQuestion } from './access-checker.ts'
import { permissionsOf } from './may.ts'

/** Maximum number of candidates in one check. For user, agent and delegation together, they need two full requests. */
const MOST_AT_ONCE = 48
const FEWEST_AT_ONCE = 8
/**
 * Factor between the number of requested candidates and the number of missing documents, so that most searches need one
 * round.
 */
const OVER_FETCH = 2

/** Options of `filterAllowed`. */
export interface FilterOptions<Document> {
  /** Permission system that decides about each document. */
  readonly permissions: AccessChecker
  /** The agent's configured name, such as `agent:trader`. */
  readonly agent: string
  /** Identity that reads the documents. Made by verification only. @default the current identity */
  readonly identity?: Identity
  /**
   * Returns the permission that a document needs, from its own metadata: `may('can_read', object('document', id))`. A
   * document whose id cannot be an object's name is withheld.
   */
  readonly permission: (document: Document) => Permission | readonly Permission[]
  /** Maximum number of allowed documents to return. @default all there are */
  readonly limit?: number
  /** Maximum number of candidates to check. @default 500 */
  readonly maxCandidates?: number
  /** Time limit for the whole filter, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  /** `'user'`: the model has no agents. */
  readonly subjects?: 'user'
  /** `'write'` asks for higher consistency, where a document must not outlive its share. @default 'read' */
  readonly effect?: Effect
  /** Aborts the filter. */
  readonly signal?: AbortSignal
  /** @default the system's */
  readonly clock?: Clock
}

/** Source of candidates: a list, or a search that returns `count` more of its ranking, from `skip` on. */
export type Candidates<Document> =
  | readonly Document[]
  | ((page: {
      readonly skip: number
      readonly count: number
      readonly signal: AbortSignal
    }) => readonly Document[] | Promise<readonly Document[]>)

/** Documents that the user may see, and how the search for them ended. */
export interface Filtered<Document> {
  /** The original documents, in their order, with their scores. */
  readonly documents: readonly Document[]
  /** Number of candidates that were checked. Not for the model. */
  readonly considered: number
  /** Number of candidates that were refused. Not for the model. */
  readonly withheld: number
  /** `'enough'` and `'exhausted'` are whole answers; after the others there may be more. */
  readonly ended: 'enough' | 'exhausted' | 'candidates' | 'deadline'
}

/**
 * Keeps the documents that both user and agent may read, and that the agent may read for the user.
 *
 * Fetches more candidates if too few are allowed, until there are enough, none are left, or a limit is reached; the
 * result says which. Keeps no document that was not checked, and stores nothing for the next call.
 *
 * @throws IdentityRequiredError The identity is missing, or no verification made it.
 * @throws InvalidTokenError `expired`: the proof of the identity has expired.
 * @throws TransportError The permission system did not answer: the filter returns nothing, rather than a part.
 * @throws ConfigurationError An option is unknown or wrong, or the question does not fit the checker's set-up.
 */
export async function filterAllowed<Document>(
  candidates: Candidates<Document>,
  options: FilterOptions<Document>,
): Promise<Filtered<Document>> {
  // Read once: a caller may reuse the object for its next search while this one waits for candidates.
  const own = { ...options }
  const { limit, maxCandidates, timeoutMs, identity } = readFilterOptions(options)
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  const found: Found<Document> = { documents: [], considered: 0, withheld: 0 }
  const decide = (page: readonly Document[]) => decideAbout(page, identity, { ...own, signal })
  try {
    const ended = await search(candidates, decide, { limit, maxCandidates, signal }, found)
    return { ...found, ended }
  } catch (error) {
    own.signal?.throwIfAborted()
    // Each of the documents allowed so far was checked.
    if (deadline.aborted && error === deadline.reason) return { ...found, ended: 'deadline' }
    throw error
  }
}

interface Found<Document> {
  readonly documents: Document[]
  considered: number
  withheld: number
}

interface Bounds {
  readonly limit: number
  readonly maxCandidates: number
  readonly signal: AbortSignal
}

/** Searches page by page, until there are enough documents, no more candidates, or too many. */
async function search<Document>(
  candidates: Candidates<Document>,
  decide: (page: readonly Document[]) => Promise<readonly boolean[]>,
  { limit, maxCandidates, signal }: Bounds,
  found: Found<Document>,
): Promise<Filtered<Document>['ended']> {
  const fetch = typeof candidates === 'function' ? candidates : pageOf([...candidates])
  while (found.documents.length < limit) {
    signal.throwIfAborted()
    const count = Math.min(wanted(limit - found.documents.length), maxCandidates - found.considered)
    if (count <= 0) return 'candidates'
    // A search that gives more than was asked for does not pass the bound.
    const page = (await orAborted(Promise.resolve(fetch({ skip: found.considered, count, signal })), signal)).slice(
      0,
      count,
    )
    if (page.length === 0) return 'exhausted'
    const allowed = await decide(page)
    found.considered += page.length
    for (const [index, document] of page.entries()) {
      if (allowed[index] !== true) found.withheld++
      else if (found.documents.length < limit) found.documents.push(document)
    }
  }
  return 'enough'
}

const pageOf =
  <Document>(list: readonly Document[]) =>
  ({ skip, count }: { readonly skip: number; readonly count: number }) =>
    list.slice(skip, skip + count)

const wanted = (missing: number) => Math.min(MOST_AT_ONCE, Math.max(FEWEST_AT_ONCE, Math.ceil(missing * OVER_FETCH)))

/** Returns for each document whether it is allowed. */
async function decideAbout<Document>(
  page: readonly Document[],
  identity: Identity,
  options: FilterOptions<Document> & { readonly signal: AbortSignal },
): Promise<readonly boolean[]> {
  const needed = page.map((document) => permissionsFor(document, options.permission))
  const { agent, subjects, effect = 'read', signal } = options
  const question: AccessQuestion = {
    identity,
    agent,
    permissions: needed.flat(),
    ...(subjects !== undefined && { subjects }),
    effect,
    signal,
  }
  if (question.permissions.length === 0) return page.map(() => false)
  const decisions = await orAborted(decideEach(options.permissions, question), signal)
  let at = 0
  return needed.map((permissions) => {
    const own = decisions.slice(at, at + permissions.length)
    at += permissions.length
    return permissions.length > 0 && own.length === permissions.length && own.every(isAllowed)
  })
}

/** Returns no permissions for a document that cannot be named: only that document is withheld. */
function permissionsFor<Document>(
  document: Document,
  permission: FilterOptions<Document>['permission'],
): readonly Permission[] {
  try {
    return permissionsOf('filterAllowed.permission', permission(document))
  } catch (error) {
    if (BehalfError.isInstance(error) && error.code === 'ERR_INVALID_OBJECT') return []
    throw error
  }
}

/** Returns one decision for each permission, from any checker. */
export async function decideEach(checker: AccessChecker, question: AccessQuestion): Promise<readonly AccessDecision[]> {
  if (checker.checkEach !== undefined) return checker.checkEach(question)
  return Promise.all(
    question.permissions.map((permission) => checker.check({ ...question, permissions: [permission] })),
  )
}

/**
 * Returns whether a decision allows. A checker is code of the app, so its answer is read as strictly as a server's
 * (F1).
 */
export function isAllowed(decision: AccessDecision | undefined): boolean {
  return (
    decision?.allowed === true && decision.checks.length > 0 && decision.checks.every((check) => check.allowed === true)
  )
}

function readFilterOptions<Document>(options: FilterOptions<Document>) {
  checkOptions(
    'filterAllowed',
    options,
    {
      permissions: needed(having('a checker, such as openFga({ … })', 'check')),
      permission: needed(kinds.function),
      maxCandidates: kinds.positiveInteger,
      timeoutMs: kinds.timeoutMs,
      clock: aClock,
    },
    ['agent', 'identity', 'limit', 'subjects', 'effect', 'signal'],
  )
  const { limit = Number.POSITIVE_INFINITY, maxCandidates = 500, timeoutMs = 5_000, clock = systemClock } = options
  if (!(limit === Number.POSITIVE_INFINITY || Number.isSafeInteger(limit)) || limit < 1) {
    throw new ConfigurationError('filterAllowed.limit', 'give a positive whole number, or leave it out')
  }
  return { limit, maxCandidates, timeoutMs, identity: verifiedIdentity(options.identity, clock) }
}

/** Returns the identity. I1: an object that no verification made is no identity. */
function verifiedIdentity(given: Identity | undefined, clock: Clock): Identity {
  const identity = given ?? currentIdentity()
  if (!isVerified(identity)) {
    throw new IdentityRequiredError('filterAllowed needs a verified identity')
  }
  // Clocks differ: 30 seconds, as everywhere.
  if (identity.expiresAt !== undefined && clock.now() / 1000 >= identity.expiresAt + 30) {
    throw new InvalidTokenError('expired', 'the proof of the identity has ended')
  }
  return identity
}
