import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { type Guard, type Policy, policy } from '../../../src/index.ts'
import { type Tap, tapped } from '../runs/harness.ts'
import { asks, schema, smallWorld, writes } from './small-world.ts'

const never = () => new Promise<never>(() => {})

/** Writes of a whole life: past this many, nothing is left to crash at. */
const MOST_WRITES = 40

type Crash = 'before the write' | 'after it'

/** A process that dies at its n-th write: from then on nothing of it goes on. */
function dying(at: number, crash: Crash) {
  const { promise: dead, resolve: die } = Promise.withResolvers<'dead'>()
  let writesLeft = at
  let isDead = false
  const writtenKeys: string[] = []
  const tap: Tap = async (operation, key, next) => {
    if (isDead) return never()
    if (operation === 'get' || operation === 'list' || writesLeft-- > 0) {
      if (operation !== 'get' && operation !== 'list') writtenKeys.push(key)
      return next()
    }
    isDead = true
    if (crash === 'after it') {
      writtenKeys.push(key)
      await next()
    }
    die('dead')
    return never()
  }
  return { tap, dead, writtenKeys, isDead: () => isDead }
}

/** One life: asked, answered, run. */
async function live(
  behalf: Guard,
  rules: Policy<{ amount: number }>,
  world: ReturnType<typeof smallWorld>,
  body: () => unknown,
) {
  for (let tries = 0; tries < 6; tries++) {
    const outcome = await behalf.run(rules, world.call(), body)
    if (outcome.status === 'done' || outcome.status === 'denied') return outcome
    world.clock.advance(10)
  }
  throw new Error('the slot is stuck')
}

const retried = policy(schema, { version: '1', approval: { message: () => 'Pay', onCrash: 'retry' } })

describe.each([
  ['a call that asks', asks],
  ['a write without an approval', writes],
] as const)('%s, killed at each write of its life', (_, rules) => {
  test.each(['before the write', 'after it'] as const)(
    verifies('A2', '%s: a fresh guard repairs it'),
    async (crash) => {
      let crashes = 0
      for (let at = 0; at < MOST_WRITES; at++) {
        const world = smallWorld()
        world.answers({ status: 'approved' })
        let runs = 0
        let began = false
        const body = () => {
          began = true
          return ++runs
        }
        const process = dying(at, crash)
        const mortal = world.guard({ store: tapped(world.store, process.tap) })
        await Promise.race([live(mortal, rules, world, body), process.dead])
        if (!process.isDead()) break
        crashes++
        const beganBefore = began
        // The claim was written: only the dead process knew whether the body began.
        const mayHaveBegun = beganBefore || process.writtenKeys.filter((key) => key.startsWith('lease:')).length > 0
        world.clock.advance(61)
        const outcome = await live(world.guard(), rules, world, body)
        const where = `write ${at}, ${crash}`
        expect(runs, where).toBeLessThanOrEqual(1)
        expect(world.questions.length, where).toBeLessThanOrEqual(rules === asks ? 2 : 0)
        if (outcome.status === 'denied') {
          expect(outcome, where).toMatchObject({ code: 'unknown_outcome', idempotencyKey: expect.any(String) })
          expect(mayHaveBegun, where).toBe(true)
        } else {
          expect(outcome, where).toMatchObject({ result: 1 })
          expect(runs, where).toBe(1)
        }
        // And once more: the same answer, no other run, no other question.
        const questions = world.questions.length
        expect((await live(world.guard(), rules, world, body)).status, where).toBe(outcome.status)
        expect([runs, world.questions.length], where).toEqual([outcome.status === 'done' ? 1 : runs, questions])
      }
      expect(crashes).toBeGreaterThan(5)
    },
  )

  test.each(['before the write', 'after it'] as const)(
    'a store that fails once, %s, and a process that lives: the body runs, once',
    async (crash) => {
      let faults = 0
      for (let at = 0; at < MOST_WRITES; at++) {
        const world = smallWorld()
        world.answers({ status: 'approved' })
        let runs = 0
        let writesLeft = at
        let failed = false
        const behalf = world.guard({
          store: tapped(world.store, async (operation, _key, next) => {
            const isWrite = operation !== 'get' && operation !== 'list'
            if (!isWrite || failed || writesLeft-- > 0) return next()
            failed = true
            if (crash === 'after it') await next()
            throw new StoreError('unavailable', 'one fault')
          }),
        })
        const outcome = await live(behalf, rules, world, () => ++runs)
        if (!failed) break
        faults++
        expect(outcome, `write ${at}`).toMatchObject({ status: 'done', result: 1 })
        expect(world.questions.length, `write ${at}`).toBeLessThanOrEqual(rules === asks ? 2 : 0)
        expect(await world.guard().run(rules, world.call(), () => ++runs)).toMatchObject({ result: 1 })
      }
      expect(faults).toBeGreaterThan(5)
    },
  )
})

test(
  verifies(
    'A5',
    'onCrash retry, killed at each write: run again with the same key, and the person asked once more at most',
  ),
  async () => {
    let crashes = 0
    for (let at = 0; at < MOST_WRITES; at++) {
      const world = smallWorld()
      world.answers({ status: 'approved' })
      const idempotencyKeys = new Set<string>()
      const process = dying(at, 'after it')
      const body = (_: unknown, { idempotencyKey }: { idempotencyKey: string }) => {
        idempotencyKeys.add(idempotencyKey)
        return 'ran'
      }
      const run = async (behalf: Guard) => {
        for (let tries = 0; tries < 6; tries++) {
          const outcome = await behalf.run(retried, world.call(), body)
          if (outcome.status === 'done' || outcome.status === 'denied') return outcome
          world.clock.advance(10)
        }
        throw new Error('the slot is stuck')
      }
      await Promise.race([run(world.guard({ store: tapped(world.store, process.tap) })), process.dead])
      if (!process.isDead()) break
      crashes++
      world.clock.advance(61)
      expect(await run(world.guard()), `write ${at}`).toMatchObject({ status: 'done', result: 'ran' })
      expect(idempotencyKeys.size, `write ${at}`).toBe(1)
      expect(world.questions.length, `write ${at}`).toBeLessThanOrEqual(2)
    }
    expect(crashes).toBeGreaterThan(5)
  },
)
