import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { forkScript, killChild } from '../children.ts'
import { hasPostgresServer, postgresServerMissing } from '../postgres-server.ts'
import { startMigratedServer } from '../postgres-under-test.ts'
import { openTarget, type Target } from '../targets.ts'
import { guardOn, journal, LEASE_MS, live } from './guarded-world.ts'

/** Orders that a process has under way at once. */
const AT_ONCE = 8

/** Ten minutes every night. */
const SECONDS = Number(process.env.BEHALF_KILL_SECONDS ?? 10)

test(
  'two processes on one PostgreSQL, each killed at random: no order runs twice, and no approval is lost',
  async ({ skip }) => {
    if (!hasPostgresServer) skip(postgresServerMissing)
    const directory = mkdtempSync(join(tmpdir(), 'behalf-kills-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const server = await startMigratedServer()
    onTestFinished(() => server.stop())
    const target: Target = { postgres: 'pg', port: server.port, prefix: 'kills' }

    let round = 0
    let kills = 0
    const endsAt = performance.now() + SECONDS * 1000
    const start = (): ChildProcess => {
      // A little earlier than the other one: the orders of the killed process are taken up.
      const child = forkScript(new URL('./random-worker.ts', import.meta.url), [
        target,
        directory,
        Math.max(0, round - 2),
        AT_ONCE,
      ])
      child.on('message', (done) => {
        round = Math.max(round, Number(done))
      })
      return child
    }
    const killAgainAndAgain = async () => {
      while (performance.now() < endsAt) {
        const child = start()
        await once(child, 'message')
        await wait(Math.random() * 2_500)
        await killChild(child)
        kills++
      }
    }
    await Promise.all([killAgainAndAgain(), killAgainAndAgain()])
    await wait(LEASE_MS + 100)

    const { note, count } = journal(directory)
    const guard = guardOn(await openTarget(target), directory)
    const figures = { seconds: SECONDS, kills, orders: 0, ran: 0, inDoubt: 0, askedTwice: 0 }
    for (let amount = 1; amount <= (round + 1) * AT_ONCE; amount++) {
      const outcome = await live(guard, amount, () => {
        note('ran', `${amount}`)
        return 'ran'
      })
      const [ran, asked, lost] = [
        count('ran', `${amount}`),
        count('asked', `Pay ${amount}`),
        count('lost', `Pay ${amount}`),
      ]
      figures.orders++
      figures.ran += ran
      if (outcome.status === 'denied') {
        // Begun by a process that was killed in it, or claimed by one that was killed before it could say so.
        expect(outcome, `order ${amount}`).toMatchObject({ code: 'unknown_outcome' })
        figures.inDoubt++
      }
      expect(ran, `runs of order ${amount}`).toBe(outcome.status === 'done' ? 1 : Math.min(ran, 1))
      expect(lost, `approvals of order ${amount} that were asked for again`).toBe(0)
      if (asked > 1) figures.askedTwice++
    }
    expect(figures.kills).toBeGreaterThan(1)
    expect(figures.ran).toBeGreaterThan(0)
    console.info(JSON.stringify(figures))
  },
  SECONDS * 2_000 + 120_000,
)
