import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '@behalf/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTarget, type Target } from './targets.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

/** Every write of an undisturbed job. */
const LIFE = ['opened', 'pending', 'claimed', 'approved', 'running', 'completed', 'closed']

/**
 * Two processes on one store; one of them is killed between any two operations, or amid one, and the other goes on.
 *
 * Whatever happens: a job is consumed once at most, comes to an end, and nothing half-made is left.
 */
export function killedWorkerTests(victims: () => Target, survivors: () => Target): void {
  let store: Store
  let survivor: WorkerProcess
  beforeAll(async () => {
    store = await openTarget(survivors())
    survivor = await startWorker(survivors())
  })
  afterAll(() => survivor?.kill())

  /** What must hold of a job after all that happened to it. */
  const settled = async (job: string, workers: readonly WorkerProcess[]): Promise<string> => {
    const run = await store.get(`run:${job}`)
    const state = new TextDecoder().decode(run?.value)
    const consumed = workers.flatMap(({ told }) => told.filter((one) => one.job === job && one.step === 'running'))
    expect(consumed.length).toBeLessThanOrEqual(1)
    expect(['completed', 'crashed']).toContain(state)
    if (state === 'completed') expect(consumed).toHaveLength(1)
    expect(await store.get(`open:${job}`)).toBeUndefined()
    expect(await store.claimDue(`jobs:${job}`, { limit: 1, leaseSeconds: 1 })).toEqual([])
    const [listed] = (await store.list('runs', { limit: 1_000 })).filter(({ key }) => key === `run:${job}`)
    expect(listed).toEqual(run)
    return state
  }

  test('an undisturbed job is written step by step', async () => {
    const job = randomUUID()
    survivor.send({ job, stepped: false })
    await survivor.through(job)
    const steps = survivor.told.flatMap((one) => (one.job === job ? [one.step] : []))
    expect(steps).toEqual([...LIFE, 'done'])
    expect(await settled(job, [survivor])).toBe('completed')
  })

  test.concurrent.each(LIFE)('killed right after it %s, its work is taken up', async (step) => {
    const job = randomUUID()
    const victim = await startWorker(victims())
    victim.send({ job, stepped: true })
    for (let heard = 1; ; heard++) {
      await victim.heard(heard)
      if (victim.told.at(-1)?.step === step) break
      victim.send('go')
    }
    await victim.kill()
    survivor.send({ job, stepped: false })
    await survivor.through(job)
    // Killed between consuming and completing, the work may have been done: no worker does it again.
    expect(await settled(job, [victim, survivor])).toBe(step === 'running' ? 'crashed' : 'completed')
  })

  test.concurrent.each(Array.from({ length: 6 }, (_, round) => round))(
    'killed at any moment while both work on the same jobs (%i)',
    { timeout: 60_000 },
    async (round) => {
      const victim = await startWorker(victims())
      const jobs = Array.from({ length: 8 }, () => randomUUID())
      for (const job of jobs) for (const worker of [victim, survivor]) worker.send({ job, stepped: false })
      // Through a job takes some ten milliseconds: early, amid and late.
      await wait(round * 7 + Math.random() * 7)
      await victim.kill()
      for (const job of jobs) await survivor.through(job)
      // The victim may have reopened a job that had ended: the next worker finds that, and clears it.
      for (const job of jobs) survivor.send({ job, stepped: false })
      for (const job of jobs) await survivor.through(job, 2)
      for (const job of jobs) await settled(job, [victim, survivor])
    },
  )
}
