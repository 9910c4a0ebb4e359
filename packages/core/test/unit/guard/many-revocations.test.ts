import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSignIn } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { github, storedVault } from '../../../src/entrypoints/vault.ts'
import { type Fetch, memoryStore, type Store } from '../../../src/index.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { asks, ISSUER, keys, reads, smallWorld, user, writes } from './small-world.ts'

/** The operations of one process on the store. */
function counted(store: Store) {
  const operations: string[] = []
  const counting = tapped(store, (operation, key, next) => {
    operations.push(`${operation} ${key.slice(0, key.indexOf(':'))}`)
    return next()
  })
  return { store: counting, operations }
}

const perCall = ['get revoked', 'get revoked', 'get revoked-generation']

/** Ends sessions as users do who sign in and out: some at once. */
async function logOut(behalf: ReturnType<ReturnType<typeof smallWorld>['guard']>, count: number) {
  for (let done = 0; done < count; done += 100) {
    const some = Array.from({ length: Math.min(100, count - done) }, (_, index) => `s-${done + index}`)
    await Promise.all(some.map((session) => behalf.revoke({ issuer: ISSUER, subject: 'eve', session })))
  }
}

describe('a process that begins after many logouts', () => {
  test.each([1, 2_000])(
    verifies('I9', 'reads the generation and its own names at its first call, and no other: after %i logouts'),
    async (logouts) => {
      const { guard, call, store } = smallWorld()
      await logOut(guard(), logouts)
      const begun = counted(store)
      const behalf = guard({ store: begun.store })
      const identity = user({ sessionId: 'of ann' })
      expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      expect(begun.operations.sort()).toEqual(perCall)
      const ended = user({ subject: 'eve', sessionId: `s-${logouts - 1}` })
      expect(await behalf.run(reads, call({ identity: ended }), () => 'ran')).toMatchObject({ code: 'revoked' })
    },
  )
})

describe('a user who signs in and out in a loop', () => {
  test('costs another user the same reads, at most once every revocationSeconds', async () => {
    const { guard, call, store, clock } = smallWorld()
    const there = counted(store)
    const behalf = guard({ store: there.store, revocationSeconds: 5 })
    const identity = user({ sessionId: 'of ann' })
    const operator = guard()
    for (let seconds = 0; seconds < 20; seconds++) {
      await logOut(operator, 20)
      for (let times = 0; times < 3; times++)
        expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      clock.advance(1)
    }
    expect(there.operations.sort()).toEqual([...perCall, ...perCall, ...perCall, ...perCall].sort())
  })

  test('leaves room for the writes of others in a memory store', async () => {
    const clock = testClock()
    const { guard, call } = smallWorld()
    const behalf = guard({ store: memoryStore({ clock, maxEntries: 100 }), clock })
    await expect(logOut(behalf, 100)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'unavailable' })
    expect(await behalf.run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test(
    verifies('I9', 'leaves this room where the logouts name no user, and each still ends its session in this process'),
    async () => {
      const clock = testClock()
      const { guard, call } = smallWorld()
      const behalf = guard({ store: memoryStore({ clock, maxEntries: 100 }), clock })
      const logOutOf = (session: string) => behalf.revoke({ issuer: ISSUER, session }).then(() => 'stored', String)
      const ended: string[] = []
      for (let session = 0; session < 200; session++) ended.push(await logOutOf(`s-${session}`))
      expect(ended.filter((end) => end === 'stored').length).toBeGreaterThan(30)
      expect(await logOutOf('of bob')).toContain('the memory store has no room')
      for (const sessionId of ['s-0', 's-199', 'of bob']) {
        const identity = user({ subject: 'bob', sessionId })
        expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ code: 'revoked' })
      }
      expect(await behalf.run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
      await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
      expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
    },
  )
})

describe('a memory store that is full of one user’s records', () => {
  const isFull = { status: 'unavailable' }

  test('takes the writes, the delegations and the revocations of others', async () => {
    const clock = testClock()
    const { guard } = smallWorld()
    const behalf = guard({ store: memoryStore({ clock, maxEntries: 60 }), clock })
    const write = (subject: string, number: number) =>
      behalf.run(
        writes,
        { tool: 'pay', slot: `${number}`, input: { amount: number }, identity: user({ subject }) },
        () => 'ran',
      )
    const delegate = (subject: string) =>
      behalf.delegations.create({ identity: user({ subject }), tools: ['pay'], expiresAt: clock.now() / 1000 + 3600 })
    let done = 0
    while ((await write('eve', done)).status === 'done') done++
    expect(done).toBeGreaterThan(5)
    expect(await write('eve', done)).toMatchObject(isFull)
    await expect(delegate('eve')).rejects.toMatchObject({ reason: 'unavailable' })
    // Each refused call leaves nothing behind that takes the room of others.
    for (let number = done; number < done + 60; number++) expect(await write('eve', number)).toMatchObject(isFull)
    expect(await write('ann', 1)).toMatchObject({ status: 'done' })
    expect(await delegate('ann')).toBeDefined()
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect(await write('ann', 2)).toMatchObject({ code: 'revoked' })
  })
})

describe('a memory store that is full of records', () => {
  const maxEntries = 100
  const world = () => {
    const { guard, call, clock } = smallWorld()
    const store = memoryStore({ clock, maxEntries })
    return { behalf: guard({ store, clock }), call, clock, store }
  }
  /** Repeats what fills the store until the store refuses it. */
  async function fill(once: (index: number) => Promise<unknown>) {
    const written = async (index: number) => once(index).then(() => true, isRefused)
    const isRefused = (error: unknown) => {
      expect(error).toMatchObject({ code: 'ERR_STORE', reason: 'unavailable' })
      return false
    }
    let index = 0
    while (index < maxEntries && (await written(index))) index++
    expect(index).toBeGreaterThan(5)
    expect(index).toBeLessThan(maxEntries)
  }
  const leavesRoom = async ({ behalf, call }: ReturnType<typeof world>) => {
    expect(await behalf.run(writes, call(), () => 'ran')).toMatchObject({ status: 'done' })
    expect(await behalf.run(asks, call({ slot: 'asks' }), () => 'ran')).toMatchObject({ status: 'interrupted' })
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  }

  test(
    verifies('I9', 'of sign-ins that a stranger began takes writes, questions and revocations of users'),
    async () => {
      const full = world()
      const { clock, store } = full
      const authorizationServer = oidc({
        issuer: ISSUER,
        clientId: 'web',
        clientSecret: 'secret-of-web',
      })
      const metadata = {
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        jwks_uri: `${ISSUER}/keys`,
      }
      const redirectUri = 'https://app.example.com/callback'
      const fetch: Fetch = async () => Response.json(metadata)
      const signIn = createSignIn({ authorizationServer, redirectUri, store, keys, clock, fetch })
      await fill(() => signIn.start(new Request('https://app.example.com/login')))
      await leavesRoom(full)
    },
  )

  test(
    verifies('I9', 'of connect flows that a user began takes writes, questions and revocations of others'),
    async () => {
      const full = world()
      const { clock, store } = full
      const connections = { github: { ...github, clientId: 'app', clientSecret: 'secret-of-app', scopes: ['repo'] } }
      const { accounts } = storedVault({ store, keys, clock, connections })
      const start = { connection: 'github', redirectUri: 'https://app.example.com/connections/callback', browser: 'b' }
      const begun = (subject: string) => ({ ...start, identity: user({ subject }) })
      await fill(async () => {
        const { status } = await accounts.connect(begun('eve'))
        if (status !== 'started') throw new StoreError('unavailable', status)
      })
      expect(await accounts.connect(begun('ann'))).toMatchObject({ status: 'started' })
      await leavesRoom(full)
    },
  )

  test(verifies('I9', 'of one user’s runs still takes the revocation of this user, and of each session'), async () => {
    const { behalf, call } = world()
    const write = (slot: number) => behalf.run(writes, call({ slot: `${slot}`, input: { amount: slot } }), () => 'ran')
    let done = 0
    while ((await write(done)).status === 'done') done++
    expect(done).toBeGreaterThan(5)
    for (let session = 0; session < 20; session++) await behalf.revoke({ issuer: ISSUER, session: `s-${session}` })
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test(verifies('I9', 'of one user’s ended sessions still takes the end of all of this user’s access'), async () => {
    const { behalf, call } = world()
    await fill((index) => behalf.revoke({ issuer: ISSUER, subject: 'ann', session: `s-${index}` }))
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  })
})

test(
  verifies('I9', 'a read of the generation that a store never answers refuses calls for half a minute, and no longer'),
  async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { guard, call, store } = smallWorld()
    let isHung = false
    const hanging = tapped(store, (operation, key, next) => {
      if (isHung || operation !== 'get' || !key.startsWith('revoked-generation')) return next()
      isHung = true
      return new Promise<never>(() => {})
    })
    const behalf = guard({ store: hanging, timeoutMs: 300, revocationSeconds: 5 })
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
    vi.advanceTimersByTime(29_999)
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
    vi.advanceTimersByTime(1)
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
  },
)

describe('the names in memory', () => {
  test(verifies('I9', 'are limited, and one that was dropped is read again'), async () => {
    const { guard, store } = smallWorld()
    const { store: counting, operations } = counted(store)
    const behalf = guard({ store: counting, revocationSeconds: 3600 })
    const seen = async (subject: string) => (await behalf.visible({ pay: reads }, user({ subject }))).names.length
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    expect([await seen('ann'), await seen('bob')]).toEqual([0, 1])
    operations.length = 0
    expect(await seen('bob')).toBe(1)
    expect(operations).toEqual([])
    for (let other = 0; other < 10_000; other++) await seen(`user-${other}`)
    expect(operations).toHaveLength(10_000)
    expect([await seen('bob'), await seen('ann')]).toEqual([1, 0])
    expect(operations).toHaveLength(10_002)
  })
})
