import type { AuditEvent, Interrupt, Trace } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import type { PendingRequest } from '@behalf/testing'
import type { Mismatch } from './check.ts'
import type { ApiRequest } from './watch-wire.ts'

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Colour = keyof typeof codes

/** Returns whether to colour: on a terminal, unless `NO_COLOR` is set. @see {@link https://no-color.org | NO_COLOR} */
export const wantsColour = (isTerminal: boolean, noColor: string | undefined): boolean =>
  isTerminal && (noColor === undefined || noColor === '')

/** Writes for people, and remembers all it wrote. */
export class Printer {
  readonly #write: (text: string) => void
  readonly #colour: boolean
  #written = ''

  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write
    this.#colour = colour
  }

  /** Everything so far. */
  get written(): string {
    return this.#written
  }

  line(text = ''): void {
    this.#written += `${text}\n`
    this.#write(`${text}\n`)
  }

  paint(colour: Colour, text: string): string {
    return this.#colour ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text
  }

  heading(title: string, lead: string): void {
    this.line()
    this.line(this.paint('bold', title))
    this.line(this.paint('dim', `  ${lead}`))
  }

  field(label: string, text: string, colour?: Colour): void {
    this.line(`  ${this.paint('dim', label.padEnd(9))} ${colour === undefined ? text : this.paint(colour, text)}`)
  }

  /** A question as the person sees it on their phone. */
  question({ subject, bindingMessage = '', authorizationDetails }: PendingRequest): void {
    this.field('phone', `${subject} is asked: ${this.paint('yellow', `“${displayText(bindingMessage)}”`)}`)
    for (const detail of authorizationDetails ?? []) this.field('', `details ${displayText(detail)}`)
  }

  waiting({ interval = 5, kind }: Interrupt): void {
    this.field('pause', `the agent waits (${kind}), and polls again in ${interval} s`)
  }

  /** Prints the facts of a token, as the API got it. */
  apiRequest({ method, path, status, token }: ApiRequest): void {
    this.field('request', `${method} ${path} -> ${status}`)
    this.field('', `token for ${token.audience}, scope ${token.scopes}`)
    const act =
      token.actors.length === 0 ? 'no act: the upstream knows only the vault' : `act ${token.actors.join(' < ')}`
    this.field('', `sub ${token.subject} of ${token.issuer}, ${act}`)
    if (token.details !== undefined) this.field('', `authorization_details ${JSON.stringify(token.details)}`)
  }

  trace({ steps }: Trace): void {
    for (const [index, { step, verdict, detail }] of steps.entries()) {
      const colour = verdict === 'passed' ? 'green' : verdict === 'interrupted' ? 'yellow' : 'red'
      const [first = '', ...rest] = detail.split('; ')
      this.field(index === 0 ? 'trace' : '', `${step.padEnd(10)} ${this.paint(colour, verdict.padEnd(11))} ${first}`)
      for (const part of rest) this.field('', `${' '.repeat(23)}${part}`)
    }
  }

  audit(events: readonly AuditEvent[]): void {
    for (const [index, event] of events.entries()) this.field(index === 0 ? 'audit' : '', auditLine(event))
  }

  check(what: string, mismatch: Mismatch | undefined): void {
    if (mismatch === undefined) {
      this.field('check', `${this.paint('green', '✓')} ${what}`)
      return
    }
    this.field('MISMATCH', what, 'red')
    this.field('', `expected ${JSON.stringify(mismatch.expected)}`, 'red')
    this.field('', `but got  ${JSON.stringify(mismatch.actual)}`, 'red')
  }
}

function auditLine(event: AuditEvent): string {
  const who = `${event.agent} for ${event.principal?.subject ?? 'no user'}`
  switch (event.type) {
    case 'call':
      return `call      ${event.status}${event.code === undefined ? '' : ` (${event.code})`}: ${event.tool}, ${who}`
    case 'token':
      return `token     by ${event.source} for ${event.audience}, scope ${event.scopes.join(' ')}, ${who}`
    case 'approval':
      return `approval  ${event.state}: “${displayText(event.message ?? '')}”, asked ${event.approver?.subject}, held by ${event.enforcedBy}`
    case 'raw_token':
      return `raw token of ${event.credential} given to ${event.tool}, ${who}`
    case 'delegation':
      return `delegation ${event.action}${event.code === undefined ? '' : ` (${event.code})`}, ${who}`
    case 'operator':
      return `operator  ${event.operator}: ${event.action}`
    default:
      return event satisfies never
  }
}
