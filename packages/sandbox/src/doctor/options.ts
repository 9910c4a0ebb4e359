import { TestingError } from '@behalf/testing'

/** Feature that an agent may need besides a login. */
export type DoctorNeed = 'ciba' | 'token-exchange' | 'refresh' | 'device' | 'dpop' | 'introspection' | 'revocation'

export const NEEDS = [
  'ciba',
  'token-exchange',
  'refresh',
  'device',
  'dpop',
  'introspection',
  'revocation',
] as const satisfies readonly DoctorNeed[]

/** Options of {@link runDoctor}: an app's settings. */
export interface DoctorOptions {
  /** Issuer, exactly as the app has it. */
  readonly issuer: string
  /** Id of the app's client. @default the checks that need a client are not made */
  readonly clientId?: string
  /** Secret of the app's client. @default a public client */
  readonly clientSecret?: string
  /** Redirect URI of logins. @default scopes and audience are not tried */
  readonly redirectUri?: string
  /** Scopes that a login asks for. @default ['openid'] */
  readonly scopes?: readonly string[]
  /** The API that tokens are for. @default none */
  readonly audience?: string
  /** Parameter that names the audience. @default 'resource', and 'audience' at hosts of Auth0 and Okta */
  readonly target?: 'resource' | 'audience'
  /** Required features; others are only reported. @default ['ciba', 'token-exchange'] */
  readonly needs?: readonly DoctorNeed[]
  /** Each request, milliseconds. @default 10_000 */
  readonly timeoutMs?: number
}

const KEYS = ['issuer', 'clientId', 'clientSecret', 'redirectUri', 'scopes', 'audience', 'target', 'needs', 'timeoutMs']

/** @throws TestingError An option is unknown or wrong. */
export function checkDoctorOptions(options: DoctorOptions): void {
  const strange = Object.keys(options).filter((name) => !KEYS.includes(name))
  if (strange.length > 0) throw new TestingError(`doctor: unknown ${strange.join(', ')}; known are ${KEYS.join(', ')}`)
  if (!URL.canParse(options.issuer)) throw new TestingError('issuer: give a URL, such as https://login.example.com')
  const { username, password, search, hash } = new URL(options.issuer)
  // OpenID Connect Discovery §3; also, addresses are logged.
  if (username + password + search + hash !== '') {
    throw new TestingError('issuer: give it without user, password, query and fragment')
  }
  if (options.redirectUri !== undefined && !URL.canParse(options.redirectUri)) {
    throw new TestingError('redirectUri: give a URL, such as https://app.example.com/callback')
  }
  const unknownNeed = options.needs?.find((need) => !(NEEDS as readonly string[]).includes(need))
  if (unknownNeed !== undefined) {
    throw new TestingError(`needs: ${JSON.stringify(unknownNeed)} must be one of ${NEEDS.join(', ')}`)
  }
  if (options.clientSecret !== undefined && options.clientId === undefined) {
    throw new TestingError('clientId: give one with the secret')
  }
}
