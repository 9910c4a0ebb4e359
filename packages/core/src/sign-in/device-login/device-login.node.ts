import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { homedir, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { BehalfError, ConfigurationError, StoreError } from '../../base/errors/index.ts'
import { createDeviceLogin, type DeviceLogin, type DeviceLoginSettings } from './create-device-login.ts'
import { absent, codeOf, takeTurn } from './file-lock.node.ts'
import type { LoginFile } from './kept-file.ts'

/** One word, so that the file stays in its folder. */
const plainName = /^[A-Za-z0-9][\w.-]{0,63}$/

/** Suffix that a writer appends to the name of an incomplete file. */
const unfinished = /^\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** The user's own folder for the configuration of programs. */
export function configurationFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (platform() === 'win32') return environment.APPDATA ?? join(homedir(), 'AppData', 'Roaming')
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Application Support')
  const { XDG_CONFIG_HOME: folder } = environment
  // Relative paths must be ignored (XDG Base Directory Specification).
  return folder?.startsWith('/') ? folder : join(homedir(), '.config')
}

/**
 * Opens a file in the user's configuration folder, for its owner only: mode 0600, in a folder of mode 0700.
 *
 * Refuses to read a file that others may read or write, and a symbolic link in place of the folder. On Windows, only
 * the folder's own rights protect it.
 *
 * @param name - Name of the login, if an application keeps several.
 * @throws ConfigurationError `application` is no plain name.
 */
export function loginFile(
  application: string,
  folder: string = configurationFolder(),
  name: string = 'login',
): LoginFile {
  if (typeof application !== 'string' || !plainName.test(application)) {
    throw new ConfigurationError('deviceLogin.application', 'give a plain name: letters, digits, dot, dash, underscore')
  }
  const path = join(folder, application, `${name}.json`)
  return {
    path,
    read: () => told(path, () => read(path)),
    write: (value) => told(path, () => replace(path, value)),
    remove: () => told(path, () => remove(path)),
    alone: (signal, work) => locked(path, 'login.renewals', signal, work),
    briefly: (work) => locked(path, 'login.changes', undefined, work),
  }
}

async function read(path: string): Promise<Uint8Array | undefined> {
  const handle = await open(path, 'r').catch(absent)
  if (handle === undefined) return undefined
  try {
    refuseOthers(path, await handle.stat())
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true })
  await removeUnfinished(path)
}

/** Removes files of writers that were killed: such a file contains a login. */
async function removeUnfinished(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  const names = (await readdir(folder).catch(absent)) ?? []
  const left = names.filter((one) => one.startsWith(name) && unfinished.test(one.slice(name.length)))
  await Promise.all(left.map((one) => rm(join(folder, one), { force: true })))
}

async function replace(path: string, value: Uint8Array): Promise<void> {
  await prepare(path)
  await removeUnfinished(path)
  const fresh = `${path}.${crypto.randomUUID()}`
  try {
    const handle = await open(fresh, 'wx', 0o600)
    try {
      await handle.writeFile(value)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(fresh, path)
  } catch (error) {
    // The disk may be full: the incomplete file contains a part of the login.
    await rm(fresh, { force: true }).catch(() => {})
    throw error
  }
}

/** Turns errors of the file system into errors of this SDK (E1). */
async function told<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    signal?.throwIfAborted()
    if (BehalfError.isInstance(cause)) throw cause
    throw new StoreError('unavailable', `${path} cannot be read or written: ${codeOf(cause)}`, { cause })
  }
}

async function prepare(path: string): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (platform() === 'win32') return
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    (error: unknown) => {
      const code = codeOf(error)
      if (code !== 'ELOOP' && code !== 'ENOTDIR') throw error
      throw new ConfigurationError(
        'deviceLogin.folder',
        `${folder} is not a folder of its own: put a folder there in place of the link, or name another \`folder\``,
      )
    },
  )
  try {
    await handle.chmod(0o700)
  } finally {
    await handle.close()
  }
}

function refuseOthers(path: string, { mode, uid }: { readonly mode: number; readonly uid: number }): void {
  if (platform() === 'win32') return
  if ((mode & 0o077) !== 0 || (process.getuid !== undefined && uid !== process.getuid())) {
    throw new ConfigurationError(
      'deviceLogin.file',
      `${path} is open to others: log out, or chmod 600 it if it is yours`,
    )
  }
}

async function locked<T>(
  path: string,
  name: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await told(path, () => prepare(path))
  const end = await told(path, () => takeTurn(join(dirname(path), name), signal), signal)
  try {
    return await work()
  } finally {
    await end()
  }
}

/** Options of {@link deviceLogin}. */
export interface DeviceLoginOptions extends DeviceLoginSettings {
  /** Names the folder within the user's configuration folder. */
  readonly application: string
  /** Folder to use in place of the user's configuration folder. */
  readonly folder?: string | undefined
}

/**
 * Makes the login of a command-line agent, stored in the user's own configuration folder for its owner only.
 *
 * `login()` shows a code and an address and waits for the person. `identity()` returns the stored login, renewed if
 * necessary, or `login_required`. `logout()` removes it, here and at the server. With a `key`, the file is sealed.
 * Without one, any reader of the file has the login: `keeps` is then `'unsealed'`, and the prompt says so. Each issuer
 * and client has its own file.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628 | RFC 8628}
 */
export function deviceLogin(options: DeviceLoginOptions): DeviceLogin {
  const { application, folder, ...settings } = options
  return createDeviceLogin({ ...settings, file: loginFile(application, folder, nameOf(settings.authorizationServer)) })
}

/**
 * Names the file. Two logins in one file would delete each other, and the refresh token of the replaced one would stay
 * valid.
 */
function nameOf(profile: Partial<DeviceLoginSettings['authorizationServer']> = {}): string {
  const place = JSON.stringify([profile.issuer, profile.clientId])
  return `login-${createHash('sha256').update(place).digest('hex').slice(0, 12)}`
}
