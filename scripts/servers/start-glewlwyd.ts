import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { runTool } from '../gates/run-tool.ts'
import { bringOnce, checksums } from './bring-once.ts'
import { type RunningServer, runServer } from './run-server.ts'

export const GLEWLWYD_VERSION = '2.7.5'

const PACKAGE = 'glewlwyd=2.7.5-3+deb12u1'
const START_SECONDS = 20

/**
 * Packages of Debian 12 on amd64 with the server itself. For other packages, such as clients of databases, only
 * Debian's signature is checked: their versions change with each security update.
 */
const pinned: Readonly<Record<string, string>> = {
  'glewlwyd_2.7.5-3+deb12u1_amd64.deb': 'b74504fbd408453ba629ee5bb99975b4361ca161ead068304e5d5a66ceec3f6a',
  'libconfig9_1.5-0.4_amd64.deb': '3e41fa915bacbedfc3ac1550a2ccd2f1675b37e76d727faefa2b083e7ae53f54',
  'libhoel1.4_1.4.27-1_amd64.deb': 'b54ee180a59f9cefd1a3eb94b3e05e765d3327a3ca033d0ac94c052bc497f530',
  'libiddawc1.1_1.1.8-1_amd64.deb': '7586ed1d645f89015dc27fb074959916d38a21ca5a7b8d7d5e247e3d97e21278',
  'libmicrohttpd12_0.9.75-6_amd64.deb': 'bc48c3d32cfb9b188e3bdd080554143ec6253ea68dc2d7f239aa32d27a6aa792',
  'liborcania2.3_2.3.2-1_amd64.deb': 'c0da3e5a88a80740665ac9a35bd4c4e66813ed22cab7a88622701ed11004bef8',
  'librhonabwy1.1_1.1.11-1_amd64.deb': '4ba0f340e224536ebfcdc088e7461b9c5d162132ab5698a5eaaca110011fe7d7',
  'libulfius2.7_2.7.13-1_amd64.deb': 'fb15f5dfccc702bb8049360e25b926bcd117fe022f47680d5a7541c13e7550ea',
  'libyder2.0_1.4.19-1_amd64.deb': 'ee37dae5297e54c6093d6abdc1260ef4e381a013918657d9bbe913b8238833c2',
}

/**
 * Downloads Glewlwyd's packages with apt, once, and unpacks them outside the clone without installing them. Starts the
 * server on loopback with an empty database. Its administrator is `admin`, with the password `password`.
 *
 * @returns The reason of a failure, in words: this is not Debian 12 on amd64, or the server does not start.
 */
export async function startGlewlwyd(port: number): Promise<RunningServer | string> {
  const home = join(tmpdir(), `behalf-glewlwyd-${GLEWLWYD_VERSION}`)
  const problem = await bringOnce(home, 'root', unpack)
  if (problem !== undefined) return problem
  const root = join(home, 'root')
  const run = join(home, `run-${port}`)
  const url = `http://127.0.0.1:${port}`
  await rm(run, { recursive: true, force: true })
  await mkdir(run)
  await createDatabase(root, run)
  const settings = join(run, 'glewlwyd.conf')
  await writeFile(settings, settingsOf({ root, run, port, url }))
  const running = await runServer({
    command: join(root, 'usr/bin/glewlwyd'),
    args: [`--config-file=${settings}`],
    env: { ...process.env, LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') },
    url,
    probe: '/config',
    startSeconds: START_SECONDS,
    probeMs: 100,
  })
  return running ?? `Glewlwyd ${GLEWLWYD_VERSION} does not answer; its log is in ${run}`
}

async function unpack(folder: string): Promise<string | undefined> {
  console.log(`bringing Glewlwyd ${GLEWLWYD_VERSION} by apt, which takes half a minute the first time`)
  const apt = join(folder, 'apt')
  const archives = join(apt, 'cache', 'archives')
  const problem = (await download(apt, archives)) ?? checkPinned(await checksums(archives))
  if (problem !== undefined) return problem
  for (const name of (await readdir(archives)).filter((each) => each.endsWith('.deb'))) {
    const made = await runTool('dpkg', ['-x', join(archives, name), folder])
    if (made.code !== 0) return `${name} does not unpack: ${lastLine(made.output)}`
  }
  await rm(apt, { recursive: true })
  return undefined
}

/** Downloads into a private folder. It needs no root, and changes nothing else on the machine. */
async function download(apt: string, archives: string): Promise<string | undefined> {
  for (const each of [join(apt, 'lists'), archives]) await mkdir(join(each, 'partial'), { recursive: true })
  const settings = [`Dir::State::lists=${apt}/lists`, `Dir::Cache=${apt}/cache`, 'Debug::NoLocking=1']
  const options = ['-q', '-y', ...settings.flatMap((setting) => ['-o', setting])]
  for (const command of [['update'], ['install', '--download-only', '--no-install-recommends', PACKAGE]]) {
    const made = await runTool('apt-get', [...options, ...command])
    if (made.code !== 0) return `apt does not bring Glewlwyd, a package of Debian 12: ${lastLine(made.output)}`
  }
  return undefined
}

function checkPinned(found: ReadonlyMap<string, string>): string | undefined {
  for (const [name, checksum] of Object.entries(pinned)) {
    const other = found.get(name)
    if (other === undefined && name.startsWith('glewlwyd_')) return `apt did not bring ${name}`
    if (other !== undefined && other !== checksum) return `${name} has another checksum, ${other}`
  }
  return undefined
}

async function createDatabase(root: string, run: string): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite')
  const schema = await readFile(join(root, 'usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz'))
  const database = new DatabaseSync(join(run, 'glewlwyd.db'))
  database.exec(gunzipSync(schema).toString())
  database.close()
}

function settingsOf(where: {
  readonly root: string
  readonly run: string
  readonly port: number
  readonly url: string
}) {
  const modules = join(where.root, 'usr/lib/glewlwyd')
  return `port=${where.port}
bind_address="127.0.0.1"
external_url="${where.url}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="DEBUG"
log_file="${where.run}/glewlwyd.log"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=86400
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${modules}/user"
user_middleware_module_path="${modules}/user_middleware"
client_module_path="${modules}/client"
user_auth_scheme_module_path="${modules}/scheme"
plugin_module_path="${modules}/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "${where.run}/glewlwyd.db"; };
`
}

const lastLine = (output: string) => output.trim().split('\n').at(-1)
