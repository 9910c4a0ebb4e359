import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createGuard } from '@behalf/core'
import { afterAll, expect, test } from 'vitest'
import { keys, pay } from '../approvals/guarded-world.ts'
import { profile, verifiedUser } from '../approvals/verified-user.ts'
import { forkScript, killChild } from '../children.ts'
import { place } from '../sqlite-files.ts'
import { channelOf, type Death, LEASE_MS, openFile, tellings } from './watched-world.ts'

const QUESTIONS = 40

const { file, remove } = place()
const directory = dirname(file)
const children: ChildProcess[] = []
afterAll(async () => {
  await Promise.all(children.map(killChild))
  remove()
})

/** Begins when it is sent something, and stops at the next thing. */
async function startWatcher(name: string, death: Death | null): Promise<ChildProcess> {
  const child = forkScript(new URL('./worker.ts', import.meta.url), [file, directory, name, death])
  children.push(child)
  await once(child, 'message')
  return child
}

/** Open questions, each to a person of its own, as an agent leaves them that works in the background. */
async function ask(): Promise<readonly string[]> {
  const store = openFile(file)
  const agent = { name: 'agent:payer' }
  const guard = createGuard({ authorizationServer: profile, agent, approvals: channelOf(), store, keys })
  const identity = await verifiedUser()
  const ids: string[] = []
  for (let amount = 1; amount <= QUESTIONS; amount++) {
    const outcome = await guard.run(pay, { tool: 'pay', slot: `pay-${amount}`, input: { amount }, identity }, () => {})
    if (outcome.status !== 'interrupted') throw new Error(`not asked: ${outcome.status}`)
    ids.push(outcome.interrupt.id)
  }
  return ids
}

test('watchers of one SQLite file die by SIGKILL wherever they are: each answer is told, twice only over a death', {
  timeout: 240_000,
}, async () => {
  const deaths: readonly Death[] = [
    { at: 'looked', time: 3 },
    { at: 'called', time: 2 },
    { at: 'noted', time: 3 },
  ]
  const [ids, watchers] = await Promise.all([
    ask(),
    Promise.all([...deaths, null, null].map((death, index) => startWatcher(`w${index}`, death))),
  ])
  const victims = watchers.slice(0, 3)
  const [fourth, survivor] = watchers.slice(3) as [ChildProcess, ChildProcess]
  const { all } = tellings(directory)
  const untold = () => ids.filter((id) => !all().some((told) => told.id === id))

  // One after another: beside others, one of them may find that all answers were looked at before it began.
  for (const victim of victims) {
    const end = once(victim, 'exit')
    victim.send('begin')
    expect((await end)[1]).toBe('SIGKILL')
  }
  expect(untold().length).toBeGreaterThan(QUESTIONS / 2)

  // Two go on; one of them is killed at whatever it does just then.
  for (const watcher of [fourth, survivor]) watcher.send('begin')
  while (untold().length > QUESTIONS / 2) await wait(5)
  await killChild(fourth)
  await expect.poll(untold, { timeout: 120_000, interval: 50 }).toEqual([])
  // What is told again is told when the leases of the dead end.
  await wait(LEASE_MS + 300)

  for (const id of ids) {
    const tellers = all().flatMap((told) => (told.id === id ? [told.watcher] : []))
    // No watcher notifies twice. Another notifies again only if the first could not write that it had.
    expect(new Set(tellers).size, id).toBe(tellers.length)
    for (const watcher of tellers.slice(0, -1)) expect(['w0', 'w1', 'w2', 'w3'], id).toContain(watcher)
  }
  const last = all().findLast(({ watcher }) => watcher === 'w2')
  expect(all().filter(({ id }) => id === last?.id).length).toBe(2)

  const end = once(survivor, 'exit')
  survivor.send('stop')
  expect(await end).toEqual([0, null])
})
