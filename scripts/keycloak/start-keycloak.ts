import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runTool } from '../gates/run-tool.ts'

/** The last line of releases that runs on Java 17. */
export const KEYCLOAK_VERSION = '26.4.7'

const START_SECONDS = 180
/** Where the live suite plays the person's device. Keycloak has to know it from the start. */
export const CIBA_CHANNEL = 'http://127.0.0.1:8181/ciba'

/** A Keycloak of our own, in development mode. Its administrator is `admin`, with the same password. */
export interface Keycloak {
  readonly url: string
  /** Resolves when the process has ended. */
  stop(): Promise<void>
}

/**
 * Brings Keycloak's distribution by Maven, once a version, outside the clone, and starts it on loopback.
 *
 * @returns why not, in words, where there is no Java or no Maven, or it does not start
 */
export async function startKeycloak(port: number): Promise<Keycloak | string> {
  const folder = join(tmpdir(), `behalf-keycloak-${KEYCLOAK_VERSION}`)
  const home = join(folder, `keycloak-${KEYCLOAK_VERSION}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // A temporary folder is everybody's: what another user laid under this name is not run.
  if ((await stat(folder)).uid !== process.getuid?.()) return `${folder} belongs to another user`
  const problem = existsSync(join(home, 'bin', 'kc.sh')) ? undefined : await unpack(folder)
  if (problem !== undefined) return problem
  const url = `http://127.0.0.1:${port}`
  const channel = 'spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri'
  const child = spawn(
    'sh',
    [
      join(home, 'bin', 'kc.sh'),
      ...['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`, `--${channel}=${CIBA_CHANNEL}`],
    ],
    {
      stdio: 'ignore',
      env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
    },
  )
  const end = () => child.kill()
  process.once('exit', end)
  const stop = async () => {
    process.off('exit', end)
    await ended(child)
  }
  if (await answers(url, child)) return { url, stop }
  await stop()
  return `Keycloak ${KEYCLOAK_VERSION} does not answer`
}

async function unpack(folder: string): Promise<string | undefined> {
  if ((await runTool('java', ['-version'])).code !== 0) return 'there is no Java to run Keycloak with'
  if ((await runTool('mvn', ['--version'])).code !== 0) return 'there is no Maven to bring Keycloak with'
  console.log(`bringing Keycloak ${KEYCLOAK_VERSION}, which takes a minute the first time`)
  const made = await runTool(
    'mvn',
    [
      ...['--batch-mode', '--quiet', 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack'],
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`,
      `-DoutputDirectory=${folder}`,
    ],
    // Without a project it keeps notes in a folder that is literally called ${project.basedir}, wherever it was started.
    { cwd: folder },
  )
  return made.code === 0 ? undefined : `Maven does not bring Keycloak: ${made.output.trim().split('\n').at(-1)}`
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + START_SECONDS * 1000
  while (Date.now() < until && child.exitCode === null) {
    const response = await fetch(`${url}/realms/master`).catch(() => undefined)
    if (response?.ok === true) return true
    await wait(500)
  }
  return false
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill()
  await gone
}
