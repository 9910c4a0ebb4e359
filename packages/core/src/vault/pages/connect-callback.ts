import { tellApp } from '../../base/ports.ts'
import { isAbsence, type PresentUser } from '../../identity/present-user.ts'
import { type BrowserCookie, localPath, readCookie, setCookie } from '../../sign-in/browser.ts'
import type { CompleteAnswer } from '../account-linker.ts'
import { told } from './connect-fault.ts'
import { type ConnectParts, connectCookie } from './connect-parts.ts'

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
