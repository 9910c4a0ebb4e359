import { LRUCache } from 'lru-cache'
import * as z from 'zod/mini'
import { systemClock, tellApp } from '../base/ports.ts'
import { equalSecrets, namesOf, refuseUnknownKeys, sha256 } from '../base/values/index.ts'
import { answering, readJson, refuse } from '../identity/requests.ts'
import type { ChannelsOptions } from '../runs/channels/channels-by-name.ts'
import type { Entry, RunRecord } from '../runs/record.ts'
import { openRunStore, type RunStore } from '../runs/run-store.ts'
import { wake } from '../runs/wake.ts'
import { isPending } from '../runs/write-answer.ts'
import { approvalOf, type CibaState, cibaState, isNotificationToken, isPinged } from './wire.ts'

/** Options of {@link cibaPing}. */
export interface CibaPingOptions extends Pick<ChannelsOptions, 'store' | 'keys' | 'clock'> {
  /** Called with the approval's id if a poll may find an answer. Its failures change nothing. */
  readonly onPing?: (approvalId: string) => void | Promise<void>
}

const optionKeys = namesOf<CibaPingOptions>('store', 'keys', 'onPing', 'clock')

/** Recent accepted pings: a server that repeats one must not learn that its token is unknown. */
const MAX_REMEMBERED = 10_000

/** RFC 6750 §2.1, with one space; the scheme is case-insensitive (RFC 9110 §11.1). */
const bearer = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i
const MAX_TOKEN = 1024

const notification = z.looseObject({ auth_req_id: z.string() })

/**
 * Handles the notifications of a server that pings (CIBA ping mode), as a fetch-style handler. Mount it at the client's
 * registered notification endpoint, and set `ciba({ ping: true })`.
 *
 * A ping decides nothing. It makes the next poll due now, for a watcher in any process and for callers that wait in
 * this one. Answers 204. Answers 401 for a token that does not belong to the request that it names, and for a token of
 * a request that is already answered. Answers 400 for a body that is no notification, and 503 if the store does not
 * answer. Never redirects.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#ping_callback | CIBA Core §10.2}
 */
export function cibaPing(options: CibaPingOptions): (request: Request) => Promise<Response> {
  refuseUnknownKeys('cibaPing', options, optionKeys)
  const { store, keys, onPing, clock = systemClock } = options
  const runStore = openRunStore({ store, keys, clock })
  const taken = new LRUCache<string, true>({ max: MAX_REMEMBERED })
  return (request) => answering(() => takePing(request, runStore, taken, onPing))
}

async function takePing(
  request: Request,
  runStore: RunStore,
  taken: LRUCache<string, true>,
  onPing: CibaPingOptions['onPing'],
): Promise<Response> {
  if (request.method !== 'POST') return refuse(405, 'method_not_allowed', { allow: 'POST' })
  const token = bearer.exec(request.headers.get('authorization') ?? '')?.[1]
  if (token === undefined || token.length > MAX_TOKEN) return unknownToken()
  const body = notification.safeParse(await readJson(request))
  if (!body.success) return refuse(400, 'invalid_request')
  const { auth_req_id: authReqId } = body.data
  const ping = await sha256(JSON.stringify([token, authReqId]))
  if (taken.has(ping)) return new Response(null, { status: 204 })
  const found = await findPinged(runStore, token, authReqId)
  if (found === undefined) return unknownToken()
  await makeDue(runStore, found)
  taken.set(ping, true)
  wake(found.record.id)
  tellApp(() => onPing?.(found.record.id))
  return new Response(null, { status: 204 })
}

const unknownToken = (): Response => refuse(401, 'invalid_token', { 'www-authenticate': 'Bearer' })

/** The pending record to which both the token and the request's id belong. Each is hashed before it is compared. */
async function findPinged(runStore: RunStore, token: string, authReqId: string): Promise<Entry | undefined> {
  const id = approvalOf(token)
  const entry = id === undefined ? undefined : await runStore.read(id)
  const state = entry && pingedState(entry.record)
  // Compares in every case, so that the time does not distinguish an unknown approval from a wrong token.
  const tokenFits = await isNotificationToken(token, state?.notification ?? '')
  const requestFits = await equalSecrets(authReqId, state?.authReqId ?? '')
  return tokenFits && requestFits && state !== undefined ? entry : undefined
}

function pingedState(record: RunRecord): CibaState | undefined {
  const state = isPending(record) ? record.question.delivery.state : undefined
  return state !== undefined && isPinged(state) ? cibaState(state) : undefined
}

/** Makes the next poll due now. Once for each request: a server that repeats pings does not set our pace. */
async function makeDue(runStore: RunStore, entry: Entry): Promise<void> {
  const { authReqId } = pingedState(entry.record) ?? {}
  await runStore.update(entry, (record) => {
    const state = pingedState(record)
    if (state === undefined || state.authReqId !== authReqId || state.pinged === true) return undefined
    if (!isPending(record)) return undefined
    const { question } = record
    const { delivery } = question
    const nextPollAt = Math.min(delivery.nextPollAt, runStore.now())
    const due = { ...delivery, nextPollAt, state: { ...delivery.state, pinged: true } }
    return { ...record, question: { ...question, delivery: due } }
  })
}
