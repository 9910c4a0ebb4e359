import type { Approver } from '../contract/index.ts'
import type { Owner } from './owner.ts'

/** Noes of one approver to one tool of one owner count together, within this window. Seconds. */
export const NOES_WINDOW_SECONDS = 600

/** Noes are found by when they were given: an index of all of them would grow without end. Epoch seconds. */
export const bucketOf = (seconds: number): number => Math.floor(seconds / NOES_WINDOW_SECONDS)

/** Whose noes to which tool count together. */
export interface Refused {
  readonly owner: Owner
  readonly approver: Approver
  readonly tool: string
}
