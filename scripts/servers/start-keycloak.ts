import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { runTool } from '../gates/run-tool.ts'
import { ownFolder, type RunningServer, runServer } from './run-server.ts'

/** Version of Keycloak. It needs Java 17 or newer. */
export const KEYCLOAK_VERSION = '26.7.3'

/** SHA-256 of the distribution that Maven downloads. */
const CHECKSUM = '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f'
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`
/** All preview features, and the experimental ones that concern agents. */
const FEATURES = [
  ...['preview', 'cimd', 'identity-assertion-jwt', 'resource-indicators'],
  // The second feature requires the first.
  ...['parameterized-scopes', 'token-exchange-delegation'],
].join()

/**
 * Maximum time of a build, in milliseconds. A build and a start take a minute each on a busy machine with two cores.
 */
const BUILD_MS = 600_000
const START_SECONDS = 600
/** Address at which the live suite simulates the person's device. Keycloak needs it at its start. */
const CIBA_CHANNEL = 'http://127.0.0.1:8181/ciba'

const folder = () => join(tmpdir(), `behalf-keycloak-${KEYCLOAK_VERSION}`)
/**
 * Returns a key and certificate of this machine that Keycloak trusts. With them, a suite serves a document over https.
 */
export const trustedKeys = () => ({ path: join(folder(), 'trusted.p12'), passphrase: 'a-password' })
const certificate = () => join(folder(), 'trusted.pem')

/**
 * Downloads Keycloak's distribution with Maven and builds it with its preview features, once for each version, outside
 * the clone. Starts it on loopback with an empty database in memory. Its administrator is `admin`, with the same
 * password.
 *
 * @returns The reason of a failure, in words: Java or Maven is missing, or Keycloak does not start.
 */
export async function startKeycloak(port: number): Promise<RunningServer | string> {
  const home = join(folder(), `keycloak-${KEYCLOAK_VERSION}`)
  const program = join(home, 'bin', 'kc.sh')
  // Written last: if it is missing, the files here may be incomplete.
  const note = join(folder(), 'built-features')
  const built = await readFile(note, 'utf8').catch(() => undefined)
  const problem =
    (await ownFolder(folder())) ??
    (built === undefined ? await bring(folder(), home) : undefined) ??
    (built === FEATURES ? undefined : await build(program, note))
  if (problem !== undefined) return problem
  console.log(`starting Keycloak ${KEYCLOAK_VERSION}, which takes up to a minute`)
  const channel = 'spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri'
  const running = await runServer({
    command: 'sh',
    args: [
      ...[program, 'start', '--optimized', '--cache=local', '--hostname-strict=false'],
      `--truststore-paths=${certificate()}`,
      ...['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`, `--${channel}=${CIBA_CHANNEL}`],
    ],
    env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin' },
    url: `http://127.0.0.1:${port}`,
    probe: '/realms/master',
    startSeconds: START_SECONDS,
    probeMs: 500,
  })
  return running ?? `Keycloak ${KEYCLOAK_VERSION} does not answer`
}

/** Downloads the distribution, compares its checksum, and unpacks it. */
async function bring(into: string, home: string): Promise<string | undefined> {
  const java = await runTool('java', ['-version'])
  if (java.code !== 0) return 'there is no Java to run Keycloak with'
  if (Number(/version "(\d+)/.exec(java.output)?.[1] ?? 17) < 17) return 'Keycloak needs Java 17 or newer'
  if ((await runTool('mvn', ['--version'])).code !== 0) return 'there is no Maven to bring Keycloak with'
  console.log(`bringing Keycloak ${KEYCLOAK_VERSION} (177 MB), which takes a minute the first time`)
  const failed = await maven('copy', into)
  if (failed !== undefined) return failed
  const archive = join(into, `keycloak-quarkus-dist-${KEYCLOAK_VERSION}.zip`)
  const checksum = await checksumOf(archive)
  await rm(archive)
  if (checksum !== CHECKSUM) return `Maven brings another Keycloak than expected: its SHA-256 is ${checksum}`
  await rm(home, { recursive: true, force: true })
  return (await maven('unpack', into)) ?? (await makeKeys())
}

async function maven(goal: 'copy' | 'unpack', into: string): Promise<string | undefined> {
  const made = await runTool(
    'mvn',
    [
      ...['--batch-mode', '--quiet', `org.apache.maven.plugins:maven-dependency-plugin:3.6.1:${goal}`],
      ...[`-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${into}`],
    ],
    // Without a project, Maven keeps notes in a folder that is literally called ${project.basedir}, in the current
    // directory.
    { cwd: into },
  )
  return made.code === 0 ? undefined : `Maven does not bring Keycloak: ${made.output.trim().split('\n').at(-1)}`
}

async function makeKeys(): Promise<string | undefined> {
  const { path, passphrase } = trustedKeys()
  await rm(path, { force: true })
  const store = ['-keystore', path, '-storepass', passphrase, '-alias', 'trusted']
  const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '3650']
  for (const args of [
    ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...store, ...subject],
    ['-exportcert', '-rfc', '-file', certificate(), ...store],
  ]) {
    const { code, output } = await runTool('keytool', args)
    if (code !== 0) return `keytool makes no certificate: ${output.trim().split('\n').at(-1)}`
  }
  return undefined
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Builds once for these features: a start of the built server takes a third of the time. */
async function build(program: string, note: string): Promise<string | undefined> {
  console.log(`building Keycloak ${KEYCLOAK_VERSION}, which takes a minute the first time`)
  const made = await runTool('sh', [program, 'build', '--db=dev-mem', `--features=${FEATURES}`], {
    timeoutMs: BUILD_MS,
  })
  if (made.code !== 0) return `Keycloak does not build: ${made.output.trim().split('\n').at(-1)}`
  await writeFile(note, FEATURES)
  return undefined
}
