import { isSamePrincipal, type UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { SingleFlight } from '../../base/process/async.ts'
import { namesOf, refuseUnknownKeys, scopeList } from '../../base/values/index.ts'
import { checkAudience } from '../../identity/verify-access-token.ts'
import type { SubjectAnswer, SubjectTokenSource } from '../../identity/verify-request.ts'
import { authorizationServers } from '../../oauth/authorization-servers.ts'
import { allowInsecureLoopback, type Profile, requireProfile } from '../../oauth/profiles/profile.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { type RequestOptions, type SurroundingsOptions, surroundingKeys, surroundingsOf } from '../../oauth/server.ts'
import { revokeTokens } from '../../oauth/tokens/release-token.ts'
import { isUnreadable, keyBytes } from '../../records/index.ts'
import { identityOfLogin, isFresh, loginOfResponse, type StoredSession } from '../session-login.ts'
import { currentLogin, forgetAtServer, hasEnded, withoutRenewal } from '../session-renewal.ts'
import { codeOf, type DevicePrompt, pollDevice } from './device-authorization.ts'
import { keptFile, type LoginFile, type LoginKey } from './kept-file.ts'

/** Settings of every device login, wherever the login is stored. */
export interface DeviceLoginSettings extends SurroundingsOptions {
  /** Issuer of the login, and our client there: usually a public one. */
  readonly authorizationServer: Profile
  /** Shows the person address and code. If it throws, the login ends. */
  readonly show: (prompt: DevicePrompt) => void | Promise<void>
  /** Scopes to request. @default openid, offline_access */
  readonly scopes?: readonly string[] | undefined
  /**
   * API that the tokens are for. Then the access token names the user. A stored login for another API is
   * `login_required`.
   * @default none: the id_token names the user
   */
  readonly resource?: string | undefined
  /**
   * Key that seals the login: 32 bytes from the app, or a function that gets them from the system's key chain.
   * @default the login is stored unsealed, and `keeps` says so
   */
  readonly key?: LoginKey | undefined
}

export interface DeviceLoginParts extends DeviceLoginSettings {
  readonly file: LoginFile
}

/** Outcome of `login`. */
export type DeviceLoginOutcome =
  | { readonly status: 'verified'; readonly identity: UserIdentity }
  | { readonly status: 'denied' | 'expired' }

/**
 * Login of a command-line agent: a subject token source that gets its token when a person logs in.
 *
 * It reports one person. If another person logs in on this device by another process, it reports `login_required` until
 * `login` or `logout` of this object is called.
 */
export interface DeviceLogin extends SubjectTokenSource {
  /** Whether the stored login is encrypted. Anyone who reads an unsealed file has the login. */
  readonly keeps: 'sealed' | 'unsealed'
  /** Path at which the login is stored. */
  readonly path: string
  /**
   * Returns the identity of a stored login. Without a stored login, shows a code and waits until the person has answered or
   * the code has expired. Replaces a stored login that is damaged or whose key is missing.
   */
  login(options?: Pick<RequestOptions, 'signal'>): Promise<DeviceLoginOutcome>
  /**
   * Deletes the login here, and revokes its refresh token at the server if possible. Keeps a login of another person,
   * who logged in by another process after this one.
   */
  logout(): Promise<void>
}

const settingKeys = namesOf<DeviceLoginSettings>(
  'authorizationServer',
  'show',
  'scopes',
  'resource',
  'key',
  ...surroundingKeys,
)

/** Time before a token expires at which it is renewed, in seconds; less for short-lived tokens. */
const REFRESH_BEFORE = 60

/**
 * Time for an answer, in seconds. A process that was stopped, such as by Ctrl-Z, loses its turn after five seconds and
 * may continue.
 */
const ANSWER_SECONDS = 60

/**
 * Sets up the login of an agent without a browser (RFC 8628), kept in `file`. Makes no request.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628 | RFC 8628}
 */
export function createDeviceLogin(options: DeviceLoginParts): DeviceLogin {
  refuseUnknownKeys('deviceLogin', options, [...settingKeys, 'file'])
  const { show, file } = options
  const profile = requireProfile('deviceLogin.authorizationServer', options.authorizationServer)
  if (typeof show !== 'function') throw new ConfigurationError('deviceLogin.show', 'give a function')
  if (profile.dpop !== undefined && !profile.dpop.importable) {
    throw new ConfigurationError(
      'deviceLogin.authorizationServer.dpop',
      'the stored login is bound: give a key of importDpopKey',
    )
  }
  // Copied now: its owner may wipe these bytes before the first login, which would be sealed by zeros.
  const { key: given } = options
  const key = given === undefined || typeof given === 'function' ? given : keyBytes('deviceLogin.key', given)
  const scopes = scopeList('deviceLogin.scopes', options.scopes ?? ['openid', 'offline_access'])
  const audience = options.resource === undefined ? undefined : checkAudience('deviceLogin.resource', options.resource)
  const surroundings = surroundingsOf('deviceLogin', options)
  const { clock, timeoutMs } = surroundings
  const servers = authorizationServers(profile, surroundings)
  const server = servers.of(profile.issuer)
  const kept = keptFile(file, key, profile, { servers, clock, audience })
  const context = { servers, clock, isSealed: kept.keeps === 'sealed' }
  const flights = new SingleFlight<StoredSession | undefined>()
  const target = targetOf(profile, options.resource)
  /** The user whom this process reported. The file is shared, so another person's login in it is not reported here. */
  let loggedIn: UserIdentity | undefined

  async function identity({ signal, timeoutMs: limit = timeoutMs }: RequestOptions = {}): Promise<SubjectAnswer> {
    const work = (ending: AbortSignal) =>
      currentLogin(kept, {
        ...context,
        answerSeconds: ANSWER_SECONDS,
        signal: ending,
        isFresh: (login) => isFresh(login, REFRESH_BEFORE, clock.now() / 1000),
      })
    const login = await withinDeadline({ timeoutMs: limit, signal }, () => flights.run('login', work)).catch(
      (error: unknown) => withoutRenewal(kept, error, { clock }),
    )
    if (login === undefined || hasEnded(login, { clock })) {
      return { status: 'login_required', detail: 'no valid login on this device' }
    }
    if (loggedIn !== undefined && !isSamePrincipal(login.identity, loggedIn)) {
      return { status: 'login_required', detail: 'another person logged in on this device meanwhile' }
    }
    loggedIn = login.identity
    return { status: 'verified', identity: identityOfLogin(login) }
  }

  /**
   * Treats a login that can never be opened as absent: the next login replaces it. If no key is configured, `wrong_key`
   * stays an error: the key may only be missing here.
   */
  function unlessDamaged(error: unknown): SubjectAnswer {
    const reason = isUnreadable(error) ? error.reason : undefined
    const isDamaged = reason === 'corrupt' || reason === 'moved' || (reason === 'wrong_key' && key !== undefined)
    if (!isDamaged) throw error
    return { status: 'login_required', detail: 'the stored login does not open' }
  }

  return {
    keeps: kept.keeps,
    path: file.path,
    identity,
    async login({ signal } = {}) {
      const known = await identity({ signal }).catch(unlessDamaged)
      if (known.status === 'verified') return known
      const authorization = await server.requestDeviceAuthorization({ scope: scopes.join(' '), ...target }, { signal })
      const allowLoopback = profile[allowInsecureLoopback] === true
      const code = codeOf(authorization, { now: clock.now() / 1000, allowLoopback })
      await show({ ...code, keeps: kept.keeps, path: file.path })
      const answer = await pollDevice(server, authorization, { clock, signal, resource: target })
      if (answer.status !== 'approved') return { status: answer.status }
      const asked = { issuer: profile.issuer, audience, receivedAt: clock.now() / 1000 }
      const keep = async () => {
        const login = await loginOfResponse(answer.response, asked, { servers, clock })
        return { login, replaced: await kept.keep(login) }
      }
      const { login, replaced } = await keep().catch(async (error: unknown) => {
        // These tokens are stored nowhere.
        await revokeTokens(servers, profile.issuer, answer.response)
        throw error
      })
      loggedIn = login.identity
      // One person's logins may share a grant, which a revocation could end.
      if (replaced !== undefined && !isSamePrincipal(replaced.identity, login.identity)) {
        await forgetAtServer(replaced, { servers })
      }
      return { status: 'verified', identity: identityOfLogin(login) }
    },
    async logout() {
      const login = await kept.forget(loggedIn)
      loggedIn = undefined
      // A renewal that began before may still return the login.
      flights.forget('login')
      if (login !== undefined) await forgetAtServer(login, { servers })
    },
  }
}

function targetOf(profile: Profile, resource: string | undefined): Readonly<Record<string, string>> {
  return resource === undefined || profile.target === 'scope' ? {} : { [profile.target]: resource }
}
