import { copyFile, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { runTool } from '../gates/run-tool.ts'
import { bringOnce, checksums, sha256 } from './bring-once.ts'
import { type RunningServer, runServer } from './run-server.ts'

/**
 * Version of Spring Security, which contains Spring Authorization Server. `spring/pom.xml` names its version of Boot.
 */
export const SPRING_VERSION = '7.0.6'

/** SHA-256 of the list of all jars with their checksums. */
const JARS = '79c1daa1ce1c94ebd7f6c34bc5de2099e8f536427b361b63c40f01be9b074d94'
const START_SECONDS = 120
/** Address at which the live suite publishes the public key of the client with signed assertions. */
const CLIENT_KEYS = 'http://127.0.0.1:8182/jwks'

const sources = join(import.meta.dirname, 'spring')
const program = 'AuthorizationServer.java'

/**
 * Downloads Spring Authorization Server with Maven, once, outside the clone. Compiles the small program around it, and
 * starts it on loopback with an empty state.
 *
 * @returns The reason of a failure, in words: Java 17 or Maven is missing, or the server does not start.
 */
export async function startSpring(port: number): Promise<RunningServer | string> {
  const home = join(tmpdir(), `behalf-spring-${SPRING_VERSION}`)
  const written = await Promise.all(['pom.xml', program].map((name) => readFile(join(sources, name), 'utf8')))
  const name = `build-${sha256(written.join('')).slice(0, 12)}`
  const problem = await bringOnce(home, name, build)
  if (problem !== undefined) return problem
  const url = `http://127.0.0.1:${port}`
  const running = await runServer({
    command: 'java',
    args: [
      ...['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath(join(home, name))],
      ...[`-Dbehalf.issuer=${url}`, `-Dbehalf.jwks=${CLIENT_KEYS}`],
      ...['AuthorizationServer', '--server.address=127.0.0.1', `--server.port=${port}`],
    ],
    url,
    probe: '/.well-known/openid-configuration',
    startSeconds: START_SECONDS,
    probeMs: 250,
  })
  return running ?? `Spring Authorization Server ${SPRING_VERSION} does not answer`
}

async function build(folder: string): Promise<string | undefined> {
  const java = await runTool('javac', ['-version'])
  if (java.code !== 0 || Number(/javac (\d+)/.exec(java.output)?.[1]) < 17)
    return 'there is no JDK 17 to run Spring with'
  if ((await runTool('mvn', ['--version'])).code !== 0) return 'there is no Maven to bring Spring with'
  console.log(`bringing Spring Authorization Server ${SPRING_VERSION}, which takes half a minute the first time`)
  for (const name of ['pom.xml', program]) await copyFile(join(sources, name), join(folder, name))
  const brought = await runTool(
    'mvn',
    [
      ...['--batch-mode', '--quiet', 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'],
      `-DoutputDirectory=${join(folder, 'lib')}`,
    ],
    { cwd: folder },
  )
  if (brought.code !== 0) return `Maven does not bring Spring: ${lastLine(brought.output)}`
  const jars = [...(await checksums(join(folder, 'lib')))].map(([name, checksum]) => `${checksum}  ${name}\n`)
  const found = sha256(jars.join(''))
  if (found !== JARS) return `Maven brought other files, with the checksum ${found}`
  const compiled = await runTool('javac', ['-d', join(folder, 'classes'), '-cp', classPath(folder), program], {
    cwd: folder,
  })
  return compiled.code === 0 ? undefined : `the program around Spring does not compile: ${compiled.output.trim()}`
}

function classPath(folder: string): string {
  return [join(folder, 'classes'), join(folder, 'lib', '*')].join(delimiter)
}

const lastLine = (output: string) => output.trim().split('\n').at(-1)
