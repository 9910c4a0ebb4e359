import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { journal } from '../approvals/guarded-world.ts'
import { forkScript, killChild } from '../children.ts'
import { freePort } from '../free-port.ts'
import type { PostgresServer } from '../postgres-server.ts'
import { startMigratedServer } from '../postgres-under-test.ts'
import { type Engine, startEngine } from './engine.ts'
import type { Moment } from './worker.ts'

let engine: Engine
let database: PostgresServer
beforeAll(async () => {
  engine = await startEngine()
  database = await startMigratedServer()
}, 120_000)
afterAll(async () => {
  await engine.stop()
  await database.stop()
})

const done = { status: 'done', result: 'ordered' }
/** Begun by a process that died in it: neither the guard nor the engine begins it again. */
const inDoubt = { status: 'denied', code: 'unknown_outcome' }

test.runIf(process.env.RESTATE_HOME).each<[Moment, string, object]>([
  ['asked', 'while the person is asked', done],
  ['answered', 'between the answer and its record', done],
  ['approved', 'between the approval and the call', done],
  ['body', 'in the body', inDoubt],
])(
  'killed when %s (%s): the engine calls again, and there is one order',
  async (moment, _, expected) => {
    const directory = mkdtempSync(join(tmpdir(), 'behalf-durable-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const { count } = journal(directory)
    const port = await freePort()
    const target = { postgres: 'pg', port: database.port, prefix: `restate-${moment}` }
    const start = async (dies: Moment | 'never') => {
      const child = forkScript(new URL('./worker.ts', import.meta.url), [target, directory, port, dies])
      onTestFinished(() => killChild(child))
      await once(child, 'message')
      return child
    }
    const first = await start(moment)
    await engine.register(port)
    const ended = engine.call('agent', 'order', { amount: 7 })
    await vi.waitFor(() => expect(count('asked', 'Pay 7')).toBe(1), { timeout: 30_000 })
    const death = once(first, 'exit')
    if (moment === 'asked') await killChild(first)
    writeFileSync(join(directory, 'yes'), '')
    await death
    await start('never')
    expect(await ended).toEqual(expected)
    expect([count('asked', 'Pay 7'), count('lost', 'Pay 7'), count('ran', '7')]).toEqual([1, 0, 1])
  },
  240_000,
)
