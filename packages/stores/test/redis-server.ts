import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { killChild, ownChild } from './children.ts'
import { freePort } from './free-port.ts'

/** Whether the machine has one. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0

/** What each is tested with; nothing where there is no server, so that one skipped test stands for all and says why. */
export const withRedisServer = <Case>(cases: readonly Case[]): readonly Case[] => (hasRedisServer ? cases : [])

/** Said of a test that is skipped without one. */
export const redisServerMissing = 'needs redis-server: apt-get install -y redis-server'

/** A real redis-server on a free loopback port. */
export interface RedisServer {
  readonly port: number
  /** SIGKILL, and another process on the same port and data. */
  restart(): Promise<void>
  /** It stands still for so long, with all that is on its way to it. Milliseconds. */
  pause(milliseconds: number): Promise<void>
  stop(): Promise<void>
  /** Lets this process end while the server runs; it ends with the process. */
  unref(): void
}

/**
 * @param options.durable - Every write on disk before it is answered. @default false: nothing is kept
 * @param options.cluster - A cluster of this one node. @default false
 * @param options.owned - A cluster's node owns all slots. @default true
 * @param options.settings - Further arguments of the server.
 */
export async function startRedisServer({
  durable = false,
  cluster = false,
  owned = true,
  settings = [] as readonly string[],
} = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-redis-'))
  const port = await freePort()
  const persistence = durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  const args = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    directory,
    ...persistence,
    ...settings,
  ]
  if (cluster)
    args.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', `${await freePort()}`)
  let child = await start(args, port)
  if (cluster && owned) {
    spawnSync('redis-cli', ['-p', `${port}`, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383'])
    await untilUp(port)
  }
  return {
    port,
    async restart() {
      await killChild(child)
      child = await start(args, port)
    },
    async pause(milliseconds) {
      child.kill('SIGSTOP')
      await wait(milliseconds)
      child.kill('SIGCONT')
    },
    async stop() {
      await killChild(child)
      rmSync(directory, { recursive: true })
    },
    unref() {
      child.unref()
      process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
    },
  }
}

async function start(args: readonly string[], port: number): Promise<ChildProcess> {
  const child = ownChild(spawn('redis-server', args, { stdio: 'ignore' }))
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    if (await pings(port)) return child
    await wait(25)
  }
  await killChild(child)
  throw new Error('redis-server does not answer')
}

/** A cluster serves a moment after it has its slots. */
async function untilUp(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { stdout } = spawnSync('redis-cli', ['-p', `${port}`, 'CLUSTER', 'INFO'], { encoding: 'utf8' })
    if (stdout.includes('cluster_state:ok')) return
    await wait(25)
  }
  throw new Error('the cluster does not come up')
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')))
    socket.once('error', () => end(false))
  })
}
