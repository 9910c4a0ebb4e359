import { StoreError } from '../errors/index.ts'
import { Collection, isUnreadable, type Name, type OpenedStore, once, pause } from '../lib/index.ts'
import {
  type Chunk,
  type Head,
  isKept,
  isUnbroken,
  KEPT_SECONDS,
  reachesHead,
  type StoredChunk,
  type StoredHead,
  storedChunk,
  storedHead,
} from './log-chunk.ts'
import type { RevokedAt } from './revoked.ts'

/** Revocations in one chunk. An append writes the last chunk again. */
const CHUNK = 64

/** Appends that another process was faster at, in a row, before the store counts as unavailable. */
const MAX_CONFLICTS = 200

/** The longest wait between two tries of an append, in milliseconds. */
const MAX_WAIT_MS = 100

/** The index of all chunks. */
const LOG: Name = ['log']

/** The chunk that was read last, and how many entries it had. */
interface Position {
  readonly number: number
  readonly id: string
  readonly read: number
  readonly at: number
}

/** The log as one read found it. */
interface LogEnd {
  readonly last: Chunk | undefined
  readonly head: Head | undefined
  /** The highest number of a chunk, readable or not; -1 for none. */
  readonly highest: number
}

/**
 * All revocations in the order in which they were appended, in chunks. The position in the log is the order: no clock
 * of a writer decides what a reader sees.
 *
 * A sealed head says how far the log goes, and each chunk how many entries the one before has. So a reader sees that
 * entries were deleted, as long as not all of the log and its head went together while no process knew of them.
 */
export class RevocationLog {
  readonly #log: Collection<StoredChunk>
  readonly #head: Collection<StoredHead>
  readonly #take: (revoked: RevokedAt) => void
  readonly #names: () => Promise<{ readonly prefix: string; readonly head: string }>
  /** The chunk and the number of its entries that this process has read. */
  #position: Position | undefined
  /** Epoch seconds: entries that were deleted may not have expired before. */
  #deletedUntil = 0
  #unreadable = false

  /** @param take - Is given each revocation that is new to this process. */
  constructor(opened: OpenedStore, take: (revoked: RevokedAt) => void) {
    const ends = () => ({ expiresInSeconds: KEPT_SECONDS })
    this.#log = new Collection<StoredChunk>(opened, {
      kind: 'revocations',
      schema: storedChunk,
      index: () => [LOG],
      ends,
    })
    this.#head = new Collection<StoredHead>(opened, { kind: 'revocations-head', schema: storedHead, ends })
    this.#take = take
    this.#names = once(async () => ({ prefix: `${await this.#log.keyOf()}:`, head: await this.#head.keyOf() }))
  }

  /** Whether this process has all that is in force. @param now - Epoch seconds. */
  isWhole(now: number): boolean {
    return !this.#unreadable && now >= this.#deletedUntil
  }

  /** Reads what was appended since the last time. @param now - Epoch seconds. */
  async read(now: number): Promise<LogEnd> {
    const from = this.#position
    const chunks: Chunk[] = []
    const unreadable: number[] = []
    // First: the log is never behind it.
    const head = await this.#readHead().catch((error: unknown) => {
      if (!isUnreadable(error)) throw error
      unreadable.push(-1)
      return undefined
    })
    for await (const chunk of this.#chunks(from?.number, unreadable)) chunks.push(chunk)
    const [first] = chunks
    if (from !== undefined && !goesOn(first, from)) {
      // It expired, and others may have begun before its place; or somebody deleted it.
      if (isKept(from.at, now)) this.#deletedUntil = now + KEPT_SECONDS
      this.#position = undefined
      return this.read(now)
    }
    for (const { revoked } of chunks) for (const each of revoked) this.#take(each)
    const last = chunks.at(-1)
    this.#unreadable = unreadable.length > 0
    if (this.#unreadable) {
      this.#position = undefined
    } else {
      const isWhole = isUnbroken(chunks, from === undefined, now) && reachesHead(last, head, now)
      if (!isWhole) this.#deletedUntil = now + KEPT_SECONDS
      this.#position = last && { number: last.number, id: last.id, read: last.revoked.length, at: timeOf(last) }
    }
    return { last, head, highest: Math.max(-1, ...unreadable, last?.number ?? -1) }
  }

  /** @param now - Epoch seconds. */
  async append(revoked: RevokedAt, now: number): Promise<void> {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const end = await this.read(now)
      const chunk = nextChunk(end, revoked, now)
      if ((await this.#put(chunk)) !== 'conflict') {
        return this.#advance({ number: chunk.number, count: chunk.revoked.length, at: now })
      }
      await pause(Math.random() * Math.min(MAX_WAIT_MS, 2 ** attempt), undefined)
    }
    throw tooMany()
  }

  async #put({ number, version: ifVersion, ...chunk }: NextChunk): Promise<string | 'conflict'> {
    return this.#log.put(await this.#keyOf(number), { v: 1, ...chunk }, { ifVersion })
  }

  async #keyOf(number: number): Promise<string> {
    return `${(await this.#names()).prefix}${String(number).padStart(12, '0')}`
  }

  async #advance(to: Head): Promise<void> {
    const { head } = await this.#names()
    const isBehind = ({ number, count }: Head) => number < to.number || (number === to.number && count < to.count)
    await this.#head
      .change(head, (now) => (now === undefined || isBehind(now) ? { v: 1, ...to } : undefined))
      .catch((error: unknown) => {
        // While it does not open, the names are read in its place.
        if (!isUnreadable(error)) throw error
      })
  }

  async #readHead(): Promise<Head | undefined> {
    return (await this.#head.get((await this.#names()).head))?.record
  }

  /** @param unreadable - Takes the numbers of chunks that do not open. */
  async *#chunks(from: number | undefined, unreadable: number[]): AsyncGenerator<Chunk> {
    const { prefix } = await this.#names()
    const numberOf = (key: string) => Number(key.slice(prefix.length))
    const after = from === undefined || from === 0 ? undefined : await this.#keyOf(from - 1)
    const onUnreadable = (key: string) => void unreadable.push(numberOf(key))
    for await (const { key, record, version } of this.#log.under(LOG, { after, onUnreadable })) {
      if (key.startsWith(prefix)) yield { ...record, number: numberOf(key), version }
    }
  }
}

const goesOn = (chunk: Chunk | undefined, { number, id, read }: Position): boolean =>
  chunk?.number === number && chunk.id === id && chunk.revoked.length >= read

type NextChunk = Omit<Chunk, 'version'> & { readonly version: string | null }

/**
 * The chunk with one more revocation. Where the end of the log is missing or does not open, a new chunk begins behind
 * it, which says what is missing.
 */
function nextChunk({ last, head, highest }: LogEnd, revoked: RevokedAt, now: number): NextChunk {
  const isEnd = last?.number === highest && reachesHead(last, head, now)
  if (last !== undefined && isEnd && last.revoked.length < CHUNK)
    return { ...last, revoked: [...last.revoked, revoked] }
  const before = isEnd && last !== undefined ? { count: last.revoked.length, at: timeOf(last) } : undefined
  // Without a head nothing says how much is missing: a chunk is left out, so that the log stays broken.
  const isHeadless = before === undefined && head === undefined && highest >= 0
  const number = Math.max(highest, head?.number ?? -1) + (isHeadless ? 2 : 1)
  const previous = before ?? { count: head?.count ?? CHUNK, at: highest === -1 ? (head?.at ?? 0) : now }
  return { number, id: crypto.randomUUID(), revoked: [revoked], version: null, ...(number > 0 && { previous }) }
}

const timeOf = ({ revoked }: Chunk): number => Math.max(0, ...revoked.map(({ at }) => at))

const tooMany = (): StoreError =>
  new StoreError('unavailable', 'the log of revocations is being written by too many processes at once')
