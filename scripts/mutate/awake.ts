import { appendFileSync, readFileSync } from 'node:fs'

/** What instrumented code asks and tells while it runs. */
export interface Mutants {
  /** The mutant that is awake; 0 for none. */
  active: number
  /** Mutants that could show since this was emptied. */
  readonly reached: Set<number>
  is(id: number): boolean
  on(id: number): boolean
  note<T>(id: number, value: T): T
  truthy<T>(id: number, value: T): T
  falsy<T>(id: number, value: T): T
}

/** What is no plain yes or no may be what comes out of `a && b`, and shows then whatever its truth. */
const isMore = (value: unknown): boolean => typeof value !== 'boolean'

/** Puts it where the code finds it. `always` is awake before anything else is loaded. */
export function installMutants(always: number): Mutants {
  const reached = new Set<number>()
  const mutants: Mutants = {
    active: always,
    reached,
    is: (id) => mutants.active === id,
    on(id) {
      reached.add(id)
      return mutants.active === id
    },
    note(id, value) {
      reached.add(id)
      return value
    },
    truthy(id, value) {
      if (value || isMore(value)) reached.add(id)
      return value
    },
    falsy(id, value) {
      if (!value || isMore(value)) reached.add(id)
      return value
    },
  }
  Object.assign(globalThis, { __mutants: mutants })
  return mutants
}

/** What a worker writes down, a line each, so that nothing is lost when it has to be ended. */
export type Note =
  /** Mutants that could show in a test of this file, or while it was loaded. */
  | { readonly type: 'reached'; readonly file: string; readonly ids: readonly number[] }
  | { readonly type: 'try'; readonly id: number; readonly test: string }
  | { readonly type: 'killed'; readonly id: number; readonly by: string; readonly why: string }
  /** It failed as it is, or after it had failed with a mutant. */
  | {
      readonly type: 'unusable'
      readonly test: string
      readonly file: string
      readonly why: string
      readonly after: number
    }
  | { readonly type: 'file ended'; readonly file: string }

export const writeNote = (log: string, note: Note): void => appendFileSync(log, `${JSON.stringify(note)}\n`)

/** @param from - Bytes that are known already. */
export const readNotes = (log: string, from = 0): Note[] => readNewNotes(log, from).notes

/** The notes behind `from`, and where to go on: a line that is still being written is left for later. */
export function readNewNotes(log: string, from: number): { readonly notes: Note[]; readonly to: number } {
  const fresh = readFileSync(log).subarray(from)
  const whole = fresh.subarray(0, fresh.lastIndexOf('\n') + 1)
  const lines = whole
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
  return { notes: lines.map((line) => JSON.parse(line) as Note), to: from + whole.length }
}
