import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { forkScript, killChild } from '../children.ts'
import { HASTENED_BY } from '../hastened-store.ts'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from '../redis-server.ts'
import { place } from '../sqlite-files.ts'
import type { Target } from '../worker.ts'
import { UPSTREAM, type Upstream } from './vault-on.ts'
import type { Task } from './worker.ts'

/** Of a refresh, under the vault's own deadline of 10 s. */
const LEASE_MS = 16_000 / HASTENED_BY

const AFTER_EXPIRY = 61_000

/** What it says next. @throws When it ends without a word. */
async function heard(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const end = () => ended.abort(new Error(`a process ended: ${child.exitCode ?? child.signalCode}`))
  child.once('exit', end)
  try {
    return (await once(child, 'message', { signal: ended.signal }))[0]
  } catch {
    throw ended.signal.reason
  } finally {
    child.off('exit', end)
  }
}

/** An oidc-provider of its own, in a process of its own. */
async function startUpstream(graceSeconds: number) {
  const script = new URL('../../../sandbox/test/interop/vault-upstream.ts', import.meta.url)
  const child = forkScript(script, [{ ...UPSTREAM, graceSeconds }])
  const issuer = (await heard(child)) as string
  return {
    at: { issuer, graceSeconds } satisfies Upstream,
    refreshes: () => {
      child.send('count')
      return heard(child)
    },
    stop: () => killChild(child),
  }
}

async function startWorker(target: Target, upstream: Upstream) {
  const child = forkScript(new URL('./worker.ts', import.meta.url), [target, upstream])
  await heard(child)
  return {
    tell: (task: Task) => {
      child.send(task)
      return heard(child)
    },
    /** Until it has ended. */
    tellLast: async (task: Task) => {
      child.send(task)
      return (await once(child, 'exit'))[1]
    },
    stop: () => killChild(child),
  }
}

let upstreams: Record<string, Awaited<ReturnType<typeof startUpstream>>>
beforeAll(async () => {
  const [grace, none] = await Promise.all([startUpstream(60), startUpstream(0)])
  upstreams = { grace, none }
}, 30_000)
afterAll(async () => {
  for (const upstream of Object.values(upstreams ?? {})) await upstream.stop()
})

function refreshingProcesses(target: (name: string) => Target): void {
  const withGrace = { graceSeconds: 60, name: 'grace' }
  const without = { graceSeconds: 0, name: 'none' }
  /** Two processes over one store, with ann's account linked by one of them. */
  async function pair({ name }: { readonly name: string }, store: string) {
    const upstream = upstreams[name]
    if (upstream === undefined) throw new Error('no upstream')
    const [one, two] = await Promise.all([
      startWorker(target(store), upstream.at),
      startWorker(target(store), upstream.at),
    ])
    onTestFinished(async () => {
      await Promise.all([one.stop(), two.stop()])
    })
    expect(await one.tell({ kind: 'link' })).toEqual(['connected'])
    const before = Number(await upstream.refreshes())
    return { one, two, refreshes: async () => Number(await upstream.refreshes()) - before }
  }

  test('two processes make one refresh, again and again', { timeout: 30_000 }, async () => {
    const { one, two, refreshes } = await pair(without, 'two')
    for (let round = 1; round <= 3; round++) {
      const task = { kind: 'ask', calls: 20, offset: round * AFTER_EXPIRY } as const
      const told = (await Promise.all([one.tell(task), two.tell(task)])).flat()
      expect(told).toEqual(Array(40).fill('token'))
      expect(await refreshes()).toBe(round)
    }
  })

  test('killed between answer and write, with a grace period: the connection lives', { timeout: 30_000 }, async () => {
    const { one, two, refreshes } = await pair(withGrace, 'killed-grace')
    expect(await one.tellLast({ kind: 'ask', calls: 3, offset: AFTER_EXPIRY, dies: true })).toBe('SIGKILL')
    expect(await two.tell({ kind: 'ask', calls: 10, offset: AFTER_EXPIRY })).toEqual(Array(10).fill('token'))
    expect(await refreshes()).toBe(2)
    // The chain goes on: nothing looked like theft.
    expect(await two.tell({ kind: 'ask', calls: 1, offset: 2 * AFTER_EXPIRY })).toEqual(['token'])
  })

  test('and without one: told as such, once and for all, with nothing sent', { timeout: 30_000 }, async () => {
    const { one, two, refreshes } = await pair(without, 'killed-none')
    expect(await one.tellLast({ kind: 'ask', calls: 3, offset: AFTER_EXPIRY, dies: true })).toBe('SIGKILL')
    await wait(LEASE_MS)
    for (let round = 0; round < 3; round++) {
      expect(await two.tell({ kind: 'ask', calls: 5, offset: AFTER_EXPIRY })).toEqual(Array(5).fill('must_reconnect'))
    }
    expect(await refreshes()).toBe(1)
    expect(await two.tell({ kind: 'link' })).toEqual(['connected'])
    expect(await two.tell({ kind: 'ask', calls: 1, offset: AFTER_EXPIRY })).toEqual(['token'])
  })
}

describe('vaults on one SQLite file', () => {
  const places = new Map<string, ReturnType<typeof place>>()
  afterAll(() => {
    for (const { remove } of places.values()) remove()
  })
  refreshingProcesses((name) => {
    const at = places.get(name) ?? place()
    places.set(name, at)
    return { file: at.file }
  })
})

if (!hasRedisServer) test('vaults on one Redis', ({ skip }) => skip(redisServerMissing))

describe.runIf(hasRedisServer)('vaults on one Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())
  refreshingProcesses((name) => ({ client: 'redis', port: server.port, prefix: `vault-${name}` }))
})
