import type { UserIdentity } from '../../base/contract/index.ts'
import { displayText } from '../../base/display/display-text.ts'
import { type AnyBehalfError, BehalfError } from '../../base/errors/index.ts'
import { randomSecret, sha256 } from '../../base/values/index.ts'
import { isAbsence } from '../../identity/present-user.ts'
import { refuse } from '../../identity/requests.ts'
import { type BrowserCookie, browserCookie, localPath } from '../../sign-in/browser.ts'
import type { AccountLinker, AvailableConnection, LinkedAccount } from '../account-linker.ts'

/** An account that was linked through the handler. */
export interface ConnectedAccount {
  /** User to whom the account was linked. */
  readonly identity: UserIdentity
  /** Account that was linked. */
  readonly account: LinkedAccount
}

/** Values that the parts of the handler share. */
export interface ConnectParts {
  readonly linker: AccountLinker
  readonly base: URL
  readonly onConnected: ((connected: ConnectedAccount) => void | Promise<void>) | undefined
}

/** Cookie of one connect flow. Each flow has its own, so that two tabs do not disturb each other. */
export const connectCookie = async (base: URL, state: string): Promise<BrowserCookie> =>
  browserCookie(base, `behalf-connect-${(await sha256(state)).slice(0, 16)}`)

/** Works without scripts, at any width, in light and dark. At first its buttons take no click: it may be of the page before. */
const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 40rem; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.125rem; margin: 2rem 0 .5rem }
ul { list-style: none; margin: 0; padding: 0 }
li { border: 1px solid GrayText; border-radius: .5rem; margin: .75rem 0; padding: .75rem 1rem }
p { margin: .25rem 0; overflow-wrap: anywhere }
[role=status], [role=alert] { border-left: .25rem solid Highlight; padding: .5rem 1rem }
form { display: inline-block; margin: .5rem .5rem 0 0; max-width: 100% }
button { animation: still 1s; font: inherit; max-width: 100%; min-height: 2.75rem; min-width: 2.75rem; overflow-wrap: anywhere; padding: .5rem 1rem }
@keyframes still { from, to { pointer-events: none } }
button:focus-visible { outline: .2rem solid Highlight; outline-offset: .15rem }
`

/** Messages that the query may select about the last action. The page shows no text from the query. */
const done: Readonly<Record<string, string>> = {
  disconnected: 'The account is disconnected.',
  preferred: 'This account will be used.',
}
const errors: Readonly<Record<string, string>> = {
  declined: 'The account was not connected: you declined at the provider.',
  provider: 'The account was not connected: the provider refused.',
  other_issuer: 'The account was not connected: the answer came from another server.',
  unavailable: 'The provider does not answer now. Please try again in a moment.',
  login_required: 'Please sign in to the app again, then connect the account.',
  misconfigured: 'The account was not connected: this app has a wrong setting.',
}

/** Handles `GET /`: shows the linked accounts and the available connections. */
export async function accountsPage(
  { linker, base }: ConnectParts,
  request: Request,
  identity: UserIdentity,
): Promise<Response> {
  const [accounts, available] = await Promise.all([linker.list(identity), linker.available(identity)])
  const query = new URL(request.url).searchParams
  const returnTo = localPath(query.get('returnTo') ?? '', base)
  const mount = base.pathname.replace(/\/$/, '')
  const form = (action: string, button: string, fields: Readonly<Record<string, string | undefined>>) =>
    `<form method="post" action="${escaped(`${mount}/${action}`)}">${Object.entries(fields)
      .flatMap(([name, value]) =>
        value === undefined ? [] : [`<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`],
      )
      .join('')}<button>${shown(button)}</button></form>`
  const wanted = query.get('connection')
  const wantedAccount = accounts.find(({ connection, id }) => connection === wanted && id === query.get('account'))
  const scopesOf = ({ name, scopes }: AvailableConnection, account?: LinkedAccount) =>
    name === wanted && account?.id === wantedAccount?.id
      ? scopes.filter((scope) => query.get('scopes')?.split(' ').includes(scope)).join(' ') || undefined
      : undefined
  const byName = new Map(available.map((connection) => [connection.name, connection]))
  const ordered = [...available].sort((a, b) => Number(b.name === wanted) - Number(a.name === wanted))
  const linked = accounts.map((account) => {
    const { connection, id } = account
    const definition = byName.get(connection)
    const label = definition?.label ?? connection
    const title = account.label ?? id
    const isOneOfMany = accounts.filter((other) => other.connection === connection).length > 1
    const name = { connection, account: id }
    return `<li><p><strong>${shown(label)}</strong>: ${shown(title)}</p><p>${shown(state(account))}</p>${
      (isOneOfMany || account.mustChoose === true) && linker.prefer !== undefined && account.isPreferred !== true
        ? form('prefer', `Use ${title}`, name)
        : ''
    }${
      definition === undefined
        ? ''
        : form('connect', `Connect ${label} again as ${title}`, {
            ...name,
            scopes: scopesOf(definition, account),
            returnTo,
          })
    }${form('disconnect', `Disconnect ${title}`, name)}</li>`
  })
  const connectable = ordered.map((connection) => {
    const { name, label } = connection
    const again = accounts.some((account) => account.connection === name)
    return `<li><p>${shown(label)}</p>${form(
      'connect',
      again ? `Connect another ${label} account` : `Connect ${label}`,
      {
        connection: name,
        scopes: scopesOf(connection),
        returnTo,
      },
    )}</li>`
  })
  return page(
    200,
    'Connected accounts',
    `${message(query)}<h2>Your accounts</h2>${
      linked.length > 0 ? `<ul>${linked.join('')}</ul>` : '<p>No account is connected.</p>'
    }<h2>Connect an account</h2><ul>${connectable.join('')}</ul>`,
    { isPlain: base.protocol === 'http:' },
  )
}

function state({ status, isPreferred, mustChoose, scopes }: LinkedAccount): string {
  if (status === 'must_reconnect') return 'Must be connected again.'
  return `${isPreferred ? 'In use. ' : mustChoose ? 'Not in use. ' : ''}Connected, with access to: ${scopes.join(', ') || 'nothing named'}.`
}

function message(query: URLSearchParams): string {
  const error = Object.entries(errors).find(([name]) => name === query.get('connect_error'))?.[1]
  if (error !== undefined) return `<p role="alert">${escaped(error)}</p>`
  const good = Object.entries(done).find(([name]) => name === query.get('done'))?.[1]
  if (good !== undefined) return `<p role="status">${escaped(good)}</p>`
  return query.has('connected') ? '<p role="status">The account is connected.</p>' : ''
}

/** Returns a page with one message. */
export function noticePage(
  status: number,
  title: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return page(status, title, `<p>${escaped(text)}</p>`, { more })
}

function page(
  status: number,
  title: string,
  body: string,
  { isPlain = false, more = {} }: { readonly isPlain?: boolean; readonly more?: Readonly<Record<string, string>> },
): Response {
  const nonce = randomSecret()
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      // A form here is answered with a redirect to a provider, and browsers apply this directive to that redirect too.
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self' https:${isPlain ? ' http:' : ''}; base-uri 'none'; frame-ancestors 'none'`,
      ...more,
    },
  })
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Prepares text from others: escapes it for HTML, and makes it safe for its reader. */
const shown = (text: string): string => escaped(displayText(text))

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

/** Returns a fault in a form for a person or a script. @throws An error that is no fault of this SDK. */
export function connectFault(request: Request, error: unknown): Response {
  if (!BehalfError.isInstance(error)) throw error
  const fault = error as AnyBehalfError
  if (fault.retryable) return told(request, 503, 'unavailable', { 'retry-after': '2' })
  if (isAbsence(fault)) return told(request, 401, 'login_required')
  throw error
}

const sentences: Readonly<Record<string, readonly [title: string, text: string]>> = {
  unavailable: ['Not available now', 'Please try again in a moment.'],
  login_required: ['Sign in first', 'Sign in to the app, then open this page again.'],
  misconfigured: ['This does not work now', 'This app has a wrong setting. Its operators can correct it.'],
  not_yours: [
    'This was not begun here',
    'Connecting an account has to be ended by the same person, in the same browser, within ten minutes. Please begin again.',
  ],
  not_found: ['Not there', 'There is no such account or connection.'],
  invalid_request: ['That did not work', 'Please go back and try again.'],
}

/** Returns an error: a page for a browser, one word for other clients. */
export function told(
  request: Request,
  status: number,
  error: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const [title, text] = sentences[error] ?? []
  if (title === undefined || text === undefined || !request.headers.get('accept')?.includes('text/html')) {
    return refuse(status, error, more)
  }
  return noticePage(status, title, text, more)
}
