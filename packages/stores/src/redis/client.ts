import { Buffer } from 'node:buffer'
import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

/** A client, pool or sentinel of the `redis` package (6), by shape. */
export interface NodeRedisClient {
  /**
   * Returns the same client with other command options: bulk strings as Buffers, and a signal that withdraws unsent
   * commands.
   */
  withCommandOptions(options: {
    readonly typeMapping: Readonly<Record<number, unknown>>
    readonly abortSignal: AbortSignal
  }): {
    evalSha(sha: string, options: { keys: string[]; arguments: Buffer[] }): Promise<unknown>
    eval(script: string, options: { keys: string[]; arguments: Buffer[] }): Promise<unknown>
  }
}

/** A `Redis` of the `ioredis` package (6), by shape. */
export interface IoredisClient {
  /**
   * State of the connection. Scripts are sent at `ready` and `wait`; at `end` calls are refused; others wait for
   * `ready`.
   */
  readonly status: string
  /** Sends one command. Bulk strings of the reply are Buffers. */
  callBuffer(command: string, parameters: (string | Buffer)[]): Promise<unknown>
  /** Listens once: `ready` when the connection is usable, `end` when the client was closed. */
  once(event: 'ready' | 'end', listener: () => void): unknown
  /** Removes a listener that {@link IoredisClient.once} added. */
  off(event: 'ready' | 'end', listener: () => void): unknown
}

/** A client that the store can use. Clients of a cluster are refused. */
export type RedisClient = NodeRedisClient | IoredisClient

/** A Lua script and the hash that a server knows it by. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/** Calls a script. Bulk strings of the answer are Buffers. */
export type Evaluate = (
  script: Script,
  root: string,
  parameters: readonly Buffer[],
  signal: AbortSignal,
) => Promise<unknown>

/** The type byte of bulk strings in RESP. The `redis` package's type mapping uses it. */
const BULK_STRING = 36

/**
 * Returns the function that calls scripts. @throws ConfigurationError The client is of neither package, or of a
 * cluster.
 */
export function evaluator(client: RedisClient): Evaluate {
  if (isOfCluster(client)) throw clusterRefused()
  if (has(client, 'callBuffer')) return withIoredis(outsidePipelines(client as IoredisClient))
  if (has(client, 'withCommandOptions') && has(client, 'evalSha')) return withNodeRedis(client as NodeRedisClient)
  throw new ConfigurationError('redisStore.client', 'give a client of the `redis` or `ioredis` package')
}

/**
 * Returns whether a client is of a cluster. ioredis has `isCluster`; the `redis` package's cluster client knows its
 * nodes.
 */
const isOfCluster = (client: unknown): boolean =>
  typeof client === 'object' &&
  client !== null &&
  (Reflect.get(client, 'isCluster') === true || Reflect.has(client, 'nodeByAddress'))

/**
 * Makes the error for a cluster. A cluster moves keys of one slot one by one. During a move, a script sees some keys as
 * absent, so a taken claim looks free. The importing node cannot tell the script.
 */
export const clusterRefused = (cause?: unknown): ConfigurationError =>
  new ConfigurationError(
    'redisStore.client',
    'the server belongs to a Redis Cluster, which loses sight of records while a slot moves: give a client of one server, or of a sentinel',
    { cause },
  )

/** Options by which ioredis sends a call in an automatic pipeline. */
interface Pipelining {
  readonly enableAutoPipelining?: boolean
  readonly autoPipeliningIgnoredCommands?: readonly string[]
}

/**
 * Calls a client outside such pipelines: in one, ioredis takes the first argument of our calls for a command, and the
 * error ends the process.
 */
function outsidePipelines(client: IoredisClient): IoredisClient {
  const options: Pipelining = Reflect.get(client, 'options') ?? {}
  const { enableAutoPipelining, autoPipeliningIgnoredCommands = [] } = options
  if (!enableAutoPipelining || ['eval', 'evalsha'].every((name) => autoPipeliningIgnoredCommands.includes(name))) {
    return client
  }
  throw new ConfigurationError(
    'redisStore.client',
    "ioredis cannot send scripts with `enableAutoPipelining`: give `autoPipeliningIgnoredCommands: ['eval', 'evalsha']`, or another client",
  )
}

/** Calls a script by its hash. After a restart, a server no longer knows its scripts. */
async function bySha(
  signal: AbortSignal,
  first: () => Promise<unknown>,
  withText: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await first()
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    signal.throwIfAborted()
    return withText()
  }
}

function withNodeRedis(client: NodeRedisClient): Evaluate {
  return (script, root, parameters, abortSignal) => {
    // The signal withdraws a command that was not sent yet: after a timeout, it must not run later.
    const commands = client.withCommandOptions({ typeMapping: { [BULK_STRING]: Buffer }, abortSignal })
    const options = { keys: [root], arguments: [...parameters] }
    return bySha(
      abortSignal,
      () => commands.evalSha(script.sha, options),
      () => commands.eval(script.text, options),
    )
  }
}

function withIoredis(client: IoredisClient): Evaluate {
  return async (script, root, parameters, signal) => {
    // The client's queue would keep a command that timed out here. A command that enters the queue anyway, as the
    // connection ends, is refused as too late.
    await ready(client, signal)
    return bySha(
      signal,
      () => client.callBuffer('evalsha', [script.sha, '1', root, ...parameters]),
      () => client.callBuffer('eval', [script.text, '1', root, ...parameters]),
    )
  }
}

/** Waits until the client is ready. A client that connects at its first command (`wait`) must get that command. */
function ready(client: IoredisClient, signal: AbortSignal): Promise<void> | undefined {
  if (client.status === 'ready' || client.status === 'wait') return undefined
  if (client.status === 'end') throw new StoreError('unavailable', 'the Redis client was closed')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onEnd = () => reject(new StoreError('unavailable', 'the Redis client was closed'))
  const onAbort = () => reject(signal.reason)
  client.once('ready', resolve)
  client.once('end', onEnd)
  signal.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    client.off('ready', resolve)
    client.off('end', onEnd)
    signal.removeEventListener('abort', onAbort)
  })
}

function has(client: unknown, method: string): boolean {
  return typeof client === 'object' && client !== null && typeof Reflect.get(client, method) === 'function'
}
