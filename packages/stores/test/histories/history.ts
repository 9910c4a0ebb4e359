/** What a client asked of one key. Each `value` is written once in a history. */
export type Asked =
  | { readonly do: 'get' }
  /** `isDue`: in the queue of its key, at once. Else it is in no queue. */
  | { readonly do: 'put'; readonly value: string; readonly ifVersion: string | null; readonly isDue: boolean }
  | { readonly do: 'delete'; readonly ifVersion?: string }
  /** From the queue of the key, for longer than any history lasts. */
  | { readonly do: 'claim' }
  | { readonly do: 'increment' }

/** A record as a client saw it. */
export interface Seen {
  readonly value: string
  readonly version: string
}

/**
 * A get or a claim: what was found, `null` for nothing. A put: the new version, or `conflict`. A delete: `deleted`, or
 * `conflict`. A count: the total.
 */
export type Answer = Seen | null | string | number

/** One operation of a client on one key. */
export interface Operation {
  readonly client: string
  readonly key: string
  readonly asked: Asked
  /** By a clock that all clients share. */
  readonly began: number
  /** Absent: unknown. It failed, or the client died: the store may carry it out at any later time, or never. */
  readonly answered?: { readonly at: number; readonly answer: Answer }
}

/** A line of what a client notes: before an operation, and after it where an answer came. */
export type Noted =
  | { readonly number: number; readonly at: number; readonly key: string; readonly asked: Asked }
  | { readonly number: number; readonly at: number; readonly answer: Answer }

/** The operations of one client. */
export function operationsOf(client: string, lines: readonly Noted[]): Operation[] {
  const answers = new Map(lines.flatMap((line) => ('answer' in line ? [[line.number, line] as const] : [])))
  return lines.flatMap((line) => {
    if ('answer' in line) return []
    const { number, at, key, asked } = line
    const answer = answers.get(number)
    const operation = { client, key, asked, began: at }
    return [answer === undefined ? operation : { ...operation, answered: { at: answer.at, answer: answer.answer } }]
  })
}
