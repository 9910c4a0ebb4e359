import type { Operation, Seen } from './history.ts'

/** What one key holds. */
interface State {
  /** `version` is absent if no client was told it. */
  readonly record: { readonly value: string; readonly version: string | undefined; readonly isDue: boolean } | undefined
  readonly total: number
}

const EMPTY: State = { record: undefined, total: 0 }

/** The state in which an operation leaves its key. */
type Carried = State | undefined

/**
 * Whether there is an order of all operations on one key that explains every answer, in which each operation has its
 * place between its begin and its answer (Wing and Gong 1993, with the memory of Lowe 2017).
 *
 * @returns the longest order that could be found, and the operation that cannot follow it, if the history is not linearizable.
 */
export function problemIn(operations: readonly Operation[]): string | undefined {
  return new Search(operations).problem()
}

/** The problems of a whole history, by key: a history is linearizable if and only if that of each key is. */
export function problemsIn(history: readonly Operation[]): readonly string[] {
  const keys = [...new Set(history.map(({ key }) => key))]
  return keys.flatMap((key) => problemIn(history.filter((operation) => operation.key === key)) ?? [])
}

class Search {
  readonly #operations: readonly Operation[]
  readonly #isDone: boolean[]
  readonly #known = new Set<string>()
  /** The operations that the longest order found could not place. */
  #best: { readonly placed: number; readonly next: readonly Operation[]; readonly state: State } | undefined

  constructor(operations: readonly Operation[]) {
    this.#operations = [...operations].sort((a, b) => a.began - b.began)
    this.#isDone = this.#operations.map(() => false)
  }

  problem(): string | undefined {
    if (this.#place(EMPTY, 0)) return undefined
    const { next = [], state = EMPTY, placed = 0 } = this.#best ?? {}
    const told = next.map(({ client, asked, answered }) => `  ${client}: ${JSON.stringify({ asked, answered })}`)
    return [
      `${next[0]?.key}: ${placed} operations have an order, which leaves ${JSON.stringify(state)}, and then none of:`,
      ...told,
    ].join('\n')
  }

  #place(state: State, placed: number): boolean {
    const left = this.#operations.flatMap((operation, index) => (this.#isDone[index] ? [] : [{ operation, index }]))
    const firstAnswer = left.reduce(
      (first, { operation }) => Math.min(first, operation.answered?.at ?? Number.POSITIVE_INFINITY),
      Number.POSITIVE_INFINITY,
    )
    if (firstAnswer === Number.POSITIVE_INFINITY) return true
    const memory = `${left.map(({ index }) => index).join(' ')}|${JSON.stringify(state)}`
    if (this.#known.has(memory)) return false
    this.#known.add(memory)
    const next = left.filter(({ operation }) => operation.began <= firstAnswer)
    // What has an answer comes first: what has none is needed seldom.
    next.sort((a, b) => Number(a.operation.answered === undefined) - Number(b.operation.answered === undefined))
    for (const { operation, index } of next) {
      const after = carriedOut(operation, state)
      if (after === undefined) continue
      this.#isDone[index] = true
      if (this.#place(after, placed + 1)) return true
      this.#isDone[index] = false
    }
    if (placed >= (this.#best?.placed ?? 0)) {
      this.#best = { placed, next: next.map(({ operation }) => operation), state }
    }
    return false
  }
}

/** @returns `undefined` if the answer is not that of this state, or if it is unknown and nothing changes. */
function carriedOut({ asked, answered }: Operation, state: State): Carried {
  switch (asked.do) {
    case 'get':
      return answered && seen(state, answered.answer as Seen | null, state.record)
    case 'claim':
      return claimed(state, answered?.answer as Seen | null | undefined)
    case 'put': {
      const fits = asked.ifVersion === null ? state.record === undefined : state.record?.version === asked.ifVersion
      const version = answered?.answer as string | undefined
      return written(state, fits, version, { value: asked.value, version, isDue: asked.isDue })
    }
    case 'delete': {
      const fits = asked.ifVersion === undefined || state.record?.version === asked.ifVersion
      const changes = answered !== undefined || state.record !== undefined
      return written(state, fits && changes, answered?.answer as string | undefined, undefined)
    }
    case 'increment':
      return (answered?.answer ?? state.total + 1) === state.total + 1
        ? { ...state, total: state.total + 1 }
        : undefined
    default:
      return asked satisfies never
  }
}

/** @param fits - Whether the version was met. */
function written(state: State, fits: boolean, answer: string | undefined, record: State['record']): Carried {
  if (!fits) return answer === 'conflict' ? state : undefined
  return answer === 'conflict' ? undefined : { ...state, record }
}

function claimed(state: State, answer: Seen | null | undefined): Carried {
  const { record } = state
  if (record?.isDue !== true) return answer === null ? state : undefined
  const taken = { value: record.value, version: undefined, isDue: false }
  if (answer === undefined) return { ...state, record: taken }
  return answer === null ? undefined : seen(state, answer, taken)
}

/** Where a version was not known, it is from now on. */
function seen(state: State, answer: Seen | null, record: State['record']): Carried {
  if (answer === null || record === undefined) return answer === null && record === undefined ? state : undefined
  if (answer.value !== record.value || (record.version ?? answer.version) !== answer.version) return undefined
  return { ...state, record: { ...record, version: answer.version } }
}
