import { parseInterrupt } from '@behalf/ai-sdk/browser'
import { displayText } from '@behalf/core/interrupts'
import type { Look } from '../src/look-at.ts'
import { isGoingOn } from '../src/parts.ts'
import { Countdown } from './countdown.tsx'
import { Order } from './order.tsx'

/** A tool call, as in a message. */
export interface ToolPart {
  readonly type: string
  readonly state: string
  readonly input?: unknown
  readonly output?: unknown
  readonly errorText?: string
  readonly approval?: {
    readonly id: string
    readonly requestReason?: string
    readonly approved?: boolean
    readonly reason?: string
  }
}

/** Sentences of the guard about the outcome of a question. */
export interface Sentences {
  readonly denied: string
  readonly expired: string
  readonly cancelled: string
}

interface CardProps {
  readonly part: ToolPart
  readonly login: string
  /** User of the page; absent for a visitor. */
  readonly user: string | undefined
  readonly returnTo: string
  readonly look: Look | undefined
  readonly sentences: Sentences
  readonly cancel: (id: string) => Promise<void>
}

const labels: Readonly<Record<string, string>> = {
  get_stock_price: 'Looked up a price',
  whoami: 'Checked your login',
  get_portfolio: 'Read a portfolio',
  create_order: 'Placed an order',
  list_orders: 'Read orders',
}

/** Shows a call of the agent: its question, or its result. */
export function ToolCard(props: CardProps) {
  const { part, sentences } = props
  const tool = part.type.replace(/^tool-/, '')
  const interrupt = parseInterrupt(part.approval?.requestReason)
  if (part.state === 'approval-requested') return <Waiting {...props} />
  const asked = interrupt?.kind === 'approval_pending' ? interrupt.message : undefined
  if (tool === 'create_order' && (asked !== undefined || part.state === 'output-available')) {
    return (
      <section className="card" aria-label="Order">
        {asked !== undefined && (
          <p className="card-top">
            <span>{displayText(asked)}</span>
            <Verdict part={part} sentences={sentences} />
          </p>
        )}
        {isGoingOn(part) && <p>Placing the order…</p>}
        {part.state === 'output-available' && <Order output={part.output} />}
      </section>
    )
  }
  if (part.state === 'output-available') return <p className="done">{labels[tool] ?? displayText(tool)}</p>
  // Its process died before the end: the app checks its outcome.
  if (isGoingOn(part)) return <p className="done">In progress…</p>
  return part.state === 'output-error' || part.state === 'output-denied' ? <p className="done">Not done</p> : null
}

function Verdict({ part: { state, approval }, sentences }: Pick<CardProps, 'part' | 'sentences'>) {
  const [text, kind] = verdictOf(state, approval, sentences)
  return <strong className={`verdict ${kind}`}>{text}</strong>
}

function verdictOf(state: string, approval: ToolPart['approval'], sentences: Sentences): readonly [string, string] {
  // An approval does not decide alone: rights may have ended since. During a turn, this tab gets a result before the
  // approval.
  const isRefused = state === 'output-error' || state === 'output-denied'
  if (approval?.approved === true || state === 'output-available') {
    return isRefused ? ['Not done', 'bad'] : ['Approved', 'good']
  }
  switch (approval?.reason) {
    case sentences.denied:
      return ['Denied', 'bad']
    case sentences.expired:
      return ['Expired', '']
    case sentences.cancelled:
      return ['Cancelled', '']
    default:
      return ['Not done', '']
  }
}

function Waiting({ part, login, user, returnTo, look, cancel }: CardProps) {
  const interrupt = parseInterrupt(part.approval?.requestReason)
  switch (interrupt?.kind) {
    case 'approval_pending': {
      const isMine = look?.asked !== 'somebody_else'
      return (
        <section className="card waiting" aria-label="Waiting for approval">
          <p className="card-top">
            <span className="pulse">
              {isMine ? 'Waiting for your approval…' : 'Waiting for your supervisor’s approval…'}
            </span>
            {interrupt.expiresAt !== undefined && <Countdown expiresAt={interrupt.expiresAt} />}
          </p>
          <h2>{displayText(interrupt.message)}</h2>
          <p className="quiet-text">
            {isMine && 'Answer on your phone. '}The order is placed only after the approval. You can leave this page and
            come back.
          </p>
          <p className="actions">
            <button type="button" className="quiet" onClick={() => void cancel(interrupt.id)}>
              Cancel the request
            </button>
          </p>
        </section>
      )
    }
    case 'login_required':
    case 'step_up_required':
      // The user must first confirm that they asked for it.
      if (look?.goesOn === 'on_click') return null
      return (
        <section className="card" aria-label="Login needed">
          <h2>Log in to continue</h2>
          <p>The agent needs to know for whom it acts. You come back to this conversation.</p>
          <p className="actions">
            <a className="button main" href={login}>
              Log in
            </a>
          </p>
        </section>
      )
    case 'connection_required':
      return (
        <section className="card" aria-label="Account needed">
          <h2>Connect your Stock Trade account</h2>
          <p>The agent may then read your portfolio and orders. You come back to this conversation.</p>
          <form
            action={`/connections/connect?${new URLSearchParams({ user: user ?? '' })}`}
            method="post"
            className="actions"
          >
            <input type="hidden" name="connection" value={interrupt.connection ?? ''} />
            <input type="hidden" name="scopes" value={interrupt.scopes?.join(' ') ?? ''} />
            <input type="hidden" name="returnTo" value={returnTo} />
            <button className="main" type="submit">
              Connect
            </button>
          </form>
        </section>
      )
    default:
      return null
  }
}
