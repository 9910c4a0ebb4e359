import * as z from 'zod/mini'
import { isSamePrincipal, type JsonObject, type UserIdentity } from '../../base/contract/index.ts'
import { displayFields, displayText } from '../../base/display/display-text.ts'
import { ApprovalAnswerError } from '../../base/errors/index.ts'
import { systemClock, tellApp } from '../../base/ports.ts'
import { canonicalJson, checkOptions, equalSecrets, kinds, needed, originList } from '../../base/values/index.ts'
import { type IdentityOf, type PresentUser, presenceIn, signedInUser } from '../../identity/present-user.ts'
import { answering, isSameOrigin, readJson, refuse, respond } from '../../identity/requests.ts'
import { reopen } from '../noes.ts'
import type { Entry, RunRecord } from '../record.ts'
import { stateOf } from '../run-state.ts'
import { openRunStore, type RunStore } from '../run-store.ts'
import { isAnswerable, type TakenAnswer, takeAnswer } from '../take-answer.ts'
import { isPending } from '../write-answer.ts'
import type { ChannelsOptions } from './channels-by-name.ts'
import { isInApp, verifyInApp } from './in-app-approvals.ts'

/** Options of {@link inAppInbox}. */
export interface InAppInboxOptions extends Pick<ChannelsOptions, 'store' | 'keys' | 'audit' | 'clock'> {
  /** Returns the signed-in user. */
  readonly identityOf: IdentityOf
  /**
   * Origins whose pages may answer, if they differ from the handler's own, such as behind a proxy.
   * @default the request's
   */
  readonly origins?: readonly string[]
  /** Called after an answer is stored, so that waiting work can continue. Its failures change nothing. */
  readonly onAnswer?: (answer: TakenAnswer) => void | Promise<void>
}

type Option = keyof InAppInboxOptions
const optionKeys: readonly Option[] = ['store', 'keys', 'audit', 'clock', 'origins', 'onAnswer']

/** Maximum number of questions in one answer, and of records that it reads. */
const PAGE = 50
const MAX_READ = 1_000

const posted = z.strictObject({
  id: z.string(),
  answer: z.enum(['approve', 'deny', 'reopen']),
  answerToken: z.string(),
})

/**
 * Inbox of `inAppApprovals`, as a fetch-style handler: `GET` lists the open questions of the signed-in person, `POST`
 * takes an answer.
 *
 * `GET` answers `{ questions: [{ id, message, fields, details, expiresAt, answerToken }], next? }`, at most 50;
 * continue with `?after=next`. Show `message`, and of each detail its `fields`, a list of `{ name, value }`: these
 * texts went through `displayText`. `details` are the values themselves, which an attacker may have written.
 *
 * `POST` takes `{ id, answer: 'approve' | 'deny' | 'reopen', answerToken }` as JSON from a page of the app's own
 * origin; `reopen` allows the app to ask the person again after a denial (A14). The handler shows no other part of an
 * approval: not the tool, not its input, not the user it acts for.
 *
 * Answers 401 (no user is signed in, or their access was revoked; an agent, a delegation and a client that is not
 * interactive do not count as signed in), 403 (another site's page, or not shown to this session), 404 (no such
 * question for this person), 409 (answered or ended), 503 (the store does not answer).
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function inAppInbox(options: InAppInboxOptions): (request: Request) => Promise<Response> {
  checkOptions('inAppInbox', options, { identityOf: needed(kinds.function) }, optionKeys)
  const { store, keys, identityOf, onAnswer, audit, clock = systemClock } = options
  const origins = options.origins === undefined ? undefined : originList('inAppInbox.origins', options.origins)
  const runStore = openRunStore({ store, keys, clock, audit })
  const presence = presenceIn(store, keys, clock)
  return (request) =>
    answering(async () => {
      if (request.method !== 'GET' && request.method !== 'POST') {
        return refuse(405, 'method_not_allowed', { allow: 'GET, POST' })
      }
      // Checked before the request is read: another site's page may not answer.
      if (request.method === 'POST' && !isSameOrigin(request, origins)) return refuse(403, 'cross_site')
      const user = await signedInUser(request, identityOf, presence)
      if (user === undefined) return refuse(401, 'login_required')
      return request.method === 'GET' ? list(runStore, request, user) : take(runStore, request, user, onAnswer)
    })
}

async function list(runStore: RunStore, request: Request, { identity: user }: PresentUser): Promise<Response> {
  const questions: JsonObject[] = []
  const after = new URL(request.url).searchParams.get('after') ?? undefined
  let read = 0
  for await (const entry of runStore.askedOf(user, { after, onUnreadable: () => {} })) {
    if (isAnswerableNow(entry.record, runStore.now())) questions.push(await shown(runStore, entry, user))
    if (questions.length === PAGE || ++read === MAX_READ) return respond(200, { questions, next: entry.record.id })
  }
  return respond(200, { questions })
}

/** Returns message and details (A8), in a form for display and as values, and the fields that an answer needs. */
async function shown(runStore: RunStore, { record }: Entry, user: UserIdentity): Promise<JsonObject> {
  const { message = '', details = [], expiresAt = 0 } = record.question ?? {}
  return {
    id: record.id,
    message: displayText(message),
    // Spread, since an interface is no `Json`.
    fields: details.map((detail) => displayFields(detail).map((field) => ({ ...field }))),
    details: details as unknown as JsonObject[],
    expiresAt,
    answerToken: await answerTokenOf(runStore, record, user),
  }
}

async function take(
  runStore: RunStore,
  request: Request,
  user: PresentUser,
  onAnswer: InAppInboxOptions['onAnswer'],
): Promise<Response> {
  const body = posted.safeParse(await readJson(request))
  if (!body.success) return refuse(400, 'invalid_request')
  const { id, answer, answerToken } = body.data
  const { identity } = user
  const entry = await runStore.read(id)
  // One answer for three cases: an unknown question, another person's, and one of another channel.
  if (entry === undefined || !isSamePrincipal(entry.record.question?.approver, identity))
    return refuse(404, 'not_found')
  // Only a page that showed this question to this person in this session can answer.
  if (!(await equalSecrets(answerToken, await answerTokenOf(runStore, entry.record, identity)))) {
    return refuse(403, 'not_shown')
  }
  if (answer === 'reopen') {
    if (stateOf(entry.record) !== 'denied') return refuse(409, 'not_open')
    await user.confirm()
    await reopen(runStore, entry)
    return respond(200, { id, state: 'reopened' })
  }
  const questionId = entry.record.question?.id
  try {
    const verified = verifyInApp({ id, questionId, answer, identity }, runStore.now())
    const taken = await takeAnswer(runStore, user, verified, isOfInbox)
    // The app's next action is not part of the person's answer.
    tellApp(() => onAnswer?.({ ...taken }))
    return respond(200, { ...taken })
  } catch (error) {
    if (!(error instanceof ApprovalAnswerError)) throw error
    const { reason } = error
    return reason === 'late' || reason === 'not_open' ? refuse(409, 'not_open') : refuse(404, 'not_found')
  }
}

/**
 * Returns whether a question belongs to this inbox. A question that ended has no delivery, and so no mark of its
 * channel.
 */
const isOfInbox = (record: RunRecord): boolean => !isPending(record) || isInApp(record.question.delivery)

/** Returns whether a question of this channel waits for its answer now. */
export function isAnswerableNow(record: RunRecord, now: number): boolean {
  return isPending(record) && isInApp(record.question.delivery) && isAnswerable(record.question, now)
}

/** Ties an answer to the question, the person and the session to which it was shown. */
export function answerTokenOf(
  runStore: RunStore,
  { id, question }: RunRecord,
  { issuer, tenant, subject, sessionId }: UserIdentity,
): Promise<string> {
  const whose = [issuer, tenant ?? null, subject, sessionId ?? null]
  return runStore.hash(canonicalJson(['in-app-answer', id, question?.id ?? null, ...whose]))
}
