import { ConfigurationError } from '../../base/errors/index.ts'
import { type Clock, type Store, systemClock } from '../../base/ports.ts'
import { checkOptions, kinds, namesOf, needed, originList } from '../../base/values/index.ts'
import { type IdentityOf, type PresentUser, presenceIn, signedInUser } from '../../identity/present-user.ts'
import { isSameOrigin, refuse, respond } from '../../identity/requests.ts'
import type { StoreKeys } from '../../records/index.ts'
import { appUrl } from '../../sign-in/browser.ts'
import type { AccountLinker } from '../account-linker.ts'
import { changeAccount, completeConnect, startConnect } from './connect-flow.ts'
import { accountsPage, type ConnectedAccount, type ConnectParts, connectFault, noticePage } from './connect-page.ts'

/** Options of {@link connectAccounts}. */
export interface ConnectAccountsOptions {
  /** `accounts` of a `storedVault`, or `auth0ConnectedAccounts`. */
  readonly linker: AccountLinker
  /** Returns the signed-in user. */
  readonly identityOf: IdentityOf
  /** The guard's own store: it shows users whose access `guard.revoke` ended, who then count as signed out. */
  readonly store: Store
  /** The guard's own keys. @default none, for a memory store */
  readonly keys?: StoreKeys
  /**
   * Address of the handler, as browsers see it: `https://app.example.com/connections`. Register
   * `{baseUrl}/callback/{connection}` at each provider.
   */
  readonly baseUrl: string
  /** Origins whose pages may post here. @default that of `baseUrl` */
  readonly origins?: readonly string[]
  /** Called after an account was linked, so that waiting work can continue. Its failures change nothing. */
  readonly onConnected?: (connected: ConnectedAccount) => void | Promise<void>
  /** @default the system's */
  readonly clock?: Clock
}

const optionKeys = namesOf<ConnectAccountsOptions>(
  'linker',
  'store',
  'keys',
  'baseUrl',
  'origins',
  'onConnected',
  'clock',
)

/**
 * Lets users link their accounts elsewhere, as one fetch-style handler for everything under `baseUrl`.
 *
 * `GET /` is a page; `GET /accounts` returns the same as JSON. `POST /connect` (`connection`, `scopes?`, `account?`,
 * `returnTo?`) starts a flow: it redirects a form to the provider, and returns `{ url }` for JSON. `GET
 * /callback/{connection}` ends the flow. `POST /disconnect` and `POST /prefer` take `connection` and `account`.
 * `returnTo` must be a path of the same origin.
 *
 * Answers 401 (no user is signed in, or their access was revoked; an agent, a delegation and a client that is not
 * interactive do not count as signed in), 403 (another site's page; another user's connect flow), 404, 405, 400 and
 * 503. Never reveals why a provider refused. Browsers must send the app's own session cookie with a top-level
 * navigation (`SameSite=Lax`), or the callback finds no user.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4 | RFC 9700 §4}
 */
export function connectAccounts(options: ConnectAccountsOptions): (request: Request) => Promise<Response> {
  checkOptions('connectAccounts', options, { identityOf: needed(kinds.function) }, optionKeys)
  const { linker, identityOf, onConnected, clock = systemClock } = options
  if (linker?.specificationVersion !== 1) {
    throw new ConfigurationError('connectAccounts.linker', 'give the accounts of a vault: storedVault({ … }).accounts')
  }
  const base = appUrl('connectAccounts.baseUrl', options.baseUrl)
  const origins = options.origins === undefined ? [base.origin] : originList('connectAccounts.origins', options.origins)
  const parts = { linker, base, onConnected }
  const presence = presenceIn(options.store, options.keys, clock)
  return async (request) => {
    const route = routeOf(request, base)
    if (route === undefined) return refuse(404, 'not_found')
    const [method] = route
    if (request.method !== method) return refuse(405, 'method_not_allowed', { allow: method })
    if (method === 'POST' && !isSameOrigin(request, origins)) return refuse(403, 'other_site')
    const answered = async () => {
      const user = await signedInUser(request, identityOf, presence)
      return user === undefined ? signInFirst(request) : answer(parts, request, route, user)
    }
    return answered().catch((error: unknown) => connectFault(request, error))
  }
}

type Route = readonly [
  method: 'GET' | 'POST',
  name: 'page' | 'accounts' | 'connect' | 'disconnect' | 'prefer' | 'callback',
  connection?: string,
]

/** Returns the part of the path after the mount, even if a framework has removed the mount already. */
function routeOf(request: Request, base: URL): Route | undefined {
  const { pathname } = new URL(request.url)
  const mount = base.pathname.replace(/\/$/, '')
  const path = pathname === mount || pathname.startsWith(`${mount}/`) ? pathname.slice(mount.length) : pathname
  switch (path) {
    case '':
    case '/':
      return ['GET', 'page']
    case '/accounts':
      return ['GET', 'accounts']
    case '/connect':
      return ['POST', 'connect']
    case '/disconnect':
      return ['POST', 'disconnect']
    case '/prefer':
      return ['POST', 'prefer']
    default: {
      const connection = /^\/callback\/([^/]+)$/.exec(path)?.[1]
      return connection === undefined ? undefined : ['GET', 'callback', decoded(connection)]
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

async function answer(
  parts: ConnectParts,
  request: Request,
  [, name, connection = '']: Route,
  user: PresentUser,
): Promise<Response> {
  switch (name) {
    case 'page':
      return accountsPage(parts, request, user.identity)
    case 'accounts': {
      const { linker } = parts
      const [accounts, connections] = await Promise.all([linker.list(user.identity), linker.available(user.identity)])
      return respond(200, JSON.parse(JSON.stringify({ accounts, connections })))
    }
    case 'connect':
      return startConnect(parts, request, user)
    case 'disconnect':
    case 'prefer':
      return changeAccount(parts, request, user, name)
    case 'callback':
      return completeConnect(parts, request, user, connection)
    default:
      return name satisfies never
  }
}

function signInFirst(request: Request): Response {
  return request.method === 'GET' && request.headers.get('accept')?.includes('text/html')
    ? noticePage(401, 'Sign in first', 'Sign in to the app, then open this page again.')
    : refuse(401, 'login_required')
}
