import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { createSessions } from '../../../src/sign-in/sessions.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { processFetch, type RotatingServer, rotatingServer, type Turn } from './rotating-server.ts'

const msw = useMsw()
const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const
const ISSUER = 'https://rotating.example.com'

async function world(over: Partial<Profile> = {}) {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
  }
  const server = await rotatingServer(ISSUER, clock.now)
  msw.use(...server.handlers)
  const store = memoryStore({ clock })
  const profile = (): Profile => ({
    ...oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 's', algorithms: ['ES256'] }),
    ...over,
  })
  /** One process of the app: with metadata and keys of its own. */
  const started = (options: object = {}) => {
    const fetch = processFetch(server)
    return createSessions({ authorizationServer: profile(), store, keys, clock, fetch, timeoutMs: 2_000, ...options })
  }
  const sessions = started()
  const { id } = await sessions.create(await server.login(), { nonce: 'n-1' })
  return { clock, server, store, sessions, started, id, profile }
}
const outcome = (asked: Promise<{ readonly status: string }>) =>
  asked.then(
    ({ status }) => status,
    (error: { readonly code?: string }) => error.code,
  )

const bad: Turn[] = ['bad_signature', 'no_jwt', 'wrong_nonce', 'wrong_issuer', 'wrong_client', 'old', 'wrong_type']
const harmless: Turn[] = ['outage', 'unreachable', 'refused']
const lost: Turn[] = ['lost', 'lost_500', 'lost_503', 'lost_refused', 'lost_html']

describe('a renewal whose response cannot be verified', () => {
  test.each(bad)('keeps the newest refresh token and revokes the new access token: %s', async (turn) => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(590)
    server.turns.push(turn)
    expect(await outcome(sessions.identity(id))).toMatch(/^ERR_INVALID_/)
    expect(server.revoked).toEqual(['a-1'])
    // Another process, after a restart.
    expect(await outcome(started().identity(id))).toBe('verified')
    expect(server).toMatchObject({ reuses: 0, grants: 2 })
    clock.advance(590)
    expect(await outcome(sessions.identity(id))).toBe('verified')
    expect(server).toMatchObject({ reuses: 0, grants: 3, revoked: ['a-1'] })
  })

  test('ends the login at the third in a row, and revokes its tokens', async () => {
    const { clock, server, sessions, id } = await world()
    clock.advance(590)
    server.turns.push('bad_signature', 'bad_signature', 'good')
    for (let i = 0; i < 2; i++) expect(await outcome(sessions.identity(id))).toBe('ERR_INVALID_TOKEN')
    expect(await outcome(sessions.identity(id))).toBe('verified')
    clock.advance(590)
    server.turns.push('bad_signature', 'no_jwt', 'wrong_nonce', 'good')
    for (let i = 0; i < 3; i++) expect(await outcome(sessions.identity(id))).toBe('ERR_INVALID_TOKEN')
    expect(server.revoked).toContain(server.newest)
    expect(await outcome(sessions.identity(id))).toBe('login_required')
    expect(server).toMatchObject({ reuses: 0, grants: 6 })
  })

  verifies('OIDC-CORE-12.2-person', 'ends the login where it is of another user, and revokes all of it', async () => {
    const { clock, server, sessions, id } = await world()
    clock.advance(590)
    server.turns.push('wrong_subject')
    expect(await outcome(sessions.identity(id))).toBe('ERR_INVALID_RESPONSE')
    expect(server.revoked.sort()).toEqual(['a-1', 'r-1'])
    expect(await outcome(sessions.identity(id))).toBe('login_required')
    expect(server).toMatchObject({ reuses: 0, grants: 1 })
  })

  verifies('OIDC-CORE-12.2-nonce', 'is refused for another nonce than that of the login', async () => {
    const { clock, server, sessions, id } = await world()
    clock.advance(590)
    server.turns.push('wrong_nonce')
    await expect(sessions.identity(id)).rejects.toMatchObject({ reason: 'claims', message: /another nonce/ })
  })

  verifies('OIDC-CORE-12.2-iat', 'is refused where its id_token was issued last week', async () => {
    const { clock, server, sessions, id } = await world()
    clock.advance(590)
    server.turns.push('old')
    await expect(sessions.identity(id)).rejects.toMatchObject({ reason: 'claims', message: /was issued 604800 s/ })
  })
})

describe('a renewal whose response is lost', () => {
  test.each(lost)('sends its refresh token never again, in no process: %s', async (turn) => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(560)
    server.turns.push(turn)
    await outcome(sessions.identity(id))
    // The token of the moment serves until it ends.
    for (const process of [sessions, started()]) expect(await outcome(process.identity(id))).toBe('verified')
    clock.advance(60)
    for (const process of [sessions, started()]) expect(await outcome(process.identity(id))).toBe('login_required')
    // What the server rotated to is kept nowhere: the used token ends it.
    expect(server).toMatchObject({ reuses: 0, grants: 1, revoked: ['r-0'] })
  })

  test.each(harmless)('keeps the session where the server surely did nothing: %s', async (turn) => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(601)
    server.turns.push(turn)
    expect(await outcome(sessions.identity(id))).toMatch(/^ERR_(TRANSPORT|OAUTH_RESPONSE)$/)
    expect(await outcome(started().identity(id))).toBe('verified')
    expect(server).toMatchObject({ reuses: 0, grants: 1 })
  })

  test('is sent again at a server whose refresh tokens do not rotate', async () => {
    const { clock, server, sessions, id } = await world({ rotatesRefreshTokens: false })
    clock.advance(601)
    server.turns.push('lost')
    expect(await outcome(sessions.identity(id))).toBe('ERR_TRANSPORT')
    await outcome(sessions.identity(id))
    expect(server.grants).toBe(2)
  })
})

describe('an issuer that hangs', () => {
  test('ends nothing: the token of the moment serves in all processes while it is good', async () => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(560)
    server.during = () => new Promise<never>(() => {})
    const asked = [sessions, started()].map((process) => outcome(process.identity(id, { timeoutMs: 200 })))
    expect(await Promise.all(asked)).toEqual(['verified', 'verified'])
    expect(server).toMatchObject({ reuses: 0, grants: 1 })
  })

  test('is an outage once the token of the moment has ended', async () => {
    const { clock, server, sessions, id } = await world()
    clock.advance(601)
    server.during = () => new Promise<never>(() => {})
    expect(await outcome(sessions.identity(id, { timeoutMs: 200 }))).toBe('ERR_TRANSPORT')
  })

  test('does not serve a session that was ended meanwhile', async () => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(560)
    server.during = () => new Promise<never>(() => {})
    const asked = outcome(sessions.identity(id, { timeoutMs: 300 }))
    await vi.waitFor(() => expect(server.grants).toBe(1))
    await started().end(id)
    expect(await asked).toBe('login_required')
  })
})

describe('a process that ends in the middle', () => {
  test(verifies('I4', 'between the response and its write costs no second use of the refresh token'), async () => {
    const { clock, server, store, started, id } = await world()
    clock.advance(590)
    let isKilled = false
    // A killed process: nothing that it does after the response reaches the store, and it never goes on.
    const never = () => new Promise<never>(() => {})
    const dying = new Proxy(store, {
      get: (target, name: keyof typeof store) => {
        const value = target[name]
        return typeof value === 'function'
          ? (...given: never[]) => (isKilled ? never() : (value as (...all: never[]) => unknown).apply(target, given))
          : value
      },
    })
    server.during = () => {
      isKilled = true
    }
    const killed = started({ store: dying })
      .identity(id, { timeoutMs: 300 })
      .catch(() => {})
    await killed
    server.during = undefined
    // Its right to renew ends by the store's clock.
    clock.advance(60)
    for (let i = 0; i < 3; i++) expect(await outcome(started().identity(id))).toBe('login_required')
    expect(server).toMatchObject({ reuses: 0, grants: 1 })
  })

  test(
    verifies('I4', 'or stands still beyond its lease, and another one comes: the refresh token is sent once'),
    async () => {
      const { clock, server, sessions, started, id } = await world()
      clock.advance(560)
      let other: string | undefined
      server.during = async () => {
        server.during = undefined
        clock.advance(30)
        other = await outcome(started().identity(id))
      }
      // It wakes up, and writes what came.
      expect(await outcome(sessions.identity(id))).toBe('verified')
      expect(other).toBe('verified')
      clock.advance(560)
      expect(await outcome(started().identity(id))).toBe('verified')
      expect(server).toMatchObject({ reuses: 0, grants: 2 })
    },
  )

  test('and comes back when another one has ended the login: its tokens are revoked', async () => {
    const { clock, server, sessions, started, id } = await world()
    clock.advance(590)
    server.during = async () => {
      server.during = undefined
      clock.advance(60)
      expect(await outcome(started().identity(id))).toBe('login_required')
    }
    expect(await outcome(sessions.identity(id))).toBe('login_required')
    expect(server.revoked.sort()).toEqual(['r-0', 'r-1'])
    expect(server.reuses).toBe(0)
  })
})

describe('a store that fails in the middle', () => {
  test.each(['before', 'after'] as const)(
    'takes the response when it is back, the write being lost %s',
    async (when) => {
      const { clock, server, store, started, id } = await world()
      clock.advance(601)
      let faults = 0
      const failing = new Proxy(store, {
        get: (target, name: keyof typeof store) => {
          const value = target[name]
          if (name !== 'put') return typeof value === 'function' ? value.bind(target as never) : value
          return async (...given: Parameters<typeof store.put>) => {
            const fails = server.grants > 0 && faults++ < 5
            if (fails && when === 'before') throw new StoreError('unavailable', 'the store is away')
            const written = await store.put(...given)
            if (fails) throw new StoreError('unavailable', 'the store is away')
            return written
          }
        },
      })
      expect(await outcome(started({ store: failing }).identity(id))).toBe('verified')
      expect(await outcome(started().identity(id))).toBe('verified')
      expect(server).toMatchObject({ reuses: 0, grants: 1, revoked: [] })
    },
  )
})

/** Deterministic, so that a sequence that fails can be run again. */
function randomOf(seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

/** One session, two processes, and a sequence of what can happen to them. */
async function sequence(seed: number): Promise<{ readonly server: RotatingServer; readonly outcomes: unknown[] }> {
  const random = randomOf(seed)
  const { clock, server, started, id } = await world()
  const processes = [started(), started()]
  const all: Turn[] = ['good', 'good', ...bad, ...harmless, ...(random(3) === 0 ? lost : [])]
  const outcomes: unknown[] = []
  for (let step = 0; step < 12; step++) {
    clock.advance(random(700))
    server.turns.push(all[random(all.length)] as Turn)
    if (random(4) === 0) processes[random(2)] = started()
    const asked = random(2) === 0 ? processes : [processes[random(2)] as (typeof processes)[0]]
    outcomes.push(...(await Promise.all(asked.map((process) => outcome(process.identity(id))))))
    server.turns.length = 0
  }
  return { server, outcomes }
}

test.each(Array.from({ length: 24 }, (_, index) => index + 1))(
  'no refresh token is sent twice in a sequence of failures, restarts and two processes: seed %i',
  async (seed) => {
    const { server, outcomes } = await sequence(seed)
    expect(server.reuses, JSON.stringify(outcomes)).toBe(0)
  },
)
