import { createHash } from 'node:crypto'
import { createDeviceLogin, type DeviceLogin, type DeviceLoginSettings } from './create-device-login.ts'
import { loginFile } from './login-file.node.ts'

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
