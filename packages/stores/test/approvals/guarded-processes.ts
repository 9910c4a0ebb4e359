import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { verifies } from '@behalf/testing/requirements'
import { afterAll, expect, test } from 'vitest'
import { forkScript } from '../children.ts'
import { hastened } from '../hastened-store.ts'
import { openTarget, type Target } from '../targets.ts'
import { guardOn, journal, LEASE_MS, live } from './guarded-world.ts'
import type { Task } from './worker.ts'

/** A life has some fifteen writes; past them, nothing is left to die at. */
const MOST_WRITES = 22

/** How a process ended: `SIGKILL`, or what its calls came to. */
async function ended(target: Target, directory: string, task: Task): Promise<'SIGKILL' | readonly unknown[]> {
  const child = forkScript(new URL('./worker.ts', import.meta.url), [target, directory, task])
  let outcomes: readonly unknown[] = []
  child.on('message', (message) => {
    outcomes = message as readonly unknown[]
  })
  const [, signal] = await once(child, 'exit')
  return signal === 'SIGKILL' ? 'SIGKILL' : outcomes
}

/**
 * Registers what must hold of guards in several processes on one store, and of guards that are killed.
 * @param target - Where the store is: called in a test, when its server runs.
 */
export function guardedProcesses(target: () => Target): void {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-guards-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const { count } = journal(directory)

  test('a guard killed by SIGKILL after each write of a run’s life: another process repairs it', {
    timeout: 300_000,
  }, async () => {
    const store = hastened(await openTarget(target()))
    const died: number[] = []
    for (let first = 1; first <= MOST_WRITES; first += 4) {
      const group = Array.from({ length: 4 }, (_, index) => first + index)
      const ends = await Promise.all(
        group.map((afterWrite) => ended(target(), directory, { kind: 'die', amount: afterWrite, afterWrite })),
      )
      const dead = group.filter((_, index) => ends[index] === 'SIGKILL')
      died.push(...dead)
      if (dead.length < group.length) break
    }
    expect(died.length).toBeGreaterThan(8)
    await wait(LEASE_MS + 100)
    const guard = guardOn(store, directory)
    const repair = async (amount: number) => {
      const ranBefore = count('ran', `${amount}`)
      const outcome = await live(guard, amount, () => {
        journal(directory).note('ran', `${amount}`)
        return 'ran'
      })
      const where = `killed after write ${amount}`
      expect(count('ran', `${amount}`), where).toBeLessThanOrEqual(1)
      expect(count('asked', `Pay ${amount}`), where).toBeLessThanOrEqual(2)
      // What is not known was begun, or claimed by one that died before it could say so.
      if (outcome.status === 'denied') expect(outcome, where).toMatchObject({ code: 'unknown_outcome' })
      else expect([outcome.status, count('ran', `${amount}`)], where).toEqual(['done', 1])
      if (ranBefore === 0 && outcome.status === 'denied') expect(count('asked', `Pay ${amount}`), where).toBe(1)
    }
    await Promise.all(died.map(repair))
  })

  test('a guard killed in the body: its slot never runs again, and an equal call asks the person and tells them', {
    timeout: 120_000,
  }, async () => {
    const amount = 1_000
    expect(await ended(target(), directory, { kind: 'die', amount, afterWrite: 0 })).toBe('SIGKILL')
    await wait(LEASE_MS + 100)
    const guard = guardOn(hastened(await openTarget(target())), directory)
    const again = () => {
      journal(directory).note('ran', `${amount}`)
      return 'again'
    }
    const unknown = { status: 'denied', code: 'unknown_outcome' }
    expect(await live(guard, amount, again)).toMatchObject(unknown)
    expect([count('ran', `${amount}`), count('asked', `Pay ${amount}`)]).toEqual([1, 1])
    expect(await live(guard, amount, again, 'another')).toMatchObject({ status: 'done', result: 'again' })
    const told = readFileSync(join(directory, 'asked'), 'utf8')
    expect(told).toMatch(new RegExp(`ended without a known result\\. Pay ${amount}$`, 'm'))
    expect(await live(guard, amount, again)).toMatchObject(unknown)
  })

  test(verifies('A2', 'two processes, fifty calls of one slot each: asked once, run once, all are told the result'), {
    timeout: 240_000,
  }, async () => {
    const task = { kind: 'crowd', amount: 2_000, calls: 50 } as const
    const [left, right] = await Promise.all([ended(target(), directory, task), ended(target(), directory, task)])
    expect([...left, ...right]).toEqual(Array.from({ length: 100 }, () => 'ran'))
    expect(count('ran', '2000')).toBe(1)
    expect(count('asked', 'Pay 2000')).toBe(1)
  })
}
