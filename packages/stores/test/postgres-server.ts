import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ownChild } from './children.ts'
import { freePort } from './free-port.ts'

/** Where Debian and Ubuntu put the programs of each version; few of them are on the path. */
const DEBIAN = '/usr/lib/postgresql'

/** The folder of the programs, of the newest version where there are several. */
function findPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((folder) =>
    ['initdb', 'postgres', 'pg_basebackup'].every((name) => existsSync(join(folder, name))),
  )
}

const programs = findPrograms()

/** Whether the machine has one. */
export const hasPostgresServer = programs !== undefined

/** What each is tested with; nothing where there is no server, so that one skipped test stands for all and says why. */
export const withPostgresServer = <Case>(cases: readonly Case[]): readonly Case[] => (hasPostgresServer ? cases : [])

/** Said of a test that is skipped without one. */
export const postgresServerMissing = 'needs initdb: apt-get install -y postgresql'

/** PostgreSQL refuses to run as root. Its own user, or the one that owns nothing. */
export function userOfServer(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' })
    return status === 0 ? Number(stdout) : 65534
  }
  return { uid: id('-u'), gid: id('-g') }
}

/** A real server on a free loopback port, with one database and a user that may do everything: `postgres`. */
export interface PostgresServer {
  readonly port: number
  /** SIGKILL of the server with all of its processes. */
  kill(): Promise<void>
  /** The same, and another one on the same port and data. */
  restart(): Promise<void>
  /** It stands still for so long, with all that is on its way to it. Milliseconds. */
  pause(milliseconds: number): Promise<void>
  stop(): Promise<void>
  /** Lets this process end while the server runs; it ends with the process. */
  unref(): void
}

/** Only a machine that crashes forgets what was not brought to the disk; a killed process does not. */
const QUICK = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off', shared_buffers: '16MB' }

/**
 * @param options.durable - Every write on disk before it is answered. @default false
 * @param options.settings - Of the server.
 * @param options.standbyOf - The port of a server that it copies, and follows.
 */
export async function startPostgresServer({
  durable = false,
  settings = {} as Readonly<Record<string, string>>,
  standbyOf = 0,
} = {}): Promise<PostgresServer> {
  if (programs === undefined) throw new Error(postgresServerMissing)
  const directory = mkdtempSync(join(tmpdir(), 'behalf-postgres-'))
  const user = userOfServer()
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  const as = { ...user, cwd: directory, stdio: 'ignore' as const }
  const make =
    standbyOf === 0
      ? (['initdb', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'] as const)
      : ([
          'pg_basebackup',
          '-R',
          '--no-sync',
          '-c',
          'fast',
          '-h',
          '127.0.0.1',
          '-p',
          `${standbyOf}`,
          '-U',
          'postgres',
        ] as const)
  execFileSync(join(programs, make[0]), [...make.slice(1), '-D', data], as)
  const port = await freePort()
  const all = {
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    unix_socket_directories: '',
    ...(!durable && QUICK),
    ...settings,
  }
  const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const begin = () => ownChild(spawn(join(programs, 'postgres'), args, as))
  const start = async (): Promise<ChildProcess> => {
    let child = begin()
    for (let tries = 0; tries < 400; tries++) {
      // A process of the one before still ends, and keeps the memory that they shared.
      if (child.exitCode !== null) child = begin()
      if (isReady(join(data, 'postmaster.pid'), child.pid)) return child
      await wait(25)
    }
    throw new Error('postgres does not start')
  }
  let child = await start()
  const signal = (name: NodeJS.Signals) => {
    for (const one of family(child.pid ?? 0)) {
      try {
        process.kill(one, name)
      } catch {
        // It ended by itself.
      }
    }
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    signal('SIGKILL')
    await ended
  }
  return {
    port,
    kill,
    async restart() {
      await kill()
      child = await start()
    },
    async pause(milliseconds) {
      signal('SIGSTOP')
      await wait(milliseconds)
      signal('SIGCONT')
    },
    async stop() {
      await kill()
      rmSync(directory, { recursive: true, maxRetries: 5, retryDelay: 100 })
    },
    unref() {
      child.unref()
      process.once('exit', () => {
        signal('SIGKILL')
        rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
      })
    },
  }
}

/** The last line of this file is the state of the server that wrote its process id into the first one. */
function isReady(file: string, pid: number | undefined): boolean {
  if (!existsSync(file)) return false
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines[0] === `${pid}` && lines.at(-1)?.trim() === 'ready'
}

/** The server and its processes: it makes one for each connection. */
function family(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
  return [
    pid,
    ...stdout
      .split('\n')
      .map(Number)
      .filter((one) => one > 0),
  ]
}
