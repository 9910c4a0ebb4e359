import { type RedisStoreOptions, redisStore } from '@behalf/stores/redis'
import { clients } from './redis-clients.ts'
import { behindProxy, outagesOf, underTest } from './under-test.ts'

/** Which of the client libraries. */
export type ClientName = keyof typeof clients

type Options = Omit<RedisStoreOptions, 'client'>

/** A store under a prefix of its own, and as many connections to it as a test opens. */
export const redisUnderTest = (name: ClientName, port: number, { prefix, ...options }: Options = {}) =>
  underTest(async (own) => {
    const { client, close } = await clients[name](port)
    return { store: redisStore({ client, prefix: own, ...options }), close }
  }, prefix)

/** A store behind a network that a test controls. */
export const throughProxy = (name: ClientName, port: number, options: Options = {}) =>
  behindProxy(port, (through) => redisUnderTest(name, through, options))

/** The ways in which a server can be away. */
export const outages = (name: ClientName, port: () => number) =>
  outagesOf(() => throughProxy(name, port(), { timeoutMs: 500 }))
