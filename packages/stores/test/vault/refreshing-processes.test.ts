import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { startAuthorizationServer } from '@behalf/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forkScript, killChild } from '../children.ts'
import { HASTENED_BY } from '../hastened-store.ts'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from '../redis-server.ts'
import { place } from '../sqlite-files.ts'
import type { Target } from '../targets.ts'
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

/** An oidc-provider: refresh tokens rotate, and one that is used twice ends its grant. */
async function startUpstream(graceSeconds: number) {
  const server = await startAuthorizationServer({
    clients: [
      {
        clientId: 'behalf',
        clientSecret: 'upstream-secret',
        redirectUris: [UPSTREAM.redirectUri],
        scopes: ['contacts.read'],
      },
    ],
    users: [{ subject: 'ann@crm' }],
    resources: [{ identifier: UPSTREAM.resource, scopes: ['contacts.read'] }],
    accessTokenSeconds: 60,
    refreshGraceSeconds: graceSeconds,
  })
  await server.controls.signInAs('ann@crm')
  return {
    at: { issuer: server.issuer, graceSeconds } satisfies Upstream,
    refreshes: async () => {
      const requests = await server.controls.requests()
      return requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length
    },
    close: () => server.close(),
  }
}

async function startWorker(target: Target) {
  const child = forkScript(new URL('./worker.ts', import.meta.url), [target])
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

type Worker = Awaited<ReturnType<typeof startWorker>>
type RunningUpstream = Awaited<ReturnType<typeof startUpstream>>

let grace: RunningUpstream
let none: RunningUpstream
beforeAll(async () => {
  // Longer than what `hastened` takes for a lease.
  ;[grace, none] = await Promise.all([startUpstream(120), startUpstream(0)])
})
afterAll(() => Promise.all([grace?.close(), none?.close()]))

function refreshingProcesses(target: () => Target): void {
  let stays: Worker
  /** Started ahead: one test after the other uses one up. */
  let mortals: Promise<Worker>[] = []
  beforeAll(async () => {
    mortals = [startWorker(target()), startWorker(target())]
    stays = await startWorker(target())
    await Promise.all(mortals)
  })
  afterAll(async () => {
    await stays?.stop()
    for (const mortal of mortals) await (await mortal).stop()
  })

  /** Two processes over one store, with ann's account linked by one of them. */
  async function pair(upstream: RunningUpstream, mortal: number) {
    const { at } = upstream
    const one = await mortals[mortal]
    if (one === undefined) throw new Error('no such process')
    expect(await one.tell({ kind: 'link', at })).toEqual(['connected'])
    const before = await upstream.refreshes()
    return { at, one, two: stays, refreshes: async () => (await upstream.refreshes()) - before }
  }

  test('two processes make one refresh, again and again', async () => {
    const { at, one, two, refreshes } = await pair(none, 0)
    for (let round = 1; round <= 3; round++) {
      const task = { kind: 'ask', at, calls: 20, offset: round * AFTER_EXPIRY } as const
      const told = (await Promise.all([one.tell(task), two.tell(task)])).flat()
      expect(told).toEqual(Array(40).fill('token'))
      expect(await refreshes()).toBe(round)
    }
  })

  test('one process links again while the other refreshes: no token is sent twice', async () => {
    const { at, one, two } = await pair(none, 0)
    for (let round = 1; round <= 4; round++) {
      const task = { kind: 'ask', at, calls: 10, offset: round * AFTER_EXPIRY } as const
      const [, linked] = await Promise.all([one.tell(task), two.tell({ kind: 'link', at })])
      expect(linked).toEqual(['connected'])
      // A grant that was ended for a second use would not come back.
      const next = { ...task, offset: (round + 20) * AFTER_EXPIRY }
      expect((await Promise.all([one.tell(next), two.tell(next)])).flat()).toEqual(Array(20).fill('token'))
    }
  })

  test('three processes refresh, link, reseal and disconnect at once: no token is sent twice', async () => {
    const { at, one, two } = await pair(none, 0)
    const three = (await mortals[1]) as Worker
    for (let round = 1; round <= 4; round++) {
      const task = { kind: 'ask', at, calls: 8, offset: round * AFTER_EXPIRY } as const
      const [told, , unreadable] = await Promise.all([
        Promise.all([one.tell(task), two.tell(task)]),
        round % 2 === 0 ? three.tell({ kind: 'link', at }) : undefined,
        round % 2 === 1 ? three.tell({ kind: 'reseal', at }) : [],
      ])
      expect(told.flat()).toEqual(Array(16).fill('token'))
      expect(unreadable).toEqual([])
      // A grant that was ended for a second use would not come back.
      const next = { ...task, offset: (round + 20) * AFTER_EXPIRY }
      expect((await Promise.all([one, two, three].map((each) => each.tell(next)))).flat()).toEqual(
        Array(24).fill('token'),
      )
    }
    const last = { kind: 'ask', at, calls: 8, offset: 50 * AFTER_EXPIRY } as const
    const [told, gone] = await Promise.all([one.tell(last), two.tell({ kind: 'disconnect', at })])
    expect(gone).toEqual(['disconnected'])
    for (const status of told as readonly string[])
      expect(['token', 'must_reconnect', 'not_connected']).toContain(status)
    expect(await three.tell({ ...last, offset: 60 * AFTER_EXPIRY })).toEqual(Array(8).fill('not_connected'))
  })

  const died = { kind: 'ask', calls: 3, offset: AFTER_EXPIRY, hastened: true, dies: true } as const
  const after = { kind: 'ask', calls: 5, offset: AFTER_EXPIRY, hastened: true } as const

  test('killed between answer and write, with a grace period: the connection lives', async () => {
    const { at, one, two, refreshes } = await pair(grace, 0)
    expect(await one.tellLast({ ...died, at })).toBe('SIGKILL')
    expect(await two.tell({ ...after, at })).toEqual(Array(5).fill('token'))
    expect(await refreshes()).toBe(2)
    // The chain goes on: nothing looked like theft.
    expect(await two.tell({ ...after, at, offset: 2 * AFTER_EXPIRY })).toEqual(Array(5).fill('token'))
  })

  test('and without one: told as such, once and for all, with nothing sent', async () => {
    const { at, one, two, refreshes } = await pair(none, 1)
    expect(await one.tellLast({ ...died, at })).toBe('SIGKILL')
    await wait(LEASE_MS)
    for (let round = 0; round < 3; round++) {
      expect(await two.tell({ ...after, at })).toEqual(Array(5).fill('must_reconnect'))
    }
    expect(await refreshes()).toBe(1)
    expect(await two.tell({ kind: 'link', at })).toEqual(['connected'])
    expect(await two.tell({ ...after, at })).toEqual(Array(5).fill('token'))
  })
}

describe('vaults on one SQLite file', () => {
  const { file, remove } = place()
  afterAll(remove)
  refreshingProcesses(() => ({ file }))
})

if (!hasRedisServer) test('vaults on one Redis', ({ skip }) => skip(redisServerMissing))

describe.runIf(hasRedisServer)('vaults on one Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())
  refreshingProcesses(() => ({ client: 'redis', port: server.port, prefix: 'vault' }))
})
