import { ConfigurationError, type Store } from '@behalf/core'
import { type PutOptions, StoreError, type Versioned } from '@behalf/core/spi'
import {
  checkLimit,
  checkPut,
  checkSeconds,
  nameBytes,
  nameFrom,
  plainBytes,
  refuseUnknownKeys,
  requireTimeout,
} from '../lib/index.ts'
import type { RedisClient } from './client.ts'
import { scripts } from './scripts.ts'
import { Server, textOf } from './server.ts'

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A client, sentinel or pool of `redis`, or a `Redis` of `ioredis`, not of a cluster. The app connects and closes it. */
  readonly client: RedisClient
  /** Prefix of the keys, in braces. @default 'behalf' */
  readonly prefix?: string
  /** Total time of a call, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  /**
   * States the server's `maxmemory-policy`, if the server does not show it to scripts. If the server shows it, the
   * server's value counts.
   * @default read from the server
   */
  readonly evictionPolicy?: 'noeviction'
}

/**
 * A store in Redis (6 or newer) or Valkey, for processes on several machines.
 *
 * Each call is one Lua script: atomic, and timed by the server's clock. The server holds no key: core seals the values,
 * and keys and index names are keyed hashes.
 *
 * It does not connect the client, nor close it, and does not set how the server keeps its data: for approvals it needs
 * `appendfsync always`, and a failover to a replica may forget the newest writes. Each call refuses a server whose
 * `maxmemory-policy` is not `noeviction` or is unknown.
 *
 * A client may resend commands after a lost connection (`ioredis`, unless `autoResendUnfulfilledCommands` is `false`).
 * Then a count can be one too high, and a completed delete can be reported as a conflict.
 *
 * Refuses Redis Cluster: its client at construction, and one of its nodes by each call. A replica is `unavailable`,
 * since its answers may be outdated.
 *
 * @throws `ConfigurationError` An option is missing, wrong or unknown, or the client is of a cluster.
 */
export function redisStore(options: RedisStoreOptions): Store {
  refuseUnknownKeys('redisStore', options, ['client', 'prefix', 'timeoutMs', 'evictionPolicy'])
  const { client, prefix = 'behalf', timeoutMs = 5_000, evictionPolicy } = options
  requireTimeout('redisStore.timeoutMs', timeoutMs)
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]+$/.test(prefix) || /[{}]/.test(prefix)) {
    throw new ConfigurationError('redisStore.prefix', 'give visible ASCII characters without braces')
  }
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    throw new ConfigurationError('redisStore.evictionPolicy', "give 'noeviction', where the server is set so")
  }
  return new RedisStore(new Server(client, `{${prefix}}`, timeoutMs, evictionPolicy !== undefined))
}

class RedisStore implements Store {
  readonly specificationVersion = 2
  readonly durable = true
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  async now(): Promise<number> {
    const { content } = await this.#server.run(scripts.time, [], { repeatable: true })
    return Number(textOf(content))
  }

  async get(key: string): Promise<Versioned | undefined> {
    const answer = await this.#server.run(scripts.get, [nameBytes('get.key', key)], { repeatable: true })
    return answer.word === 'absent' ? undefined : records(answer.content)[0]
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'> {
    checkPut(value, options)
    const { ifVersion, expiresAt, expiresInSeconds, due, index = [] } = options
    const expiry = [expiresAt !== undefined ? 'at' : expiresInSeconds !== undefined ? 'in' : '']
    const version = crypto.randomUUID()
    const parameters = [
      nameBytes('put.key', key),
      value,
      version,
      ifVersion === null ? '' : `=${ifVersion}`,
      ...expiry,
      decimal(expiresAt ?? expiresInSeconds ?? 0),
      due === undefined ? '' : Buffer.concat([Buffer.from('='), nameBytes('put.due.queue', due.queue)]),
      decimal(due?.inSeconds ?? 0),
      ...index.map((name) => nameBytes('put.index', name)),
    ]
    // Repeatable because the version identifies this write: if it was done already, it is reported as written.
    const { word } = await this.#server.run(scripts.put, parameters, { repeatable: true })
    return word === 'conflict' ? 'conflict' : version
  }

  async delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'> {
    const parameters = [nameBytes('delete.key', key), options === undefined ? '' : `=${options.ifVersion}`]
    const repeatable = options === undefined
    const { word } = await this.#server.run(scripts.remove, parameters, { repeatable })
    return word === 'conflict' ? 'conflict' : 'deleted'
  }

  async claimDue(
    queue: string,
    { limit, leaseSeconds }: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]> {
    checkLimit('claimDue.limit', limit)
    checkSeconds('claimDue.leaseSeconds', leaseSeconds)
    const parameters = [nameBytes('claimDue.queue', queue), String(limit), decimal(leaseSeconds), crypto.randomUUID()]
    const { content } = await this.#server.run(scripts.claim, parameters, { repeatable: false })
    return records(content)
  }

  async list(
    index: string,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Versioned[]> {
    checkLimit('list.limit', limit)
    const from = after === undefined ? '' : Buffer.concat([Buffer.from('='), nameBytes('list.after', after)])
    const parameters = [nameBytes('list.index', index), String(limit), from]
    const { content } = await this.#server.run(scripts.list, parameters, { repeatable: true })
    return records(content)
  }

  async increment(key: string, { windowSeconds }: { readonly windowSeconds: number }): Promise<number> {
    checkSeconds('increment.windowSeconds', windowSeconds)
    // Redis would count first, and then refuse an expiry of more than 64 bits.
    const milliseconds = Math.min(Math.ceil(windowSeconds * 1000), Number.MAX_SAFE_INTEGER)
    const parameters = [nameBytes('increment.key', key), String(milliseconds)]
    const { content } = await this.#server.run(scripts.increment, parameters, { repeatable: false })
    return Number(textOf(content))
  }
}

/** Formats without an exponent, which Redis would not read as a score. */
const decimal = (seconds: number): string => seconds.toFixed(6)

/** Reads records from key, value and version in sequence. */
function records(content: unknown): readonly Versioned[] {
  if (!Array.isArray(content) || content.length % 3 !== 0) throw unknownForm()
  return Array.from({ length: content.length / 3 }, (_, at) => {
    const [key, value, version] = content.slice(at * 3, at * 3 + 3)
    if (!(value instanceof Uint8Array) || !(version instanceof Uint8Array)) throw unknownForm()
    return { key: nameFrom(key), value: plainBytes(value), version: textOf(version) }
  })
}

const unknownForm = (): StoreError => new StoreError('corrupt', 'Redis answered in an unknown form')
