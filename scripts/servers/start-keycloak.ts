import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../gates/run-tool.ts'
import { ownFolder, type RunningServer, runServer } from './run-server.ts'

/** The last line of releases that runs on Java 17. */
export const KEYCLOAK_VERSION = '26.4.7'

const START_SECONDS = 180
/** Where the live suite plays the person's device. Keycloak has to know it from the start. */
const CIBA_CHANNEL = 'http://127.0.0.1:8181/ciba'

/**
 * Brings Keycloak's distribution by Maven, once a version, outside the clone, and starts it on loopback, in
 * development mode. Its administrator is `admin`, with the same password.
 *
 * @returns why not, in words, where there is no Java or no Maven, or it does not start
 */
export async function startKeycloak(port: number): Promise<RunningServer | string> {
  const folder = join(tmpdir(), `behalf-keycloak-${KEYCLOAK_VERSION}`)
  const home = join(folder, `keycloak-${KEYCLOAK_VERSION}`)
  const program = join(home, 'bin', 'kc.sh')
  const problem = (await ownFolder(folder)) ?? (existsSync(program) ? undefined : await unpack(folder))
  if (problem !== undefined) return problem
  const channel = 'spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri'
  const running = await runServer({
    command: 'sh',
    args: [
      program,
      ...['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`, `--${channel}=${CIBA_CHANNEL}`],
    ],
    env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
    url: `http://127.0.0.1:${port}`,
    probe: '/realms/master',
    startSeconds: START_SECONDS,
    probeMs: 500,
  })
  return running ?? `Keycloak ${KEYCLOAK_VERSION} does not answer`
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
