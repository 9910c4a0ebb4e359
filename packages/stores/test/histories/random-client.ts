import type { Store } from '@behalf/core'
import type { Versioned } from '@behalf/core/spi'
import type { Answer, Asked, Noted, Seen } from './history.ts'

/** What a client works with. */
export interface RandomClientOptions {
  /** Begins the values that it writes, so that each value is written once in a history. */
  readonly name: string
  readonly store: Store
  /** Names of records; each is in a queue of its own name, at times. */
  readonly records: readonly string[]
  readonly counters: readonly string[]
  /** A clock that all clients share. */
  readonly elapsed: () => number
  /** A number from 0 up to 1. */
  readonly random: () => number
  /** Takes a line before each operation, and one after it. */
  readonly note: (noted: Noted) => void
}

/** Longer than any history lasts, in seconds: no claim ends before. */
const LEASE_SECONDS = 3_600

/** Does one random operation after the other, with what it learnt from those before. */
export class RandomClient {
  readonly #options: RandomClientOptions
  /** What this client knows of each record. */
  readonly #versions = new Map<string, string | null>()
  #number = 0

  constructor(options: RandomClientOptions) {
    this.#options = options
  }

  /** One operation, drawn at random. */
  async act(): Promise<void> {
    const { name, records, counters, elapsed, note } = this.#options
    const key = this.#oneIn(6) ? this.#pick(counters) : this.#pick(records)
    const number = ++this.#number
    const asked: Asked = counters.includes(key) ? { do: 'increment' } : this.#draw(key, `${name}.${number}`)
    note({ number, at: elapsed(), key, asked })
    let answer: Answer
    try {
      answer = await this.#ask(key, asked)
    } catch {
      // The outcome is unknown.
      this.#versions.delete(key)
      return
    }
    note({ number, at: elapsed(), answer })
    this.#learn(key, asked, answer)
  }

  #draw(key: string, value: string): Asked {
    const known = this.#versions.get(key)
    if (known === undefined || this.#oneIn(4)) return this.#oneIn(3) ? { do: 'claim' } : { do: 'get' }
    if (this.#oneIn(5)) return known === null || this.#oneIn(2) ? { do: 'delete' } : { do: 'delete', ifVersion: known }
    return { do: 'put', value, ifVersion: known, isDue: this.#oneIn(2) }
  }

  async #ask(key: string, asked: Asked): Promise<Answer> {
    const { store } = this.#options
    switch (asked.do) {
      case 'get':
        return seen(await store.get(key))
      case 'claim':
        return seen((await store.claimDue(key, { limit: 1, leaseSeconds: LEASE_SECONDS }))[0])
      case 'put': {
        const { value, ifVersion, isDue } = asked
        const due = isDue ? { due: { queue: key, inSeconds: 0 } } : {}
        return store.put(key, new TextEncoder().encode(value), { ifVersion, ...due })
      }
      case 'delete':
        return store.delete(key, asked.ifVersion === undefined ? undefined : { ifVersion: asked.ifVersion })
      case 'increment':
        return store.increment(key, { windowSeconds: LEASE_SECONDS })
      default:
        return asked satisfies never
    }
  }

  #learn(key: string, { do: what }: Asked, answer: Answer): void {
    if (answer === 'conflict' || (what === 'claim' && answer === null)) this.#versions.delete(key)
    else if (what === 'get' || what === 'claim') this.#versions.set(key, (answer as Seen | null)?.version ?? null)
    else if (what === 'put') this.#versions.set(key, answer as string)
    else if (what === 'delete') this.#versions.set(key, null)
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#options.random() * from.length)] as T
  }

  #oneIn(times: number): boolean {
    return this.#options.random() * times < 1
  }
}

const seen = (found: Versioned | undefined): Seen | null =>
  found === undefined ? null : { value: new TextDecoder().decode(found.value), version: found.version }
