import { refuseUnknownKeys, TestingError } from '../testing-error.ts'
import type { Received } from './received.ts'

/**
 * Fault of an endpoint: one of `status`, `body`, `reset`, `lostAnswer`, `change`, or `delayMs`, alone or with one of
 * them.
 */
export interface Fault {
  /** Answers with this status instead, without doing anything. Its body is `body`, or empty. */
  readonly status?: number
  /** Headers of that answer, such as `retry-after` or `location`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Wrong body, sent instead of the right one; a string is sent unchanged, any other value as JSON. */
  readonly body?: unknown
  /** The connection breaks before the server did anything. */
  readonly reset?: true
  /** The server does its work, and the connection breaks before the answer: the state change stays. */
  readonly lostAnswer?: true
  /** The server does its work, and its JSON answer is altered by this function. */
  readonly change?: (answer: Record<string, unknown>) => unknown
  /** Waits before anything else, milliseconds, on `setTimeout` (fake timers can drive it). */
  readonly delayMs?: number
  /** Number of matching requests with the fault. @default 1 */
  readonly times?: number
  /**
   * Parameters that a request must have: only requests whose form or query parameters equal these, such as a
   * `grant_type`.
   */
  readonly match?: Readonly<Record<string, string>>
}

const KEYS = ['status', 'headers', 'body', 'reset', 'lostAnswer', 'change', 'delayMs', 'times', 'match']

/** Pending faults of one server's endpoints. The earliest that matches is used first. */
export class Faults {
  readonly #endpoints: readonly string[]
  #waiting: { readonly endpoint: string; readonly fault: Fault; left: number }[] = []

  constructor(endpoints: readonly string[]) {
    this.#endpoints = endpoints
  }

  /** Adds a fault to those that wait at an endpoint. @throws TestingError The endpoint or the fault is unknown. */
  add(endpoint: string, fault: Fault): void {
    if (!this.#endpoints.includes(endpoint)) {
      throw new TestingError(`fault: no endpoint ${JSON.stringify(endpoint)}; there are ${this.#endpoints.join(', ')}`)
    }
    refuseUnknownKeys('fault', fault, KEYS)
    const kinds = [
      fault.status !== undefined || fault.body !== undefined,
      fault.reset === true,
      fault.lostAnswer === true,
      fault.change !== undefined,
    ].filter(Boolean).length
    if (kinds > 1 || (kinds === 0 && fault.delayMs === undefined)) {
      throw new TestingError('fault: give one of status (with body), body, reset, lostAnswer, change; or delayMs')
    }
    this.#waiting.push({ endpoint, fault, left: fault.times ?? 1 })
  }

  /** Removes the faults that have not happened yet. */
  clear(): void {
    this.#waiting = []
  }

  /** Answers with the fault that waits here, or lets the server answer. */
  async pass(endpoint: string, received: Received, respond: () => Promise<Response>): Promise<Response> {
    const waiting = this.#waiting.find((one) => one.endpoint === endpoint && matches(one.fault, received))
    if (waiting === undefined) return respond()
    waiting.left--
    if (waiting.left <= 0) this.#waiting = this.#waiting.filter((one) => one !== waiting)
    return inflict(waiting.fault, respond)
  }
}

function matches(fault: Fault, received: Received): boolean {
  return Object.entries(fault.match ?? {}).every(([name, value]) => received.parameters.get(name) === value)
}

async function inflict(fault: Fault, respond: () => Promise<Response>): Promise<Response> {
  if (fault.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
  if (fault.reset === true) return Response.error()
  if (fault.lostAnswer === true) {
    await respond()
    return Response.error()
  }
  if (fault.change !== undefined) return changed(await respond(), fault.change)
  if (fault.status !== undefined || fault.body !== undefined) return replaced(fault)
  return respond()
}

function replaced({ status = 200, headers = {}, body }: Fault): Response {
  if (body === undefined) return new Response(null, { status, headers })
  if (typeof body === 'string')
    return new Response(body, { status, headers: { 'content-type': 'text/html', ...headers } })
  return Response.json(body, { status, headers })
}

async function changed(response: Response, change: NonNullable<Fault['change']>): Promise<Response> {
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  const body = change((await response.json()) as Record<string, unknown>)
  return new Response(JSON.stringify(body), { status: response.status, headers })
}
