import * as z from 'zod/mini'
import { Collection, type Name, type OpenedStore } from '../../base/records/index.ts'
import { type RevokedAt, revokedAt } from './revoked.ts'

/** Lifetime of an entry. The names of a proof that is older are read at each call. 30 days, in seconds. */
export const KEPT_SECONDS = 30 * 24 * 3600

/** Tolerated difference between the clocks of a store and of its readers. Seconds. */
const LOG_SKEW_SECONDS = 24 * 3600

/**
 * Lifetime of a row, far longer than it is read. So a row that the log names and the store lacks was deleted. The head
 * lasts longer than the record of a name (`isShortened` tells readers to look for that record). Seconds.
 */
const STORED_SECONDS = 13 * KEPT_SECONDS

/** Maximum number of revocations in one chunk. An append writes the last chunk again. */
const CHUNK = 64

/** The index of all chunks. */
const LOG: Name = ['log']

const storedChunk = z.object({ v: z.literal(1), number: z.number(), revoked: z.array(revokedAt) })
type Chunk = z.infer<typeof storedChunk>

/** Replaces a chunk that cannot be decrypted. */
const unreadable: Chunk = { v: 1, number: -1, revoked: [] }

const storedHead = z.object({
  v: z.literal(1),
  /** The numbers of the first chunk that is read, and of the last one. */
  first: z.number(),
  last: z.number(),
  /** Number of revocations in the last chunk. */
  count: z.number(),
  /** The time of the newest one, in epoch seconds. */
  at: z.number(),
})
type Head = z.infer<typeof storedHead>

const none: Head = { v: 1, first: 0, last: 0, count: 0, at: 0 }

/**
 * All revocations in the order in which they were appended, in numbered chunks. The position in the log is the order,
 * and no writer's clock.
 *
 * A sealed head says where the log ends, and all chunks before the last are full. A reader that finds a missing or
 * shorter chunk knows that entries were deleted: the log is incomplete. An append does not fill such a chunk. It
 * continues behind it, so that later readers detect the gap too.
 */
export class RevocationLog {
  readonly #chunks: Collection<Chunk>
  readonly #heads: Collection<Head>
  readonly #take: (revoked: RevokedAt) => void
  /** The last append of this process. At once, all but one of them would lose each swap of the same chunk. */
  #turn: Promise<void> = Promise.resolve()
  /** Position up to which this process has read a complete log. */
  #read: Head | undefined
  /** Whether this process has read all revocations in force. */
  isWhole = true
  /** Whether the log may have dropped older entries. */
  isShortened = false

  /** @param take - Is given each revocation, and may be given it again. */
  constructor(opened: OpenedStore, take: (revoked: RevokedAt) => void) {
    const ends = () => ({ expiresInSeconds: STORED_SECONDS })
    this.#chunks = new Collection(opened, { kind: 'revocations', schema: storedChunk, index: () => [LOG], ends })
    this.#heads = new Collection(opened, { kind: 'revocations-head', schema: storedHead, ends })
    this.#take = take
  }

  /** Reads the entries since the last read. @param now - Epoch seconds. */
  async read(now: number): Promise<void> {
    const before = this.#read !== undefined && isKept(this.#read, now) ? this.#read : undefined
    // Read first: when the chunks are read, they may hold more entries, but never fewer.
    const head = await this.#findHead()
    if (head) return this.#readFrom(head, before, now)
    this.isWhole = head === undefined && before === undefined && (await this.#highest()) === undefined
  }

  async #readFrom(head: Head, before: Head | undefined, now: number): Promise<void> {
    const inForce = isKept(head, now)
    this.isShortened = !inForce || head.first > 0
    const from = Math.max(inForce ? head.first : head.last + 1, before?.last ?? 0)
    const chunks: RevokedAt[][] = []
    let next = from
    do {
      // Reads beyond the head, and over a gap, so that an older copy of the head hides nothing. Not all at once: a store
      // gives a read up that waits too long for its turn.
      const numbers = Array.from({ length: Math.min(CHUNK, Math.max(head.last + 3 - next, 2)) }, () => next++)
      chunks.push(...(await Promise.all(numbers.map((number) => this.#chunkAt(number)))))
    } while (next < head.last + 3 || chunks.slice(-2).some(({ length }) => length))
    for (const revoked of chunks.flat()) this.#take(revoked)
    const found = from + chunks.findLastIndex(({ length }) => length)
    const last = Math.max(head.last, before?.last ?? 0, found)
    const least = (number: number) =>
      number < last
        ? CHUNK
        : Math.max(number === head.last ? head.count : 0, number === before?.last ? before.count : 0)
    const seen = chunks.slice(0, last - from + 1)
    this.isWhole = seen.every(({ length }, index) => length >= least(from + index))
    // Entries that seem to have expired are not read, and would be in force again if the clock were set back.
    if (this.isWhole && inForce) this.#read = { ...head, last, count: seen.at(-1)?.length ?? head.count }
  }

  /** @param now - Entries in force at this time stay in memory. Epoch seconds. */
  append(revoked: RevokedAt, now: number): Promise<void> {
    this.#turn = this.#turn.catch(() => {}).then(() => this.#append(revoked, now))
    return this.#turn
  }

  async #append(revoked: RevokedAt, now: number): Promise<void> {
    const end = await this.#end(now)
    for (let last = end.last; ; last++) {
      const least = last === end.last ? end.count : 0
      const longer = (chunk?: Chunk): Chunk | undefined => {
        const before = chunk?.revoked ?? []
        if (chunk === unreadable || before.length < least || before.length >= CHUNK) return undefined
        return { v: 1, number: last, revoked: [...before, revoked] }
      }
      const changed = await this.#chunks.change(await this.#chunks.keyOf(last), longer, { instead: unreadable })
      const all = changed?.record.revoked
      if (all?.includes(revoked)) return this.#advance({ ...end, last, count: all.length, at: revoked.at })
    }
  }

  /** Position of the next append. */
  async #end(now: number): Promise<Head> {
    let head = await this.#findHead()
    // Writes the head first. Otherwise chunks of another process that begins the log now would look like a log whose
    // head was deleted.
    if (head === undefined && (await this.#highest()) === undefined)
      await this.#heads.create(await this.#heads.keyOf(), { ...none, at: now })
    head ??= await this.#findHead()
    if (!head) {
      // The number of missing entries is unknown: a chunk is skipped, so that the log stays incomplete.
      const first = ((await this.#highest()) ?? -1) + 1
      return { ...none, first, last: first + 1 }
    }
    if (isKept(head, now)) return { ...head, first: await this.#firstKept(head, now) }
    return { ...none, first: head.last + 1, last: head.last + 1 }
  }

  /** First chunk with an entry that may still apply: all entries before it are older. */
  async #firstKept({ first, last }: Head, now: number): Promise<number> {
    let kept = first
    for (let number = first + 1; number <= last; number++) {
      const [oldest] = await this.#chunkAt(number)
      if (oldest && isKept(oldest, now)) break
      if (oldest) kept = number
    }
    return kept
  }

  async #advance(to: Head): Promise<void> {
    const further = (now = none) =>
      now.last * CHUNK + now.count < to.last * CHUNK + to.count
        ? { ...to, first: Math.max(now.first, to.first) }
        : undefined
    await this.#heads.change(await this.#heads.keyOf(), further, { instead: none })
  }

  /** Returns `null` if it cannot be decrypted. */
  async #findHead(): Promise<Head | null | undefined> {
    const found = await this.#heads.find(await this.#heads.keyOf())
    return found && ('record' in found ? found.record : null)
  }

  /** Entries of a chunk. Empty if it is missing or cannot be decrypted. */
  async #chunkAt(number: number): Promise<RevokedAt[]> {
    return (await this.#chunks.get(await this.#chunks.keyOf(number), unreadable))?.record.revoked ?? []
  }

  /** Highest number of all chunks. -1: no chunk can be decrypted. `undefined`: the name has no chunks. */
  async #highest(): Promise<number | undefined> {
    let highest: number | undefined
    const found = (number = -1) => {
      highest = Math.max(highest ?? -1, number)
    }
    for await (const { record } of this.#chunks.under(LOG, { onUnreadable: () => found() })) found(record.number)
    return highest
  }
}

/** Returns whether a revocation of that time may be in force. @param now - Epoch seconds. */
const isKept = ({ at }: { readonly at: number }, now: number): boolean => now < at + KEPT_SECONDS + LOG_SKEW_SECONDS
