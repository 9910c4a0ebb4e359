import { type AuditEvent, type AuditPrincipal, type Identity, ownerOf } from '../../base/contract/index.ts'
import { TransportError } from '../../base/errors/index.ts'
import { type AuditSink, type Clock, tellApp } from '../../base/ports.ts'
import { defined } from '../../base/values/index.ts'
import { isVerified } from '../../identity/verified.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { approvalState } from '../../runs/approval-state.ts'
import type { RunRecord } from '../../runs/record.ts'

type Unstamped<Event> = Event extends AuditEvent ? Omit<Event, 'v' | 'at' | 'agent'> : never

/** An event before it is stamped. */
export type NewAuditEvent = Unstamped<AuditEvent>

interface AuditorOptions {
  readonly sink: AuditSink | undefined
  readonly required: boolean
  readonly agent: string
  readonly clock: Clock
  /** Maximum wait for the sink when an event must be recorded, in milliseconds. */
  readonly timeoutMs: number
}

/** Sends events to the app's sink. Unless audit is `required`, a sink cannot stop or slow a call. */
export class Auditor {
  readonly #sink: AuditSink | undefined
  readonly #agent: string
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly required: boolean

  constructor({ sink, required, agent, clock, timeoutMs }: AuditorOptions) {
    this.#sink = sink
    this.required = required
    this.#agent = agent
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Whether there is no sink. Then no event is built. */
  get isSilent(): boolean {
    return this.#sink === undefined
  }

  /** Records an event without waiting. If audit is required, `demand` waits for the sink and reports its errors. */
  note(event: NewAuditEvent): void {
    const sink = this.#sink
    if (sink === undefined) return
    const stamped = this.#stamped(event)
    tellApp(() => sink.write(stamped))
  }

  /**
   * Waits for the sink, within the time limit, before an action that must be recorded. Waits only where audit is
   * required.
   * @throws TransportError The sink did not accept the event, or not in time.
   */
  async demand(event: NewAuditEvent): Promise<void> {
    if (!this.required) return this.note(event)
    try {
      await withinDeadline({ timeoutMs: this.#timeoutMs }, async () => this.#sink?.write(this.#stamped(event)))
    } catch (cause) {
      throw new TransportError('audit is required, and the sink did not take an event', { cause })
    }
  }

  #stamped(event: NewAuditEvent): AuditEvent {
    return { v: 1, at: this.#clock.now(), agent: this.#agent, ...event } as AuditEvent
  }
}

/** Returns the principal for an event. Empty for an unverified identity: a caller's claim is not recorded (I1). */
export function principalOf(identity: Identity | undefined): { readonly principal?: AuditPrincipal } {
  if (identity === undefined || !isVerified(identity)) return {}
  const user = identity.kind === 'user' ? identity : undefined
  return {
    principal: {
      ...ownerOf(identity),
      ...defined({ actor: user?.actor, delegationId: user?.delegationId }),
    },
  }
}

/** Audits the new state of a question, after a call, an act in the inbox, or a second delivery. */
export function recordApproval(record: RunRecord, auditor: Auditor): void {
  const state = approvalState(record)
  if (state !== undefined) auditor.note(state)
}
