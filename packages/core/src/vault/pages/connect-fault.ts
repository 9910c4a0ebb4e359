import { type AnyBehalfError, BehalfError } from '../../base/errors/index.ts'
import { isAbsence } from '../../identity/present-user.ts'
import { refuse } from '../../identity/requests.ts'
import { noticePage } from './connect-page.ts'

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
