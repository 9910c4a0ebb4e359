import type { Approver } from '../contract/index.ts'
import type { Owner } from './owner.ts'

/** Noes of one approver to one tool of one owner count together, within this window. Seconds. */
export const NOES_WINDOW_SECONDS = 600

/** Whose noes to which tool count together. */
export interface Refused {
  readonly owner: Owner
  readonly approver: Approver
  readonly tool: string
}
