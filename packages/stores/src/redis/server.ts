import { Buffer } from 'node:buffer'
import { BehalfError, ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'
import { clusterRefused, type Evaluate, evaluator, type RedisClient, type Script } from './client.ts'
import { SCHEMA_VERSION, scripts } from './scripts.ts'

/** Maximum number of attempts of a script that may be sent twice. The client waits for its connection within each. */
const TRIES = 3

/**
 * Time for which a server's policy counts as known: an operator may change it, and a failover leads to another server.
 */
const POLICY_KNOWN_MS = 60_000

/** Result of a script: a word, and the values after it. */
export interface Answer {
  readonly word: string
  readonly content: unknown
  /** The server's time in epoch seconds, if it was requested. */
  readonly time: unknown
}

/** Scripts on a server, each with a time limit. */
export class Server {
  readonly #evaluate: Evaluate
  readonly #root: string
  readonly #timeoutMs: number
  /** Whether the app states that the server evicts nothing. Counts if the server does not show its policy. */
  readonly #isStated: boolean
  #knownUntil = Number.NEGATIVE_INFINITY
  /** Difference from this process's monotonic clock to the server's time, in milliseconds. */
  #toServerTime = 0

  constructor(client: RedisClient, root: string, timeoutMs: number, isStated: boolean) {
    this.#evaluate = evaluator(client)
    this.#root = root
    this.#timeoutMs = timeoutMs
    this.#isStated = isStated
  }

  /**
   * A script that timed out does not run later, although a client may keep it in a queue: the server refuses it by its
   * own clock.
   *
   * @param options.repeatable - The script has the same effect if it runs twice. It is sent again after a lost
   *   connection.
   * @throws StoreError
   * @throws ConfigurationError The server may evict records: a used approval would then be unused again.
   */
  async run(
    script: Script,
    parameters: readonly (string | Uint8Array)[],
    options: { readonly repeatable: boolean },
  ): Promise<Answer> {
    // Copied: they wait for a connection, and a caller may reuse the same bytes.
    const buffers = parameters.map((one) => Buffer.from(one as string))
    const endsAt = performance.now() + this.#timeoutMs
    const controller = new AbortController()
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const error = new StoreError('unavailable', `Redis did not answer within ${this.#timeoutMs} ms`)
      controller.abort(error)
      late.reject(error)
    }, this.#timeoutMs)
    try {
      for (let left = options.repeatable ? TRIES : 1; ; ) {
        try {
          if (performance.now() >= this.#knownUntil) {
            const asked = this.#evaluate(scripts.eviction, this.#root, [Buffer.from('')], controller.signal)
            const about = understood(await Promise.race([asked, late.promise]))
            this.#requireNoEviction(about)
            // Measured after the server read its clock. So a deadline is early by the duration of the response, and
            // never late.
            this.#toServerTime = Number(textOf(about.time)) * 1000 - performance.now()
          }
          const deadline = Buffer.from(((endsAt + this.#toServerTime) / 1000).toFixed(6))
          const sent = this.#evaluate(script, this.#root, [deadline, ...buffers], controller.signal)
          const answer = understood(await Promise.race([sent, late.promise]))
          if (answer.word !== 'late') return answer
          // By this process's clock the request was in time. So a clock was set, or another server answers. Redis did
          // nothing.
          this.#knownUntil = Number.NEGATIVE_INFINITY
        } catch (error) {
          controller.signal.throwIfAborted()
          if (--left === 0 || BehalfError.isInstance(error) || codeOf(error) !== undefined) throw storeError(error)
        }
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #requireNoEviction({ word, content }: Answer): void {
    const policy = word === 'policy' ? textOf(content) : undefined
    if (policy === undefined && !this.#isStated) {
      throw new ConfigurationError(
        'redisStore.client',
        "the server does not say what it evicts: give its user the right `+info`, or state `evictionPolicy: 'noeviction'` where it is set",
      )
    }
    if (policy !== undefined && policy !== 'noeviction') {
      throw new ConfigurationError(
        'redisStore.client',
        `the server's maxmemory-policy is ${policy}${policy === 'volatile-lru' ? ' (the default of ElastiCache)' : ''}, so it may forget a used approval: set \`maxmemory-policy noeviction\`, in a parameter group on managed servers`,
      )
    }
    this.#knownUntil = performance.now() + POLICY_KNOWN_MS
  }
}

function understood(answer: unknown): Answer {
  if (!Array.isArray(answer)) throw new StoreError('corrupt', 'Redis answered in an unknown form')
  const [first, content, time] = answer
  const word = textOf(first)
  if (word === 'cluster') throw clusterRefused()
  // A replica without connection to its primary still answers reads: this process could miss a revocation.
  if (word === 'replica') {
    throw new StoreError(
      'unavailable',
      'the Redis server is a replica, which may not have the newest writes: connect the client to its primary',
    )
  }
  if (word === 'cluster_unknown') {
    throw new ConfigurationError(
      'redisStore.client',
      'the server does not say whether it belongs to a cluster: give its user the right `+info`',
    )
  }
  if (word === 'unknown_version') {
    throw new StoreError(
      'unknown_version',
      `Redis holds records of version ${JSON.stringify(textOf(content))}, and this release knows ${SCHEMA_VERSION}: upgrade first`,
    )
  }
  if (word === 'corrupt') {
    throw new StoreError('corrupt', `the record ${JSON.stringify(textOf(content))} has an unknown form`)
  }
  return { word, content, time }
}

/** Returns the code of the server's error: a word in capitals. `undefined` for errors of the connection. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? /^[A-Z][A-Z0-9_]+(?= )/.exec(error.message)?.[0] : undefined
}

/** Error codes that only a node of a cluster returns. */
const clusterCodes: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CROSSSLOT', 'CLUSTERDOWN'])

function storeError(error: unknown): BehalfError {
  if (BehalfError.isInstance(error)) return error
  const code = codeOf(error)
  if (code === undefined) return new StoreError('unavailable', 'Redis cannot be reached', { cause: error })
  if (clusterCodes.has(code)) return clusterRefused(error)
  // The key contains data of another program.
  if (code === 'WRONGTYPE' || (error as Error).message.includes('value is not an integer')) {
    return new StoreError('corrupt', 'Redis holds something else under a key of the store', { cause: error })
  }
  return new StoreError('unavailable', `Redis refused with ${code}`, { cause: error })
}

export function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value)
}
