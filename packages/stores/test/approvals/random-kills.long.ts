import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ApprovalEvent } from '@behalf/core/audit'
import { startSandbox } from '@behalf/sandbox'
import { login } from '@behalf/testing'
import { expect, onTestFinished, test } from 'vitest'
import { forkScript, killChild } from '../children.ts'
import { hasPostgresServer, postgresServerMissing } from '../postgres-server.ts'
import { startMigratedServer } from '../postgres-under-test.ts'
import { AT_ONCE, orderOf, type Shift, type Told, type TradingFloor, USERS } from './random-orders.ts'

/** Ten minutes every night. */
const SECONDS = Number(process.env.BEHALF_KILL_SECONDS ?? 15)
/** Leases are a minute long at night, and sooner over where a minute is too long. */
const HASTENED_BY = SECONDS < 120 ? 10 : 1
const LEASE_MS = 60_000 / HASTENED_BY
/** A process lives so long at most. A person has answered after a second or two. */
const LIFE_MS = 8_000

test(
  'the stock agent in two processes on one PostgreSQL, each killed at random: no order is placed twice, and no approval is lost',
  async ({ skip }) => {
    if (!hasPostgresServer) skip(postgresServerMissing)
    const directory = mkdtempSync(join(tmpdir(), 'behalf-kills-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const server = await startMigratedServer()
    onTestFinished(() => server.stop())
    const people = Array.from({ length: USERS }, (_, user) => `user-${user}`)
    const wealth = { cash: 1e9, holdings: { AAPL: 1e6, MSFT: 1e6 } }
    const seed = { users: people.map((subject) => ({ subject, ...wealth })) }
    const sandbox = await startSandbox({ answers: 'approve', requestSeconds: 3_600, seed })
    onTestFinished(() => sandbox.close())
    const { target, settings } = sandbox
    const users: { subject: string; accessToken: string }[] = []
    for (const user of people) users.push({ subject: user, accessToken: (await login(target, { user })).accessToken })
    const [floor, audit] = [join(directory, 'floor.json'), join(directory, 'audit')]
    writeFileSync(audit, '')
    writeFileSync(
      floor,
      JSON.stringify({
        target: { postgres: 'pg', port: server.port, prefix: 'kills' },
        settings,
        users,
        hastenedBy: HASTENED_BY,
        audit,
      } satisfies TradingFloor),
    )

    const posted: number[] = []
    const questions: string[] = []
    sandbox.onEvent((event) => {
      if (event.type === 'api' && event.method === 'POST') posted.push(event.status)
      if (event.type === 'asked') questions.push(`${event.subject}: ${event.message}`)
    })
    const begun = new Set<number>()
    const ends = new Map<number, Told>()
    const start = async (shift: Shift) => {
      const child = forkScript(new URL('./random-worker.ts', import.meta.url), [floor, shift])
      child.on('message', (told: Told) => {
        if (told.order >= 0) begun.add(told.order)
        if (told.end !== undefined) ends.set(told.order, told)
      })
      await Promise.race([once(child, 'message'), once(child, 'exit')])
      if (child.exitCode !== null) throw new Error('a process of the agent does not start')
      return child
    }

    let kills = 0
    const endsAt = performance.now() + SECONDS * 1000
    const killAgainAndAgain = async () => {
      while (performance.now() < endsAt) {
        const child = await start({
          open: [...begun].filter((order) => !ends.has(order)),
          next: Math.max(-1, ...begun) + 1,
        })
        await wait(Math.random() * LIFE_MS)
        await killChild(child)
        kills++
      }
    }
    await Promise.all([killAgainAndAgain(), killAgainAndAgain()])
    await wait(LEASE_MS + 100)

    // Those that a process did not come to tell of were taken up by its conversations.
    const orders = Math.max(...begun) + 1 + 2 * AT_ONCE
    const atWork = ends.size
    ends.clear()
    await once(await start({ open: Array.from({ length: orders }, (_, order) => order) }), 'exit')
    const told = [...ends.values()]
    expect(told).toHaveLength(orders)
    const books = await Promise.all(people.map((user) => target.api.controls.orders(`p-${user}`)))
    for (const { order, end, id } of told) {
      const { user, ...wanted } = orderOf(order)
      const placed = books[user]?.filter((one) => isDeepStrictEqual(pick(one, wanted), wanted)) ?? []
      // In doubt: begun by a process that was killed in it, or claimed by one that was killed before it could say so.
      expect(['done', 'unknown_outcome'], `order ${order}`).toContain(end)
      if (end === 'done') expect(placed, `order ${order}`).toMatchObject([{ id }])
      else expect(placed.length, `order ${order}`).toBeLessThanOrEqual(1)
    }
    const placed = books.flat().length
    // Nor did the exchange have to know an order again by its key.
    expect(posted.filter((status) => status === 201)).toHaveLength(placed)
    expect(placed).toBeGreaterThan(0)

    const approvals = new Map<string, string[]>()
    for (const line of readFileSync(audit, 'utf8').split('\n').filter(Boolean)) {
      const { approvalId, state } = JSON.parse(line) as ApprovalEvent
      approvals.set(approvalId, [...(approvals.get(approvalId) ?? []), state])
    }
    const approved = [...approvals].filter(([, states]) => states.includes('approved'))
    for (const [id, states] of approved) {
      const after = states.slice(states.indexOf('approved')).filter((state) => ['requested', 'pending'].includes(state))
      expect(after, `states of approval ${id}: ${states}`).toEqual([])
    }
    expect(kills).toBeGreaterThan(1)
    const inDoubt = told.filter(({ end }) => end === 'unknown_outcome').length
    const askedTwice = questions.length - new Set(questions).size
    const figures = { seconds: SECONDS, kills, orders, atWork, placed, inDoubt, approved: approved.length, askedTwice }
    console.info(JSON.stringify(figures))
  },
  SECONDS * 1_000 + 600_000,
)

/** The fields of an object that another one has, too. */
const pick = (from: object, like: object) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => Object.hasOwn(like, name)))
