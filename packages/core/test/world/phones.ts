import type { Happening, Text } from './events.ts'
import type { Issuer } from './issuer.ts'
import { json, type Received } from './network.ts'
import { textOf } from './tools.ts'

/**
 * How an answer on a phone misleads. `someone else`: another person signs in to answer. `old login`: no one signs in.
 */
export const phoneLies = ['none', 'someone else', 'old login', 'no time'] as const
export type PhoneLie = (typeof phoneLies)[number]

interface Request {
  readonly id: string
  readonly approver: string
  readonly text: Text
  readonly openedAt: number
  readonly expiresAt: number
  answer?: { readonly says: 'approve' | 'deny'; readonly at: number; readonly lie: PhoneLie }
  /** When the answer was fetched. Epoch seconds, true time. */
  spentAt?: number
  isHeard?: boolean
}

/** Deliveries live for much longer than the questions, or for less. Seconds. */
const LIVES = [86_400, 120]
const INTERVAL = 5

/** Asks people on their phones (CIBA), in poll mode: the server's part of it. */
export class Phones {
  readonly #issuer: Issuer
  readonly #tell: (happening: Happening) => void
  readonly #requests: Request[] = []

  constructor(issuer: Issuer, tell: (happening: Happening) => void) {
    this.#issuer = issuer
    this.#tell = tell
  }

  /** Takes a question, and shows it. */
  authorize({ body }: Received): Response {
    if (this.#issuer.takeNoDevice()) return json(400, { error: 'unknown_user_id' })
    const form = new URLSearchParams(body)
    const number = this.#requests.length + 1
    const id = `phone-${number}`
    const lives = LIVES[number % 2] as number
    const openedAt = this.#issuer.now()
    const approver = form.get('login_hint') ?? ''
    const text = textOf(form.get('binding_message') ?? '')
    this.#requests.push({ id, approver, text, openedAt, expiresAt: openedAt + lives })
    this.#tell({ kind: 'asked', question: id, approver, text })
    return json(200, { auth_req_id: id, expires_in: lives, interval: INTERVAL })
  }

  /** Answers one of a few open questions, the newest first. */
  answer(which: number, says: 'approve' | 'deny', lie: PhoneLie): void {
    const open = this.#requests.filter((each) => each.answer === undefined && this.#issuer.now() < each.expiresAt)
    const chosen = open.at(-1 - (which % Math.max(1, open.length)))
    if (chosen === undefined) return
    const at = this.#issuer.now()
    chosen.answer = { says, at, lie }
    // A no counts once the app has heard of it, and another person's yes for nothing.
    if (says === 'approve') this.#answered(chosen, 'yes', this.#issuer.trueNow(), lie === 'someone else')
  }

  /** A call was told that its question was denied: so the app has heard of each such no that it had fetched. */
  heardNo(owner: string, tool: string, amount: number): void {
    for (const request of this.#requests) {
      const { text, answer, spentAt, isHeard } = request
      if (answer?.says !== 'deny' || spentAt === undefined || isHeard) continue
      if (text.owner !== owner || text.tool !== tool || text.amount !== amount) continue
      request.isHeard = true
      this.#answered(request, 'no', spentAt, false)
    }
  }

  #answered({ id: question, approver: subject }: Request, answer: 'yes' | 'no', at: number, isFalse: boolean): void {
    const session = `phone of ${subject}`
    const by = { subject, kind: 'user', client: 'agent', session, provenAt: at }
    this.#tell({ kind: 'answered', question, by, answer, calledAt: at, isSure: true, ...(isFalse && { isFalse }) })
  }

  /** One poll. */
  poll(form: URLSearchParams): Response {
    const request = this.#requests.find(({ id }) => id === form.get('auth_req_id'))
    if (request === undefined || request.spentAt !== undefined) return json(400, { error: 'invalid_grant' })
    const { answer, approver } = request
    if (this.#issuer.now() >= request.expiresAt) return json(400, { error: 'expired_token' })
    if (answer === undefined) return json(400, { error: 'authorization_pending' })
    request.spentAt = this.#issuer.trueNow()
    if (answer.says === 'deny') return json(400, { error: 'access_denied' })
    const subject = answer.lie === 'someone else' ? 'mallory' : approver
    const authTime = answer.lie === 'old login' ? request.openedAt - 600 : answer.at
    return json(200, {
      access_token: this.#issuer.issue({ subject, client: 'agent', audience: 'phones', scopes: ['openid'] }),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: this.#issuer.idToken(subject, request.id, answer.lie === 'no time' ? undefined : authTime),
    })
  }
}
