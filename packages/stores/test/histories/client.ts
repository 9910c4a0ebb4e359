import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import type { Store, Versioned } from '@behalf/core'
import { openTarget, type Target } from '../worker.ts'
import type { Answer, Asked, Noted, Seen } from './history.ts'

/** What a client is started with. It works until it is told to stop, or killed. */
export interface ClientOrder {
  readonly name: string
  /** Takes what the client notes. Written before and after each operation: who is killed leaves all of it. */
  readonly file: string
  /** Names of records; each is in a queue of its own name, at times. */
  readonly records: readonly string[]
  readonly counters: readonly string[]
}

/** Nobody's claim ends while a history lasts. */
const LEASE_SECONDS = 3_600

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T
const oneIn = (times: number): boolean => Math.random() * times < 1

class Client {
  readonly #store: Store
  readonly #order: ClientOrder
  readonly #notes: number
  /** What this client knows of each record. */
  readonly #versions = new Map<string, string | null>()
  #number = 0

  constructor(store: Store, order: ClientOrder) {
    this.#store = store
    this.#order = order
    this.#notes = openSync(order.file, 'a')
  }

  /** One operation, drawn at random. */
  async act(): Promise<void> {
    const { name, records, counters } = this.#order
    const key = oneIn(6) ? pick(counters) : pick(records)
    const number = ++this.#number
    const asked: Asked = counters.includes(key) ? { do: 'increment' } : this.#draw(key, `${name}.${number}`)
    this.#note({ number, at: elapsed(), key, asked })
    let answer: Answer
    try {
      answer = await this.#ask(key, asked)
    } catch {
      // Nobody knows whether it was carried out.
      this.#versions.delete(key)
      return
    }
    this.#note({ number, at: elapsed(), answer })
    this.#learn(key, asked, answer)
  }

  #draw(key: string, value: string): Asked {
    const known = this.#versions.get(key)
    if (known === undefined || oneIn(4)) return oneIn(3) ? { do: 'claim' } : { do: 'get' }
    if (oneIn(5)) return known === null || oneIn(2) ? { do: 'delete' } : { do: 'delete', ifVersion: known }
    return { do: 'put', value, ifVersion: known, isDue: oneIn(2) }
  }

  async #ask(key: string, asked: Asked): Promise<Answer> {
    switch (asked.do) {
      case 'get':
        return seen(await this.#store.get(key))
      case 'claim':
        return seen((await this.#store.claimDue(key, { limit: 1, leaseSeconds: LEASE_SECONDS }))[0])
      case 'put': {
        const { value, ifVersion, isDue } = asked
        const due = isDue ? { due: { queue: key, inSeconds: 0 } } : {}
        return this.#store.put(key, new TextEncoder().encode(value), { ifVersion, ...due })
      }
      case 'delete':
        return this.#store.delete(key, asked.ifVersion === undefined ? undefined : { ifVersion: asked.ifVersion })
      case 'increment':
        return this.#store.increment(key, { windowSeconds: LEASE_SECONDS })
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

  #note(noted: Noted): void {
    writeSync(this.#notes, `${JSON.stringify(noted)}\n`)
  }
}

/** Milliseconds of the machine's steady clock, which all of its processes share. */
const elapsed = (): number => Number(process.hrtime.bigint()) / 1e6

const seen = (found: Versioned | undefined): Seen | null =>
  found === undefined ? null : { value: new TextDecoder().decode(found.value), version: found.version }

const [target, order] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [Target, ClientOrder]
const client = new Client(await openTarget(target), order)
flushCompileCache()
let isStopped = false
process.on('message', () => {
  isStopped = true
})
process.send?.('ready')
while (!isStopped) {
  await client.act()
  await wait(Math.random() * 4)
}
process.exit(0)
