import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { killChild, ownChild } from './children.ts'
import { freePort } from './free-port.ts'

/** What the sentinels call the primary that they watch. */
export const WATCHED = 'behalf'

export interface Sentinels {
  readonly ports: readonly number[]
  /** The port of the server that they take for the primary. */
  primary(): number
  /** Waits until that is another one. */
  failedOver(from: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Three sentinels, two of which must agree, that fail over as soon as they may.
 *
 * @param port - Where they reach the primary.
 */
export async function startSentinels(port: number): Promise<Sentinels> {
  const started = await Promise.all([1, 2, 3].map(() => startSentinel(port)))
  const ports = started.map((one) => one.port)
  const ask = (...words: readonly string[]) =>
    spawnSync('redis-cli', ['-p', `${ports[0]}`, 'SENTINEL', ...words], { encoding: 'utf8' }).stdout
  const primary = () => Number(ask('GET-MASTER-ADDR-BY-NAME', WATCHED).split('\n')[1])
  const until = async (condition: () => boolean) => {
    for (let tries = 0; !condition(); tries++) {
      if (tries === 600) throw new Error('the sentinels do not agree')
      await wait(50)
    }
  }
  // They know each other, and the replica that they can promote.
  await until(() => {
    const state = ask('MASTER', WATCHED).split('\n')
    const value = (name: string) => state[state.indexOf(name) + 1]
    return (
      value('num-slaves') === '1' && value('num-other-sentinels') === '2' && ask('REPLICAS', WATCHED).includes('\nok')
    )
  })
  return {
    ports,
    primary,
    failedOver: (from) => until(() => primary() !== from),
    async stop() {
      for (const one of started) await one.stop()
    },
  }
}

async function startSentinel(watched: number) {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-sentinel-'))
  const port = await freePort()
  const file = join(directory, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor ${WATCHED} 127.0.0.1 ${watched} 2`,
    `sentinel down-after-milliseconds ${WATCHED} 500`,
    `sentinel failover-timeout ${WATCHED} 3000`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = ownChild(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }))
  return {
    port,
    async stop() {
      await killChild(child)
      rmSync(directory, { recursive: true })
    },
  }
}
