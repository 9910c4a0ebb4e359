import { displayText } from '@behalf/core/interrupts'
import { html } from 'hono/html'
import type { SandboxEvent } from '../events/index.ts'
import type { Markup } from '../pages/index.ts'
import type { BookedCall } from './call-book.ts'

/** Choices of the person at the console, from the address. Each is absent where nothing is chosen. */
export interface Choice {
  readonly call?: string | undefined
  readonly user?: string | undefined
  readonly tool?: string | undefined
}

/** Returns the address of the console with these choices, from any other one. */
export function addressOf({ call, user, tool }: Choice): string {
  const query = new URLSearchParams(
    Object.entries({ user, tool, call }).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
  return `?${query}`
}

/** Shows text of another party unchanged, in isolation. */
export const shown = (value: unknown): Markup => html`<bdi>${displayText(value)}</bdi>`

/** Several texts, in the order given. */
export const list = (values: readonly string[]): Markup =>
  html`${values.map((value, index) => html`${index > 0 ? ' ' : ''}<code>${shown(value)}</code>`)}`

/** Returns whether a call matches the choice. */
export const isChosen = (call: BookedCall, { user, tool }: Choice): boolean =>
  (user === undefined || (call.user ?? '') === user) && (tool === undefined || call.tool === tool)

/** Returns whether an event of a server may concern this user. Events that name no user concern all users. */
export function isAbout(event: SandboxEvent, user: string): boolean {
  switch (event.type) {
    case 'checked':
      return !event.user.startsWith('user:') || event.user === `user:${user}`
    case 'api':
    case 'request':
      return event.token === undefined || ['unknown', user].includes(event.token.subject)
    case 'token':
      return event.issuer !== 'app' || ['unknown', user].includes(event.subject)
    case 'asked':
    case 'answered':
      return event.subject === user
    case 'signed_in':
    case 'consented':
    case 'declined':
      return event.issuer !== 'app' || event.subject === user
    case 'audited':
      return event.event.principal?.subject === undefined || event.event.principal.subject === user
    case 'refused':
    case 'fault':
    case 'guard_fault':
      return true
    default:
      return event satisfies never
  }
}
