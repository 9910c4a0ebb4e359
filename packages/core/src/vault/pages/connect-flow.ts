import { tellApp } from '../../base/ports.ts'
import { randomSecret } from '../../base/values/index.ts'
import { isAbsence, type PresentUser } from '../../identity/present-user.ts'
import { readFields, respond } from '../../identity/requests.ts'
import { type BrowserCookie, localPath, readCookie, setCookie } from '../../sign-in/browser.ts'
import type { CompleteAnswer } from '../account-linker.ts'
import { type ConnectParts, connectCookie, told } from './connect-page.ts'

/** Handles `POST /connect`. */
export async function startConnect(
  { linker, base }: ConnectParts,
  request: Request,
  { identity }: PresentUser,
): Promise<Response> {
  const read = await readFields(request)
  const { connection, scopes, account, returnTo: wanted } = read?.fields ?? {}
  if (read === undefined || connection === undefined || connection === '') return told(request, 400, 'invalid_request')
  const returnTo = wanted === undefined ? undefined : localPath(wanted, base)
  if (wanted !== undefined && returnTo === undefined) return told(request, 400, 'invalid_request')
  const browser = randomSecret()
  const started = await linker.connect({
    identity,
    connection,
    ...(scopes !== undefined && scopes.trim() !== '' && { scopes: scopes.trim().split(/ +/) }),
    ...(account !== undefined && account !== '' && { account }),
    redirectUri: redirectUri(base, connection),
    browser,
    ...(returnTo !== undefined && { returnTo }),
  })
  switch (started.status) {
    case 'started': {
      const cookie = setCookie(await connectCookie(base, started.state), browser, started.expiresInSeconds)
      const headers = { 'set-cookie': cookie, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
      // Sends the URL to this browser: its scheme was checked when it was made.
      if (read.isForm) return new Response(null, { status: 303, headers: { ...headers, location: started.url } })
      return respond(200, { url: started.url }, headers)
    }
    default:
      return refused(request, started)
  }
}

/**
 * Returns the redirect URI for the provider. Each connection has its own: an answer of one server never counts for
 * another.
 */
function redirectUri(base: URL, connection: string): string {
  return `${base.href.replace(/\/$/, '')}/callback/${encodeURIComponent(connection)}`
}

/** Handles `POST /disconnect` and `POST /prefer`. */
export async function changeAccount(
  { linker, base }: ConnectParts,
  request: Request,
  { identity }: PresentUser,
  what: 'disconnect' | 'prefer',
): Promise<Response> {
  const read = await readFields(request)
  const { connection, account } = read?.fields ?? {}
  if (read === undefined || !connection || !account) return told(request, 400, 'invalid_request')
  const name = { connection, account }
  if (what === 'prefer') {
    if (linker.prefer === undefined || !(await linker.prefer(identity, name))) return told(request, 404, 'not_found')
    return read.isForm ? back(base, 'preferred') : respond(200, { preferred: true })
  }
  const answer = await linker.disconnect(identity, name)
  switch (answer.status) {
    case 'disconnected':
      return read.isForm ? back(base, 'disconnected') : respond(200, { disconnected: true, revoked: answer.revoked })
    default:
      return refused(request, answer)
  }
}

const refusals = {
  unknown_connection: [404, 'not_found'],
  unknown_scope: [400, 'invalid_request'],
  not_found: [404, 'not_found'],
  login_required: [401, 'login_required'],
  misconfigured: [500, 'misconfigured'],
  unavailable: [503, 'unavailable'],
} as const

function refused(
  request: Request,
  { status, retryAfter }: { readonly status: keyof typeof refusals; readonly retryAfter?: number },
): Response {
  const retry = status === 'unavailable' && { 'retry-after': `${retryAfter ?? 2}` }
  const [code, error] = refusals[status]
  return told(request, code, error, { ...retry })
}

function back(base: URL, done: string): Response {
  const url = new URL(base)
  url.searchParams.set('done', done)
  return new Response(null, { status: 303, headers: { location: url.href, 'cache-control': 'no-store' } })
}

/** Refusals of an answer that is not of this user and browser. They end no flow and reveal no reason. */
const notTheirs: ReadonlySet<string> = new Set(['unknown_state', 'other_user', 'other_session', 'other_browser'])

/** Handles `GET /callback/{connection}`. */
export async function completeConnect(
  { linker, base, onConnected }: ConnectParts,
  request: Request,
  user: PresentUser,
  connection: string,
): Promise<Response> {
  const { identity } = user
  const parameters = new URL(request.url).searchParams
  const cookie = await connectCookie(base, parameters.get('state') ?? '')
  const browser = readCookie(request, cookie)
  const answer = await linker.complete({
    identity,
    connection,
    parameters,
    ...(browser !== undefined && { browser }),
  })
  if (answer.status === 'connected') {
    // A proof that was revoked during the link links nothing (I11); nor does a proof with an unknown state.
    try {
      await user.confirm()
    } catch (error) {
      await linker.disconnect(identity, { connection, account: answer.account.id })
      if (isAbsence(error)) return told(request, 401, 'login_required')
      throw error
    }
    // Later work of the app is not part of the flow.
    tellApp(() => onConnected?.({ identity, account: answer.account }))
    return sentBack(base, answer, { connected: connection }, cookie)
  }
  if (answer.status === 'refused') {
    if (notTheirs.has(answer.reason)) return told(request, 403, 'not_yours')
    return sentBack(base, answer, { connect_error: answer.reason, connection }, cookie)
  }
  return sentBack(base, answer, { connect_error: answer.status, connection }, cookie)
}

/**
 * Redirects to the page that started the flow, or to the page of accounts. The URL of this request contains a code, so
 * it is not sent as a referrer.
 */
function sentBack(
  base: URL,
  { returnTo }: Pick<CompleteAnswer, 'returnTo'>,
  query: Readonly<Record<string, string>>,
  cookie: BrowserCookie,
): Response {
  // Checked when it was stored; a linker is a port, so it is checked again.
  const path = returnTo === undefined ? undefined : localPath(returnTo, base)
  const url = path === undefined ? new URL(base) : new URL(path, base.origin)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return new Response(null, {
    status: 303,
    headers: {
      location: url.href,
      'set-cookie': setCookie(cookie, '', 0),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    },
  })
}
