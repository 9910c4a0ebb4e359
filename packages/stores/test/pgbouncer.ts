import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { killChild, ownChild } from './children.ts'
import { freePort } from './free-port.ts'
import { userOfServer } from './postgres-server.ts'

/** Debian puts it where only root's path leads. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

/** Whether the machine has one. */
export const hasPgBouncer = spawnSync('pgbouncer', ['--version'], { env }).status === 0

/** Said of a test that is skipped without one. */
export const pgBouncerMissing = 'needs pgbouncer: apt-get install -y pgbouncer'

export interface PgBouncer {
  readonly port: number
  stop(): Promise<void>
}

/**
 * A real pooler in transaction mode, before a server. Each of its clients shares two connections with all the others, so
 * that a client hardly ever gets the same one twice.
 */
export async function startPgBouncer(server: number): Promise<PgBouncer> {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-pgbouncer-'))
  const file = join(directory, 'pgbouncer.ini')
  const port = await freePort()
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 2,
    max_client_conn: 500,
    server_round_robin: 1,
    server_login_retry: 1,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const database = `host=127.0.0.1 port=${server} user=postgres`
  writeFileSync(file, `[databases]\npostgres = ${database}\n[pgbouncer]\n${lines.join('\n')}\n`)
  // It refuses to run as root too.
  const user = userOfServer()
  if (user !== undefined) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, directory])
  const child = ownChild(spawn('pgbouncer', [file], { ...user, env, cwd: directory, stdio: 'ignore' }))
  for (let tries = 0; !(await accepts(port)); tries++) {
    if (child.exitCode !== null || tries === 200) throw new Error('pgbouncer does not start')
    await wait(25)
  }
  return {
    port,
    async stop() {
      await killChild(child)
      rmSync(directory, { recursive: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
