import { flushCompileCache } from 'node:module'
import type { Store } from '@behalf/core'
import type { Versioned } from '@behalf/core/spi'
import { openTarget } from './targets.ts'

/** What a worker tells after each write, and at its end. */
export interface Told {
  readonly job: string
  /** The write, or `done`. */
  readonly step: string
}

/** Sent for a job that a worker is to take to its end. `stepped`: it waits for `go` after each write. */
export interface Order {
  readonly job: string
  readonly stepped: boolean
}

const LEASE_SECONDS = 0.5

const decode = (value: Uint8Array): string => new TextDecoder().decode(value)
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/**
 * Takes a job one write further: created, claimed, approved, consumed, completed, closed.
 *
 * The worker that consumes a job runs it. A worker that finds it consumed by a dead one never runs it again.
 *
 * @returns the write, `waited` where another has a lease, or `done`
 */
async function advance(store: Store, job: string, mine: Set<string>): Promise<string> {
  const run = await store.get(`run:${job}`)
  if (run === undefined) return create(store, job)
  switch (decode(run.value)) {
    case 'pending':
      return approve(store, job)
    case 'approved': {
      const state = await swap(store, run, 'running')
      if (state === 'running') mine.add(job)
      return state
    }
    case 'running':
      return mine.has(job) ? swap(store, run, 'completed') : giveUp(store, run)
    default:
      if ((await store.get(`open:${job}`)) === undefined) return 'done'
      await store.delete(`open:${job}`)
      return 'closed'
  }
}

async function create(store: Store, job: string): Promise<string> {
  if ((await store.get(`open:${job}`)) === undefined) {
    return (await store.put(`open:${job}`, encode(job), { ifVersion: null })) === 'conflict' ? 'waited' : 'opened'
  }
  const due = { queue: `jobs:${job}`, inSeconds: 0 }
  const version = await store.put(`run:${job}`, encode('pending'), { ifVersion: null, index: ['runs'], due })
  return version === 'conflict' ? 'waited' : 'pending'
}

async function approve(store: Store, job: string): Promise<string> {
  const [claimed] = await store.claimDue(`jobs:${job}`, { limit: 1, leaseSeconds: LEASE_SECONDS })
  if (claimed === undefined) return 'waited'
  await told(job, 'claimed')
  return swap(store, claimed, 'approved')
}

/** The runner is given long enough, should it live. */
async function giveUp(store: Store, run: Versioned): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, LEASE_SECONDS * 1000))
  return swap(store, run, 'crashed')
}

async function swap(store: Store, run: Versioned, state: string): Promise<string> {
  const version = await store.put(run.key, encode(state), { ifVersion: run.version, index: ['runs'] })
  return version === 'conflict' ? 'waited' : state
}

let go: (() => void) | undefined
let stepped = false

async function told(job: string, step: string): Promise<void> {
  const waiting = stepped && step !== 'done' ? new Promise<void>((resolve) => (go = resolve)) : undefined
  process.send?.({ job, step } satisfies Told)
  await waiting
}

if (process.send !== undefined && process.argv[2] !== undefined) {
  const store = await openTarget(JSON.parse(process.argv[2]))
  // Now, since who is killed leaves nothing.
  flushCompileCache()
  const mine = new Set<string>()
  process.on('message', async (message: Order | 'go') => {
    if (message === 'go') return go?.()
    stepped = message.stepped
    for (let step = ''; step !== 'done'; ) {
      step = await advance(store, message.job, mine)
      if (step === 'waited') await new Promise((resolve) => setTimeout(resolve, 20))
      else await told(message.job, step)
    }
  })
  process.send({ job: '', step: 'ready' } satisfies Told)
}
